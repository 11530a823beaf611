"""The vector hash: 64 bits that are equal exactly where two schemas give the same vectors the same meaning.

The hash is of the canonical encoding (see `protocol.canonical_encoding`) of a domain and of the tree, root first:

    content      string domain, then element
                 the domain is "learning-bridge/observation/1" or "learning-bridge/action/1"
    element      u8 tag, then by tag
    1 continuous            u32 size, f64 scale; in an action then bounds of `size` numbers
    2 exclusive discrete    u32 size
    3 inclusive discrete    u32 size
    4 struct                u32 count of elements, then for each in order of declaration: string name, element
    5 static array          u32 count, element
    6 float                 f64 scale; in an action then bounds of one number
    7 bool                  nothing
    bounds       u8 bounding (0 none, 1 clip, 2 squash); unless it is 0: f64 low of each number, then f64 high of each
"""

from __future__ import annotations

from typing import Any

from protocol.canonical_encoding import CanonicalEncoder
from protocol.errors import SchemaError
from protocol.schema import (
    ActionElement,
    BoolAction,
    BoolObservation,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    FloatAction,
    FloatObservation,
    InclusiveDiscreteAction,
    InclusiveDiscreteObservation,
    ObservationElement,
    StaticArrayAction,
    StaticArrayObservation,
    StructAction,
    StructObservation,
)

OBSERVATION_DOMAIN = "learning-bridge/observation/1"
ACTION_DOMAIN = "learning-bridge/action/1"

_TAGS: dict[type, int] = {
    ContinuousObservation: 1,
    ContinuousAction: 1,
    ExclusiveDiscreteObservation: 2,
    ExclusiveDiscreteAction: 2,
    InclusiveDiscreteObservation: 3,
    InclusiveDiscreteAction: 3,
    StructObservation: 4,
    StructAction: 4,
    StaticArrayObservation: 5,
    StaticArrayAction: 5,
    FloatObservation: 6,
    FloatAction: 6,
    BoolObservation: 7,
    BoolAction: 7,
}
_BOUNDINGS = {"none": 0, "clip": 1, "squash": 2}


def observation_hash(element: ObservationElement) -> int:
    """The uint64 vector hash of an observation schema."""
    return _hash(OBSERVATION_DOMAIN, element)


def action_hash(element: ActionElement) -> int:
    """The uint64 vector hash of an action schema."""
    return _hash(ACTION_DOMAIN, element)


def _hash(domain: str, element: Any) -> int:
    encoder = CanonicalEncoder(domain)
    _encode(encoder, element)
    return encoder.hash()


def _encode(encoder: CanonicalEncoder, element: Any) -> None:
    tag = _TAGS.get(type(element))
    if tag is None:
        raise SchemaError("$", "a schema element", type(element).__name__)
    encoder.u8(tag)
    if tag in (1, 2, 3):
        encoder.u32(element.size)
    if tag in (1, 6):
        encoder.f64(element.scale)
    if isinstance(element, (StructObservation, StructAction)):
        encoder.u32(len(element.elements))
        for name, child in element.elements:
            encoder.string(name)
            _encode(encoder, child)
    elif isinstance(element, (StaticArrayObservation, StaticArrayAction)):
        encoder.u32(element.count)
        _encode(encoder, element.element)
    elif isinstance(element, (ContinuousAction, FloatAction)):
        _encode_bounds(encoder, element)


def _encode_bounds(encoder: CanonicalEncoder, element: ContinuousAction | FloatAction) -> None:
    encoder.u8(_BOUNDINGS[element.bounding])
    for bound in (element.low, element.high):
        numbers = () if bound is None else bound if isinstance(bound, tuple) else (bound,)
        for number in numbers:
            encoder.f64(number)
