"""Which leaf a float of an observation vector belongs to, where the options of a union share their slots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.schema import (
    EncodingObservation,
    ExclusiveUnionObservation,
    InclusiveUnionObservation,
    ObservationElement,
    SetObservation,
    StaticArrayObservation,
    StructObservation,
)
from protocol.schema.element import core_of

FloatArray: TypeAlias = npt.NDArray[np.float32]
_Named: TypeAlias = tuple[tuple[str, ObservationElement], ...]


@dataclass(frozen=True)
class ActiveLeaf:
    """A leaf of an observation, and one of its floats.

    Attributes:
        path: of the leaf, as `observation.weapon.sword.length`.
        index: of the float in the leaf.
        size: floats of the leaf.
    """

    path: str
    index: int
    size: int

    def __str__(self) -> str:
        return self.path if self.size == 1 else f"{self.path}[{self.index}]"


def active_leaf(element: ObservationElement, vector: FloatArray, column: int, path: str) -> ActiveLeaf:
    """The leaf that holds float `column`; in a union's slot, that of the option that was chosen.

    Args:
        element: the schema of the vector.
        vector: float32[O] of that schema.
        column: from 0 to O - 1, and within the chosen option.
        path: the element's own.
    """
    match core_of(element):
        case EncodingObservation() as core:
            return active_leaf(core.element, vector, column, path)
        case StructObservation() as core:
            return _leaf_among(core.elements, vector, column, path)
        case InclusiveUnionObservation() as core:
            offset = core.vector_size - len(core.elements)
            if column >= offset:
                return ActiveLeaf(f"{path}.present", column - offset, len(core.elements))
            return _leaf_among(core.elements, vector, column, path)
        case ExclusiveUnionObservation() as core:
            if column >= core.slot_size:
                return ActiveLeaf(f"{path}.choice", column - core.slot_size, len(core.elements))
            name, option = core.elements[int(vector[core.slot_size :].argmax())]
            return active_leaf(option, vector, column, f"{path}.{name}")
        case StaticArrayObservation() as core:
            return _leaf_in_slot(core.element, vector, column, path)
        case SetObservation() as core:
            offset = core.vector_size - core.max_count
            if column >= offset:
                return ActiveLeaf(f"{path}.present", column - offset, core.max_count)
            return _leaf_in_slot(core.element, vector, column, path)
        case core:
            return ActiveLeaf(path, column, core.vector_size)


def _leaf_among(elements: _Named, vector: FloatArray, column: int, path: str) -> ActiveLeaf:
    offset = 0
    for name, child in elements:
        size = child.vector_size
        if column < offset + size:
            return active_leaf(child, vector[offset : offset + size], column - offset, f"{path}.{name}")
        offset += size
    raise IndexError(f"{path} has {offset} floats and none at {column}")


def _leaf_in_slot(element: ObservationElement, vector: FloatArray, column: int, path: str) -> ActiveLeaf:
    size = element.vector_size
    slot, inner = divmod(column, size)
    return active_leaf(element, vector[slot * size : (slot + 1) * size], inner, f"{path}[{slot}]")
