"""Gymnasium spaces for schemas that came from no Gymnasium world: the opposite of `space_schema`.

| element                                              | space                                              |
|------------------------------------------------------|----------------------------------------------------|
| continuous, and what is made of it                   | Box of float32, with the bounds of an action       |
| exclusive discrete, and what is made of it           | Discrete                                           |
| inclusive discrete, and what is made of it           | MultiBinary                                        |
| image                                                | Box of uint8, [height, width, channels]            |
| struct                                               | Dict                                               |
| static array                                         | Tuple                                              |
| encoding                                             | that of its element                                |

A schema with anything else in it (sets, unions, nothing) has no such space. Its vectors are **flat**: one Box of
float32 that holds them as they are, beside the bytes of images where there are any.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import Space, spaces

from protocol.schema import (
    ActionElement,
    ContinuousAction,
    ContinuousObservation,
    EncodingAction,
    EncodingObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    ImageObservation,
    InclusiveDiscreteAction,
    InclusiveDiscreteObservation,
    ObservationElement,
    StaticArrayAction,
    StaticArrayObservation,
    StructAction,
    StructObservation,
)
from protocol.schema.element import Element, core_of

FLAT_FLOATS, FLAT_IMAGES = "vector", "images"
"""The parts of a flat space that has images."""


def observation_space_of(element: ObservationElement) -> Space[Any]:
    """The space of observations; a flat one where the schema has no other."""
    if is_structured(element):
        return _space_of(element)
    vector = _numbers(element.vector_size)
    if not element.image_size:
        return vector
    return spaces.Dict([(FLAT_FLOATS, vector), (FLAT_IMAGES, spaces.Box(0, 255, (element.image_size,), np.uint8))])


def action_space_of(element: ActionElement) -> Space[Any]:
    """The space of actions as a game gets them; a flat one where the schema has no other."""
    return _space_of(element) if is_structured(element) else _numbers(element.vector_size)


def is_structured(element: Element) -> bool:
    """Whether a schema has a space of the same structure."""
    core = core_of(element)
    match core:
        case StructObservation() | StructAction():
            return bool(core.elements) and all(is_structured(child) for _, child in core.elements)
        case StaticArrayObservation() | StaticArrayAction() | EncodingObservation() | EncodingAction():
            return is_structured(core.element)
        case ImageObservation():  # lower than it has channels, it would be taken for one with its channels first
            return core.height >= min(core.width, core.channels)
        case _:
            return isinstance(core, _LEAVES)


_LEAVES = (
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    InclusiveDiscreteAction,
    InclusiveDiscreteObservation,
)


def _space_of(element: Element) -> Space[Any]:
    core = core_of(element)
    match core:
        case StructObservation() | StructAction():
            # pairs keep the schema's order, where a dict would be sorted
            return spaces.Dict([(name, _space_of(child)) for name, child in core.elements])
        case StaticArrayObservation() | StaticArrayAction():
            return spaces.Tuple([_space_of(core.element) for _ in range(core.count)])
        case EncodingObservation() | EncodingAction():
            return _space_of(core.element)
        case ImageObservation():
            return spaces.Box(0, 255, (core.height, core.width, core.channels), np.uint8)
        case ExclusiveDiscreteObservation() | ExclusiveDiscreteAction():
            return spaces.Discrete(core.size)
        case InclusiveDiscreteObservation() | InclusiveDiscreteAction():
            return spaces.MultiBinary(core.size)
        case ContinuousAction() if core.bounding != "none":
            low, high = (np.broadcast_to(np.asarray(each, np.float32), (core.size,)) for each in (core.low, core.high))
            return spaces.Box(low, high, (core.size,), np.float32)
        case _:
            return _numbers(element.vector_size)


def _numbers(size: int) -> spaces.Box:
    return spaces.Box(-np.inf, np.inf, (size,), np.float32)
