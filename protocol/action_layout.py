"""From an action schema to sizes and offsets in the action and distribution vectors.

The action vector is in blocks, so that each kind of number is one slice: all continuous numbers (tree order), then the
one-hots of every exclusive choice, then all inclusive bits.

    action        [ continuous C | exclusive one-hots ΣE | inclusive bits I ]                        A = C + ΣE + I
    distribution  [ means C | log standard deviations C | exclusive logits ΣE | inclusive logits I ]  D = 2C + ΣE + I
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from protocol.errors import SchemaError
from protocol.schema import (
    ActionElement,
    BoolAction,
    Bounding,
    ContinuousAction,
    ExclusiveDiscreteAction,
    FloatAction,
    InclusiveDiscreteAction,
    StaticArrayAction,
    StructAction,
)
from protocol.vector_array import BoolArray, FloatArray, LeafKind, frozen, path_of

_KINDS: dict[type, LeafKind] = {
    ContinuousAction: "continuous",
    FloatAction: "continuous",
    ExclusiveDiscreteAction: "exclusive",
    InclusiveDiscreteAction: "inclusive",
    BoolAction: "inclusive",
}


@dataclass(frozen=True)
class ActionLeaf:
    """One leaf of an action.

    Attributes:
        path: as `$.steering`.
        kind: "continuous", "exclusive" or "inclusive".
        size: floats in the action vector.
        action_offset: where they begin. In the distribution vector, means begin there too, log standard deviations at
            C + action_offset, and logits at C + action_offset.
        scale: 1 for discrete leaves.
        bounding: "none" for discrete leaves.
        low: `size` floats, −inf where unbounded; empty for discrete leaves.
        high: `size` floats, inf where unbounded; empty for discrete leaves.
    """

    path: str
    kind: LeafKind
    size: int
    action_offset: int
    scale: float
    bounding: Bounding
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class ActionLayout:
    """Where each leaf of an action lies in the vector of A floats.

    Attributes:
        leaves: in tree order, which is not the order of the vector.
        continuous_size: C.
        exclusive_sizes: the options of each exclusive choice, in tree order.
        inclusive_size: I.
        modifier_size: M, floats of action modifiers; none of these elements has any.
    """

    leaves: tuple[ActionLeaf, ...]
    continuous_size: int
    exclusive_sizes: tuple[int, ...]
    inclusive_size: int
    modifier_size: int = 0

    @classmethod
    def of(cls, element: ActionElement) -> ActionLayout:
        """The layout of a schema."""
        found = [_action_leaf(path, leaf) for path, leaf in _walk(element, "$")]
        continuous_size = sum(leaf.size for leaf in found if leaf.kind == "continuous")
        exclusive_sizes = tuple(leaf.size for leaf in found if leaf.kind == "exclusive")
        next_offset = {
            "continuous": 0,
            "exclusive": continuous_size,
            "inclusive": continuous_size + sum(exclusive_sizes),
        }
        leaves: list[ActionLeaf] = []
        for leaf in found:
            leaves.append(replace(leaf, action_offset=next_offset[leaf.kind]))
            next_offset[leaf.kind] += leaf.size
        inclusive_size = sum(leaf.size for leaf in found if leaf.kind == "inclusive")
        return cls(tuple(leaves), continuous_size, exclusive_sizes, inclusive_size)

    @property
    def exclusive_total(self) -> int:
        """ΣE, the options of all exclusive choices together."""
        return sum(self.exclusive_sizes)

    @property
    def vector_size(self) -> int:
        """A."""
        return self.continuous_size + self.exclusive_total + self.inclusive_size

    @property
    def distribution_size(self) -> int:
        """D."""
        return self.vector_size + self.continuous_size

    @cached_property
    def squashed(self) -> BoolArray:
        """bool[C], true where the number goes through tanh."""
        is_squashed = [leaf.bounding == "squash" for leaf in self._continuous]
        return frozen(np.repeat(is_squashed, self._sizes).astype(np.bool_))

    @cached_property
    def clipped(self) -> BoolArray:
        """bool[C], true where the delivered number is clipped."""
        is_clipped = [leaf.bounding == "clip" for leaf in self._continuous]
        return frozen(np.repeat(is_clipped, self._sizes).astype(np.bool_))

    @cached_property
    def scale(self) -> FloatArray:
        """float32[C]."""
        return frozen(np.repeat([leaf.scale for leaf in self._continuous], self._sizes).astype(np.float32))

    @cached_property
    def low(self) -> FloatArray:
        """float32[C], −inf where unbounded."""
        return frozen(np.array([low for leaf in self._continuous for low in leaf.low], dtype=np.float32))

    @cached_property
    def high(self) -> FloatArray:
        """float32[C], inf where unbounded."""
        return frozen(np.array([high for leaf in self._continuous for high in leaf.high], dtype=np.float32))

    @property
    def _continuous(self) -> list[ActionLeaf]:
        return [leaf for leaf in self.leaves if leaf.kind == "continuous"]

    @property
    def _sizes(self) -> npt.NDArray[np.intp]:
        return np.array([leaf.size for leaf in self._continuous], dtype=np.intp)

    def path_of(self, index: int) -> str:
        """The leaf that holds float `index` of the action vector."""
        return path_of(index, [(leaf.path, leaf.action_offset, leaf.size) for leaf in self.leaves])


def _walk(element: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(element, StructAction):
        for name, child in element.elements:
            yield from _walk(child, f"{path}.{name}")
    elif isinstance(element, StaticArrayAction):
        for index in range(element.count):
            yield from _walk(element.element, f"{path}[{index}]")
    elif type(element) in _KINDS:
        yield path, element
    else:
        raise SchemaError(path, "a schema element", type(element).__name__)


def _action_leaf(path: str, element: Any) -> ActionLeaf:
    kind, size = _KINDS[type(element)], int(element.vector_size)
    if kind != "continuous":
        return ActionLeaf(path, kind, size, 0, 1.0, "none", (), ())
    low, high = element.low, element.high
    if element.bounding == "none":
        low, high = (-np.inf,) * size, (np.inf,) * size
    elif isinstance(element, FloatAction):
        low, high = (low,), (high,)
    return ActionLeaf(path, kind, size, 0, element.scale, element.bounding, low, high)
