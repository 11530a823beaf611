"""Values of observations, as a game's callbacks build them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.generic]


class ObservationObjectElement:
    """One element of an observation: a leaf's value, a struct or a static array. Made by `ObservationObject`."""

    __slots__ = ()


class LeafValue(ObservationObjectElement):
    """A leaf's value, not yet checked against a schema."""

    __slots__ = ("kind", "value")

    def __init__(self, kind: str, value: npt.ArrayLike) -> None:
        self.kind = kind
        self.value: Array = np.asarray(value)


class StructValue(ObservationObjectElement):
    """Named elements."""

    __slots__ = ("elements",)

    def __init__(self, elements: Mapping[str, ObservationObjectElement]) -> None:
        self.elements = elements


class StaticArrayValue(ObservationObjectElement):
    """The elements of a static array: one by one, or as one element whose leaves have an axis for them."""

    __slots__ = ("elements",)

    def __init__(self, elements: ObservationObjectElement | Sequence[ObservationObjectElement]) -> None:
        self.elements = elements


class ObservationObject:
    """Makes the values that `gather_agent_observation(s)` returns; its methods are named as the schema's.

    A value is either of one agent or of all agents asked for: **batched**, each leaf with a leading agent axis. N below
    is the number of agents of a batched value; leave it away for one agent. Values are checked against the schema when
    they are returned, not here.
    """

    def continuous(self, values: npt.ArrayLike) -> ObservationObjectElement:
        """[N, size] numbers, in the game's own units (the schema's scale is applied for you)."""
        return LeafValue("continuous", values)

    def float(self, value: npt.ArrayLike) -> ObservationObjectElement:
        """[N], one number, in the game's own unit."""
        return LeafValue("float", value)

    def bool(self, value: npt.ArrayLike) -> ObservationObjectElement:
        """[N], true or false."""
        return LeafValue("bool", value)

    def exclusive_discrete(self, index: npt.ArrayLike) -> ObservationObjectElement:
        """[N] integers, the choice, from 0 to size - 1."""
        return LeafValue("exclusive discrete", index)

    def inclusive_discrete(self, chosen: npt.ArrayLike) -> ObservationObjectElement:
        """[N, size] of true and false; for a single agent a sequence of the chosen indices will do as well."""
        return LeafValue("inclusive discrete", chosen)

    def struct(self, elements: Mapping[str, ObservationObjectElement]) -> ObservationObjectElement:
        """Named elements, exactly those of the schema, in any order."""
        return StructValue(elements)

    def static_array(
        self, elements: ObservationObjectElement | Sequence[ObservationObjectElement]
    ) -> ObservationObjectElement:
        """`count` elements, or **one** element, whose leaves then have an axis of `count` after the agents' one."""
        return StaticArrayValue(elements)
