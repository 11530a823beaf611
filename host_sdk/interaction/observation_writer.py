"""Writes the values of observations into observation vectors, checking each against its schema element.

A schema is bound once to the rows it writes into, so that a tick only checks shapes and copies.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from host_sdk.errors import ValueMismatchError, name_agents
from host_sdk.interaction.bound_element import EACH_SLOT, BoundElement, ElementBinder, FloatArray, Mismatch
from host_sdk.interaction.bound_group import BoundEncoding, BoundSet, BoundStaticArray, BoundStruct
from host_sdk.interaction.bound_leaf import (
    BoundBits,
    BoundContinuous,
    BoundExclusive,
    BoundFlag,
    BoundImage,
    BoundInclusive,
    BoundInclusiveNames,
    BoundNames,
    BoundNull,
    BoundTokens,
    ByteArray,
)
from host_sdk.interaction.bound_union import BoundExclusiveUnion, BoundInclusiveUnion
from host_sdk.observation_value import CLOSED_LOOP_PROPORTION, ObservationObjectElement, label_of
from protocol.errors import SchemaError
from protocol.schema import (
    BitmaskObservation,
    BoolObservation,
    ContinuousObservation,
    CountObservation,
    EncodingObservation,
    EnumObservation,
    ExclusiveDiscreteObservation,
    ExclusiveUnionObservation,
    FloatObservation,
    ImageObservation,
    InclusiveDiscreteObservation,
    InclusiveUnionObservation,
    NamedExclusiveDiscreteObservation,
    NamedInclusiveDiscreteObservation,
    NullObservation,
    ObservationElement,
    ProportionAlongSplineObservation,
    SetObservation,
    StaticArrayObservation,
    StringTokenObservation,
    StructObservation,
    TimeObservation,
)
from protocol.schema.element import core_of

MAX_FLAGS = 63
"""Flags of a bitmask: their integers are signed 64-bit ones."""


class ObservationWriter:
    """An observation schema bound to the rows of some agents."""

    def __init__(self, element: ObservationElement, rows: FloatArray, image_rows: ByteArray | None = None) -> None:
        """
        Args:
            element: the schema.
            rows: float32[N, O], or float32[O] for one agent: written into by `write`, a view being enough.
            image_rows: uint8[N, I] or uint8[I] likewise; needed where the schema has images.

        Raises:
            SchemaError: values of an element can't be written.
        """
        if image_rows is None:
            image_rows = np.zeros((*rows.shape[:-1], element.image_size), dtype=np.uint8)
        self._is_batched = rows.ndim > 1
        self._root = _Binder(image_rows).bind(element, rows, "observation")

    def write(self, value: ObservationObjectElement, agent_ids: Sequence[int] | npt.NDArray[np.int64]) -> None:
        """Writes one value, batched where the rows are many.

        Args:
            value: what a callback returned.
            agent_ids: whose it is; for the message of an error.

        Raises:
            ValueMismatchError: it doesn't fit the schema; names the element and the agent.
        """
        try:
            self._root.write(value, None)
        except Mismatch as mismatch:
            raise self._error(mismatch, tuple(int(agent_id) for agent_id in agent_ids)) from None

    def _error(self, mismatch: Mismatch, agent_ids: tuple[int, ...]) -> ValueMismatchError:
        slots = mismatch.index
        if self._is_batched and slots:
            agent_ids, slots = (agent_ids[slots[0]],), slots[1:]
        path = mismatch.path
        for slot in slots:
            path = path.replace(EACH_SLOT, f"[{slot}]", 1)
        return ValueMismatchError(path, mismatch.expected, mismatch.received, name_agents(agent_ids))


class _Binder(ElementBinder):
    """Binds by an element's core where that is a group, and by the element itself where it is a leaf."""

    def __init__(self, image_rows: ByteArray) -> None:
        self._image_rows = image_rows
        self._image_offset = 0

    def bind(self, element: ObservationElement, rows: FloatArray, path: str) -> BoundElement:
        label = label_of(element.type_name, element.tag)
        match core_of(element):
            case NullObservation():
                return BoundNull(label, path)
            case ImageObservation() as core:
                return BoundImage(label, path, self._next_image(core))
            case EncodingObservation() as core:
                return BoundEncoding(core, rows, label, path, self)
            case StructObservation() as core:
                return BoundStruct(core, rows, label, path, self)
            case StaticArrayObservation() as core:
                return BoundStaticArray(core, rows, label, path, self)
            case SetObservation() as core:
                return BoundSet(core, rows, label, path, self)
            case ExclusiveUnionObservation() as core:
                return BoundExclusiveUnion(core, rows, label, path, self)
            case InclusiveUnionObservation() as core:
                return BoundInclusiveUnion(core, rows, label, path, self)
            case ContinuousObservation() as core:
                return _bind_continuous(element, core.scale, rows, path)
            case ExclusiveDiscreteObservation() | InclusiveDiscreteObservation():
                return _bind_discrete(element, rows, path)
            case _:
                raise SchemaError(path, "an element that can be written", element.type_name)

    def _next_image(self, element: ImageObservation) -> ByteArray:
        """Images are bound in the order of their layout, since nothing that is bound later may hold one."""
        first, self._image_offset = self._image_offset, self._image_offset + element.image_size
        rows = self._image_rows[..., first : self._image_offset]
        return rows.reshape(*rows.shape[:-1], element.height, element.width, element.channels)


def _bind_continuous(element: ObservationElement, scale: float, rows: FloatArray, path: str) -> BoundElement:
    kind, lead = element.type_name, rows.shape[:-1]
    match element:
        case ProportionAlongSplineObservation(is_closed_loop=True):
            kind, view = CLOSED_LOOP_PROPORTION, rows
        case FloatObservation() | CountObservation() | TimeObservation() | ProportionAlongSplineObservation():
            view = rows.reshape(lead)
        case _:
            view = rows
    return BoundContinuous(label_of(kind, element.tag), path, view, view.shape, scale)


def _bind_discrete(element: ObservationElement, rows: FloatArray, path: str) -> BoundElement:
    label = label_of(element.type_name, element.tag)
    match element:
        case NamedExclusiveDiscreteObservation() | EnumObservation():
            return BoundNames(label, path, rows, element.names)
        case StringTokenObservation():
            return BoundTokens(label, path, rows)
        case ExclusiveDiscreteObservation():
            return BoundExclusive(label, path, rows)
        case BoolObservation():
            view = rows.reshape(rows.shape[:-1])
            return BoundFlag(label, path, view, view.shape)
        case NamedInclusiveDiscreteObservation():
            return BoundInclusiveNames(label, path, rows, element.names)
        case BitmaskObservation():
            if len(element.names) > MAX_FLAGS:
                raise SchemaError(path, f"a bitmask of at most {MAX_FLAGS} flags", str(len(element.names)))
            return BoundBits(label, path, rows)
        case InclusiveDiscreteObservation():
            return BoundInclusive(label, path, rows, rows.shape)
        case _:
            raise SchemaError(path, "an element that can be written", element.type_name)
