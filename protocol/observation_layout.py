"""From an observation schema to offsets in the observation vector and in the vector of images.

Both vectors are the tree's leaves in order. A set, an array and a union also have leaves of their own, behind those of
their elements: which are present, or which option was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from protocol.errors import SchemaError
from protocol.schema import (
    ContinuousObservation,
    EncodingObservation,
    ExclusiveDiscreteObservation,
    ExclusiveUnionObservation,
    ImageObservation,
    InclusiveDiscreteObservation,
    InclusiveUnionObservation,
    NullObservation,
    ObservationElement,
    SetObservation,
    StaticArrayObservation,
    StructObservation,
)
from protocol.schema.element import core_of
from protocol.vector_array import BoolArray, LeafKind, frozen, path_of


@dataclass(frozen=True)
class ObservationLeaf:
    """One leaf of an observation: `size` floats from `offset` on.

    Attributes:
        scale: what values are divided by; 1 for discrete leaves.
        is_normalized: whether the running normaliser may touch it: never hots, nor what shares its slots with other
            options or may be absent.
    """

    path: str
    kind: LeafKind
    offset: int
    size: int
    scale: float
    is_normalized: bool


@dataclass(frozen=True)
class ImageLeaf:
    """One image of an observation: bytes from `offset` on in the vector of images, row by row, channels last."""

    path: str
    offset: int
    element: ImageObservation


@dataclass(frozen=True, eq=False)
class ObservationLayout:
    """Where each leaf of an observation lies.

    Attributes:
        size: O, floats of the vector.
        image_size: I, bytes of the vector of images.
        leaves: in tree order, which is the order of the vector. The options of an exclusive union overlap.
        images: in tree order.
    """

    size: int
    image_size: int
    leaves: tuple[ObservationLeaf, ...]
    images: tuple[ImageLeaf, ...]

    @classmethod
    def of(cls, element: ObservationElement) -> ObservationLayout:
        """The layout of a schema."""
        walk = _Walk()
        walk.visit(element, "$", 0, True)
        return cls(element.vector_size, element.image_size, tuple(walk.leaves), tuple(walk.images))

    @cached_property
    def normalized(self) -> BoolArray:
        """bool[O], true for numbers that the running normaliser may touch."""
        mask = np.zeros(self.size, dtype=np.bool_)
        for leaf in self.leaves:
            if leaf.is_normalized:
                mask[leaf.offset : leaf.offset + leaf.size] = True
        return frozen(mask)

    def path_of(self, index: int) -> str:
        """The leaf that holds float `index` of the vector, as `$.enemies[3].position[1]`."""
        return path_of(index, [(leaf.path, leaf.offset, leaf.size) for leaf in self.leaves])


@dataclass
class _Walk:
    leaves: list[ObservationLeaf] = field(default_factory=list)
    images: list[ImageLeaf] = field(default_factory=list)
    image_offset: int = 0

    def visit(self, element: ObservationElement, path: str, offset: int, is_alone: bool) -> None:
        """Adds the leaves of an element that begins at `offset`; `is_alone` where its slots are always its own."""
        match core_of(element):
            case NullObservation():
                pass
            case ContinuousObservation() as core:
                is_normalized = is_alone and core.normalize
                self._add(path, "continuous", offset, core.size, core.scale, is_normalized=is_normalized)
            case ExclusiveDiscreteObservation() as core:
                self._add(path, "exclusive", offset, core.size)
            case InclusiveDiscreteObservation() as core:
                self._add(path, "inclusive", offset, core.size)
            case ImageObservation() as core:
                self.images.append(ImageLeaf(path, self.image_offset, core))
                self.image_offset += core.image_size
            case EncodingObservation() as core:
                self.visit(core.element, path, offset, is_alone)
            case StructObservation() as core:
                for name, child in core.elements:
                    self.visit(child, f"{path}.{name}", offset, is_alone)
                    offset += child.vector_size
            case StaticArrayObservation() as core:
                for index in range(core.count):
                    self.visit(core.element, f"{path}[{index}]", offset, is_alone)
                    offset += core.element.vector_size
            case SetObservation() as core:
                for index in range(core.max_count):
                    self.visit(core.element, f"{path}[{index}]", offset, False)
                    offset += core.element.vector_size
                self._add(f"{path}.present", "inclusive", offset, core.max_count)
            case ExclusiveUnionObservation() as core:
                for name, child in core.elements:
                    self.visit(child, f"{path}.{name}", offset, False)
                self._add(f"{path}.choice", "exclusive", offset + core.slot_size, len(core.elements))
            case InclusiveUnionObservation() as core:
                for name, child in core.elements:
                    self.visit(child, f"{path}.{name}", offset, False)
                    offset += child.vector_size
                self._add(f"{path}.present", "inclusive", offset, len(core.elements))
            case _:
                raise SchemaError(path, "an observation element", type(element).__name__)

    def _add(
        self,
        path: str,
        kind: LeafKind,
        offset: int,
        size: int,
        scale: float = 1.0,
        *,
        is_normalized: bool = False,
    ) -> None:
        self.leaves.append(ObservationLeaf(path, kind, offset, size, scale, is_normalized))
