"""Observation vectors as a host could write them, for any schema: hots are hot, absent things are zeros."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from protocol.schema import (
    ContinuousObservation,
    EncodingObservation,
    ExclusiveDiscreteObservation,
    ExclusiveUnionObservation,
    InclusiveDiscreteObservation,
    InclusiveUnionObservation,
    ObservationElement,
    SetObservation,
    StaticArrayObservation,
    StructObservation,
)
from protocol.schema.element import core_of
from protocol.vector_array import FloatArray


def random_observations(
    element: ObservationElement, count: int, generator: np.random.Generator
) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
    """float32[count, O] and uint8[count, I]."""
    vectors = np.zeros((count, element.vector_size), dtype=np.float32)
    for row in vectors:
        _fill(element, row, generator)
    return vectors, generator.integers(0, 256, (count, element.image_size), dtype=np.uint8)


def _fill(element: ObservationElement, row: FloatArray, generator: np.random.Generator) -> None:
    match core_of(element):
        case ContinuousObservation():
            row[:] = generator.normal(0, 3, row.size)
        case ExclusiveDiscreteObservation():
            row[generator.integers(row.size)] = 1
        case InclusiveDiscreteObservation():
            row[:] = generator.integers(0, 2, row.size)
        case EncodingObservation() as core:
            _fill(core.element, row, generator)
        case StructObservation() as core:
            _fill_all([child for _, child in core.elements], row, generator)
        case StaticArrayObservation() as core:
            _fill_all([core.element] * core.count, row, generator)
        case SetObservation() as core:
            present = generator.integers(0, 2, core.max_count)
            _fill_all([core.element] * core.max_count, row, generator, present)
            row[row.size - core.max_count :] = present
        case ExclusiveUnionObservation() as core:
            chosen = int(generator.integers(len(core.elements)))
            row[core.slot_size + chosen] = 1
            _, option = core.elements[chosen]
            _fill(option, row[: option.vector_size], generator)
        case InclusiveUnionObservation() as core:
            present = generator.integers(0, 2, len(core.elements))
            _fill_all([child for _, child in core.elements], row, generator, present)
            row[row.size - len(core.elements) :] = present


def _fill_all(
    elements: list[ObservationElement],
    row: FloatArray,
    generator: np.random.Generator,
    present: npt.NDArray[np.int64] | None = None,
) -> None:
    start = 0
    for index, element in enumerate(elements):
        stop = start + element.vector_size
        if present is None or present[index]:
            _fill(element, row[start:stop], generator)
        start = stop
