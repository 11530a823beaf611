"""Every element by the name that it has on the wire."""

from __future__ import annotations

from collections.abc import Mapping

from protocol.schema.action_element import ActionElement
from protocol.schema.action_group import (
    EncodingAction,
    ExclusiveUnionAction,
    InclusiveUnionAction,
    StaticArrayAction,
    StructAction,
)
from protocol.schema.action_kind import (
    BitmaskAction,
    BoolAction,
    EitherAction,
    EnumAction,
    FloatAction,
    NamedExclusiveDiscreteAction,
    NamedInclusiveDiscreteAction,
    OptionalAction,
    PairAction,
)
from protocol.schema.action_leaf import (
    ContinuousAction,
    ExclusiveDiscreteAction,
    InclusiveDiscreteAction,
    NullAction,
)
from protocol.schema.action_spatial import (
    AngleAction,
    DirectionAction,
    LocationAction,
    RotationAction,
    ScaleAction,
    TransformAction,
    VelocityAction,
)
from protocol.schema.observation_element import ObservationElement
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

OBSERVATION_TYPES: Mapping[str, type[ObservationElement]] = {
    kind.type_name: kind
    for kind in (
        NullObservation,
        ContinuousObservation,
        ExclusiveDiscreteObservation,
        InclusiveDiscreteObservation,
        ImageObservation,
        StructObservation,
        StaticArrayObservation,
        ExclusiveUnionObservation,
        InclusiveUnionObservation,
        SetObservation,
        ArrayObservation,
        EncodingObservation,
        FloatObservation,
        CountObservation,
        TimeObservation,
        BoolObservation,
        NamedExclusiveDiscreteObservation,
        NamedInclusiveDiscreteObservation,
        EnumObservation,
        BitmaskObservation,
        StringTokenObservation,
        PairObservation,
        MapObservation,
        OptionalObservation,
        EitherObservation,
        LocationObservation,
        RotationObservation,
        ScaleObservation,
        TransformObservation,
        AngleObservation,
        VelocityObservation,
        DirectionObservation,
        LocationAlongSplineObservation,
        ProportionAlongSplineObservation,
        DirectionAlongSplineObservation,
    )
}
"""Core elements first."""

ACTION_TYPES: Mapping[str, type[ActionElement]] = {
    kind.type_name: kind
    for kind in (
        NullAction,
        ContinuousAction,
        ExclusiveDiscreteAction,
        InclusiveDiscreteAction,
        StructAction,
        StaticArrayAction,
        ExclusiveUnionAction,
        InclusiveUnionAction,
        EncodingAction,
        FloatAction,
        BoolAction,
        NamedExclusiveDiscreteAction,
        NamedInclusiveDiscreteAction,
        EnumAction,
        BitmaskAction,
        PairAction,
        OptionalAction,
        EitherAction,
        LocationAction,
        RotationAction,
        ScaleAction,
        TransformAction,
        AngleAction,
        VelocityAction,
        DirectionAction,
    )
}
"""Core elements first."""
