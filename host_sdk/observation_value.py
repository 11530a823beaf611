"""Values of observations as `ObservationObject` makes them; a schema is only asked when they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.generic]


class ObservationObjectElement:
    """One element of an observation, of one agent or batched. Made by `ObservationObject`.

    Attributes:
        label: which maker made it, with its tag; must be that of the schema element.
    """

    __slots__ = ("label",)

    def __init__(self, kind: str, tag: str) -> None:
        self.label = label_of(kind, tag) if tag else kind


Elements: TypeAlias = ObservationObjectElement | Sequence[ObservationObjectElement]
"""One by one, or one element whose leaves have an axis for them behind the agents' one."""


class NullValue(ObservationObjectElement):
    """Nothing."""

    __slots__ = ()


class LeafValue(ObservationObjectElement):
    """Numbers, choices, texts or pixels."""

    __slots__ = ("value",)

    def __init__(self, kind: str, value: npt.ArrayLike, tag: str = "") -> None:
        self.label = label_of(kind, tag) if tag else kind
        self.value: Array = np.asarray(value)


class StructValue(ObservationObjectElement):
    """Named elements: a struct, a pair or a transform."""

    __slots__ = ("elements",)

    def __init__(self, kind: str, elements: Mapping[str, ObservationObjectElement], tag: str = "") -> None:
        self.label = label_of(kind, tag) if tag else kind
        self.elements = elements


class StaticArrayValue(ObservationObjectElement):
    """As many elements as the schema says."""

    __slots__ = ("elements",)

    def __init__(self, elements: Elements, tag: str) -> None:
        super().__init__("static_array", tag)
        self.elements = elements


class SetValue(ObservationObjectElement):
    """Some elements: a set, an array or a map.

    Attributes:
        present: bool[..., n], which of the elements there are; None where all are.
    """

    __slots__ = ("elements", "present")

    def __init__(self, kind: str, elements: Elements, present: npt.ArrayLike | None, tag: str) -> None:
        super().__init__(kind, tag)
        self.elements = elements
        self.present: Array | None = None if present is None else np.asarray(present)


class ExclusiveUnionValue(ObservationObjectElement):
    """One of several named elements.

    Attributes:
        chosen: its name, or who chose what: names or places in the order of declaration, [N].
        elements: the one chosen; or by name, those that anybody chose.
    """

    __slots__ = ("chosen", "elements")

    def __init__(
        self,
        kind: str,
        chosen: str | Array,
        elements: ObservationObjectElement | Mapping[str, ObservationObjectElement],
        tag: str,
    ) -> None:
        super().__init__(kind, tag)
        self.chosen = chosen
        self.elements = elements


class InclusiveUnionValue(ObservationObjectElement):
    """Any of several named elements.

    Attributes:
        present: bool[N] by name, who has them; None where everybody has those given.
    """

    __slots__ = ("elements", "present")

    def __init__(
        self,
        elements: Mapping[str, ObservationObjectElement],
        present: Mapping[str, npt.ArrayLike] | None,
        tag: str,
    ) -> None:
        super().__init__("inclusive_union", tag)
        self.elements = elements
        self.present = None if present is None else {name: np.asarray(flags) for name, flags in present.items()}


class EncodingValue(ObservationObjectElement):
    """An element that has a network of its own."""

    __slots__ = ("element",)

    def __init__(self, element: ObservationObjectElement, tag: str) -> None:
        super().__init__("encoding", tag)
        self.element = element


def label_of(kind: str, tag: str) -> str:
    """What must be equal between a schema element and its value."""
    return f"{kind} tagged {tag!r}" if tag else kind


CLOSED_LOOP_PROPORTION = "proportion_along_spline (closed loop)"
"""The kind of a proportion that is an angle; an open path's is a number."""
