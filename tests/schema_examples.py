"""One example of every schema element, and the same with one field changed at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from protocol.schema import (
    AngleObservation,
    ArrayObservation,
    BitmaskObservation,
    BoolObservation,
    ContinuousObservation,
    CountObservation,
    DirectionAlongSplineObservation,
    DirectionObservation,
    EitherObservation,
    EncodingObservation,
    EnumObservation,
    ExclusiveDiscreteObservation,
    ExclusiveUnionObservation,
    FloatObservation,
    ImageObservation,
    InclusiveDiscreteObservation,
    InclusiveUnionObservation,
    LocationAlongSplineObservation,
    LocationObservation,
    MapObservation,
    NamedExclusiveDiscreteObservation,
    NamedInclusiveDiscreteObservation,
    NullObservation,
    ObservationElement,
    OptionalObservation,
    PairObservation,
    ProportionAlongSplineObservation,
    RotationObservation,
    ScaleObservation,
    SetObservation,
    StaticArrayObservation,
    StringTokenObservation,
    StructObservation,
    TimeObservation,
    TransformObservation,
    VelocityObservation,
)
from protocol.schema.element import Element

_TWO = ContinuousObservation(2, 3.0)
_NAMED = (("first", _TWO), ("second", BoolObservation()))

OBSERVATION_EXAMPLES: tuple[tuple[ObservationElement, int], ...] = (
    (NullObservation(), 0),
    (ContinuousObservation(4, 2.0), 4),
    (ExclusiveDiscreteObservation(3), 3),
    (InclusiveDiscreteObservation(3), 3),
    (ImageObservation(4, 5, 3), 0),
    (StructObservation(_NAMED), 3),
    (StaticArrayObservation(_TWO, 3), 6),
    (ExclusiveUnionObservation(_NAMED), 2 + 2),
    (InclusiveUnionObservation(_NAMED), 3 + 2),
    (SetObservation(_TWO, 3), 3 * 2 + 3),
    (ArrayObservation(_TWO, 3), 3 * 2 + 3),
    (EncodingObservation(_TWO), 2),
    (FloatObservation(2.0), 1),
    (CountObservation(2.0), 1),
    (TimeObservation(2.0), 1),
    (BoolObservation(), 1),
    (NamedExclusiveDiscreteObservation(("a", "b", "c")), 3),
    (NamedInclusiveDiscreteObservation(("a", "b", "c")), 3),
    (EnumObservation(("a", "b", "c")), 3),
    (BitmaskObservation(("a", "b", "c")), 3),
    (StringTokenObservation(7), 7),
    (PairObservation(_TWO, BoolObservation()), 3),
    (MapObservation(_TWO, BoolObservation(), 3), 3 * 3 + 3),
    (OptionalObservation(_TWO), 2 + 2),
    (EitherObservation(_TWO, BoolObservation()), 2 + 2),
    (LocationObservation(2.0), 3),
    (RotationObservation(), 6),
    (ScaleObservation(), 3),
    (TransformObservation(2.0), 12),
    (AngleObservation(), 2),
    (VelocityObservation(2.0), 3),
    (DirectionObservation(), 3),
    (LocationAlongSplineObservation(2.0), 3),
    (ProportionAlongSplineObservation(True), 2),
    (DirectionAlongSplineObservation(), 3),
)
"""Every observation element with the floats that it takes."""


def variations(element: Element) -> Iterator[tuple[str, Any]]:
    """(field, the element with another value in it) for every field but the tag."""
    for field in fields(element):
        if field.name != "tag":
            yield field.name, replace(element, **{field.name: _other(field.name, getattr(element, field.name))})


def _other(name: str, value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return value * 0.5
        case str():
            return "relu" if value != "relu" else "tanh"
        case Element():
            return replace(value, size=value.size + 1) if isinstance(value, ContinuousObservation) else _TWO
        case ((str(), Element()), *_):
            return value[::-1]
        case _:
            return (*value[:-1], "other") if name == "names" else (*value, 5)
