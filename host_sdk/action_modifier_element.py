"""Modifiers of actions as `ActionModifier` makes them; a schema is only asked when they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.generic]

Masks: TypeAlias = npt.ArrayLike | Mapping[str, npt.ArrayLike] | Mapping[int, npt.ArrayLike]
"""bool[N, size], true for what can't be chosen; bool[size], or a list of places or names, for all agents; or by place
or name bool[N], who can't choose it."""

ANYTHING = "none"
"""The kind of a modifier that modifies nothing, whatever it is of."""


class ActionModifierElement:
    """What one element of an action may not be, or has to be; of one agent or batched.

    Attributes:
        kind: the schema's word for the element that it is of.
        tag: the element's.
        given: numbers that are taken as they are, in the game's own units, with an axis for them last; None without.
        is_given: which of them; None for all.
        masked: options that can't be chosen: true and false for each, or the places or names of some, or flags by
            place or name; None without.
        children: modifiers of elements below, by name; those of a static array by their number.
    """

    __slots__ = ("children", "given", "is_given", "kind", "masked", "tag")

    def __init__(
        self,
        kind: str,
        tag: str,
        *,
        given: npt.ArrayLike | None = None,
        is_given: npt.ArrayLike | None = None,
        masked: Masks | None = None,
        children: Mapping[str, ActionModifierElement] | None = None,
    ) -> None:
        self.kind = kind
        self.tag = tag
        self.given: Array | None = None if given is None else np.asarray(given)
        self.is_given: Array | None = None if is_given is None else np.asarray(is_given)
        self.masked: Array | Mapping[str | int, Array] | None = None
        if isinstance(masked, Mapping):
            self.masked = {option: np.asarray(flags) for option, flags in masked.items()}
        elif masked is not None:
            self.masked = np.asarray(masked)
        self.children = children or {}
