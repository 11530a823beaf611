"""The arrays of one message checked together, in a few calls for all of them.

Going from array to array and from letter to letter, as `ArrayRule.admit_shape` does, took longer than all else about
a message. So what is right is seen here; what is wrong is only seen to be, and the codec then looks for words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from math import prod
from operator import itemgetter, le, mul
from typing import cast

import numpy as np

from protocol.bulk_carrier import AnyArray
from protocol.field_rule import FIXED_SIZES, ArrayRule
from protocol.limits import MAX_BATCH_BYTES


class ArrayPlan:
    """What is right about the arrays that one message may have at the same time.

    All sizes of all shapes are taken as one row of numbers. Each letter's size is where it stands first; the row must
    be what these sizes make.

    Attributes:
        names: the arrays, in the order of declaration; at least one.
    """

    def __init__(self, rules: Sequence[tuple[str, ArrayRule]]) -> None:
        self.names = tuple(name for name, _ in rules)
        self._dtypes = tuple(rule.dtype for _, rule in rules)
        self._native_dtypes = [rule.native_dtype for _, rule in rules]
        self._item_bytes = tuple(rule.item_bytes for _, rule in rules)
        self._ranks = [len(rule.dimensions) for _, rule in rules]
        row = [letter for _, rule in rules for letter in rule.dimensions]
        limits = {
            letter: limit for _, rule in rules for letter, limit in zip(rule.dimensions, rule.limits, strict=True)
        }
        self._high = tuple(limits.values())
        self._low = tuple(FIXED_SIZES.get(letter, 0) for letter in limits)
        letters = list(limits)
        self._first = _take([row.index(letter) for letter in letters])
        self._spread = _take([letters.index(letter) for letter in row])

    def admits_received(self, dtypes: Sequence[object], shapes: Sequence[object]) -> bool:
        """Whether dtypes and shapes that a header gives are right, and all arrays together within MAX_BATCH_BYTES."""
        if dtypes != self._dtypes or {*map(type, shapes)} != {list}:
            return False
        lists = cast("Sequence[list[int]]", shapes)
        row = tuple(chain.from_iterable(lists))
        return (
            {*map(type, row)} == {int}
            and self._admits_shapes(lists, row)
            and sum(map(mul, map(prod, lists), self._item_bytes)) <= MAX_BATCH_BYTES
        )

    def admits_sent(self, values: Sequence[object]) -> bool:
        """Whether arrays are right, and together within MAX_BATCH_BYTES."""
        if {*map(type, values)} != {np.ndarray}:
            return False
        arrays = cast("Sequence[AnyArray]", values)
        shapes = [array.shape for array in arrays]
        return (
            [array.dtype for array in arrays] == self._native_dtypes
            and self._admits_shapes(shapes, tuple(chain.from_iterable(shapes)))
            and sum([array.nbytes for array in arrays]) <= MAX_BATCH_BYTES
        )

    def _admits_shapes(self, shapes: Sequence[Sequence[int]], row: tuple[int, ...]) -> bool:
        if [*map(len, shapes)] != self._ranks:
            return False
        sizes = self._first(row)
        return self._spread(sizes) == row and all(map(le, self._low, sizes)) and all(map(le, sizes, self._high))


def _take(positions: Sequence[int]) -> Callable[[tuple[int, ...]], tuple[int, ...]]:
    """The items at some positions, always as a tuple."""
    if len(positions) > 1:
        return itemgetter(*positions)
    (position,) = positions
    return itemgetter(slice(position, position + 1))


class ArrayPlans:
    """The plans of one message type, each made when arrays first come so: most of the possible ones never do."""

    def __init__(self, rules: Sequence[tuple[str, ArrayRule]]) -> None:
        """
        Args:
            rules: (name, rule) of each array, in the order of declaration.
        """
        self._rules = tuple(rules)
        self._plans: dict[tuple[str, ...], ArrayPlan] = {}

    def get(self, names: tuple[str, ...]) -> ArrayPlan | None:
        """The plan of these arrays; None where they are none, out of order, or not those that must be there."""
        plan = self._plans.get(names)
        if plan is None and names:
            present = [(name, rule) for name, rule in self._rules if name in names or not rule.is_optional]
            if names == tuple(name for name, _ in present):
                plan = self._plans[names] = ArrayPlan(present)
        return plan
