"""Actions as `ActionObject` makes them for controllers; a schema is only asked when they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.generic]


class ActionValue:
    """What one element of an action is to be, of one agent or batched. Made by `ActionObject`.

    Attributes:
        kind: the schema's word for the element that it is of.
        tag: the element's.
        values: of a leaf its numbers, choices or flags, or flags by name; of a union who chose what: names or places,
            or flags by name. None where there are none, and where all elements of an inclusive union are there.
        elements: what is below it, by name; that of a static array by its number.
    """

    __slots__ = ("elements", "kind", "tag", "values")

    def __init__(
        self,
        kind: str,
        tag: str,
        values: npt.ArrayLike | Mapping[str, npt.ArrayLike] | None = None,
        elements: Mapping[str, ActionValue] | None = None,
    ) -> None:
        self.kind = kind
        self.tag = tag
        self.values: Array | Mapping[str, Array] | None = None
        if isinstance(values, Mapping):
            self.values = {name: np.asarray(flags) for name, flags in values.items()}
        elif values is not None:
            self.values = np.asarray(values)
        self.elements: Mapping[str, ActionValue] = elements or {}
