"""Observation and action schemas: frozen elements, and their plain-dict form for messages and files."""

from __future__ import annotations

from protocol.schema.action_element import (
    ActionElement,
)
from protocol.schema.action_group import (
    StaticArrayAction,
    StructAction,
)
from protocol.schema.action_leaf import (
    BoolAction,
    Bounding,
    ContinuousAction,
    ExclusiveDiscreteAction,
    FloatAction,
    InclusiveDiscreteAction,
)
from protocol.schema.element import (
    Element,
    core_of,
)
from protocol.schema.observation_element import (
    ObservationElement,
)
from protocol.schema.observation_group import (
    ArrayObservation,
    EncodingObservation,
    ExclusiveUnionObservation,
    InclusiveUnionObservation,
    SetObservation,
    StaticArrayObservation,
    StructObservation,
)
from protocol.schema.observation_kind import (
    BitmaskObservation,
    BoolObservation,
    CountObservation,
    EitherObservation,
    EnumObservation,
    FloatObservation,
    MapObservation,
    NamedExclusiveDiscreteObservation,
    NamedInclusiveDiscreteObservation,
    OptionalObservation,
    PairObservation,
    StringTokenObservation,
    TimeObservation,
)
from protocol.schema.observation_leaf import (
    ContinuousObservation,
    ExclusiveDiscreteObservation,
    ImageObservation,
    InclusiveDiscreteObservation,
    NullObservation,
)
from protocol.schema.observation_spatial import (
    AngleObservation,
    DirectionAlongSplineObservation,
    DirectionObservation,
    LocationAlongSplineObservation,
    LocationObservation,
    ProportionAlongSplineObservation,
    RotationObservation,
    ScaleObservation,
    TransformObservation,
    VelocityObservation,
)
from protocol.schema.wire import (
    action_from_wire,
    action_to_wire,
    observation_from_wire,
    observation_to_wire,
)

__all__ = [
    "ActionElement",
    "AngleObservation",
    "ArrayObservation",
    "BitmaskObservation",
    "BoolAction",
    "BoolObservation",
    "Bounding",
    "ContinuousAction",
    "ContinuousObservation",
    "CountObservation",
    "DirectionAlongSplineObservation",
    "DirectionObservation",
    "EitherObservation",
    "Element",
    "EncodingObservation",
    "EnumObservation",
    "ExclusiveDiscreteAction",
    "ExclusiveDiscreteObservation",
    "ExclusiveUnionObservation",
    "FloatAction",
    "FloatObservation",
    "ImageObservation",
    "InclusiveDiscreteAction",
    "InclusiveDiscreteObservation",
    "InclusiveUnionObservation",
    "LocationAlongSplineObservation",
    "LocationObservation",
    "MapObservation",
    "NamedExclusiveDiscreteObservation",
    "NamedInclusiveDiscreteObservation",
    "NullObservation",
    "ObservationElement",
    "OptionalObservation",
    "PairObservation",
    "ProportionAlongSplineObservation",
    "RotationObservation",
    "ScaleObservation",
    "SetObservation",
    "StaticArrayAction",
    "StaticArrayObservation",
    "StringTokenObservation",
    "StructAction",
    "StructObservation",
    "TimeObservation",
    "TransformObservation",
    "VelocityObservation",
    "action_from_wire",
    "action_to_wire",
    "core_of",
    "observation_from_wire",
    "observation_to_wire",
]
