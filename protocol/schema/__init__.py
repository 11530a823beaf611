"""Observation and action schemas: frozen elements, and their plain-dict form for messages and files."""

from __future__ import annotations

from protocol.schema.action import (
    ActionElement,
    BoolAction,
    Bounding,
    ContinuousAction,
    ExclusiveDiscreteAction,
    FloatAction,
    InclusiveDiscreteAction,
    StaticArrayAction,
    StructAction,
)
from protocol.schema.observation import (
    BoolObservation,
    ContinuousObservation,
    ExclusiveDiscreteObservation,
    FloatObservation,
    InclusiveDiscreteObservation,
    ObservationElement,
    StaticArrayObservation,
    StructObservation,
)
from protocol.schema.wire import action_from_wire, action_to_wire, observation_from_wire, observation_to_wire

__all__ = [
    "ActionElement",
    "BoolAction",
    "BoolObservation",
    "Bounding",
    "ContinuousAction",
    "ContinuousObservation",
    "ExclusiveDiscreteAction",
    "ExclusiveDiscreteObservation",
    "FloatAction",
    "FloatObservation",
    "InclusiveDiscreteAction",
    "InclusiveDiscreteObservation",
    "ObservationElement",
    "StaticArrayAction",
    "StaticArrayObservation",
    "StructAction",
    "StructObservation",
    "action_from_wire",
    "action_to_wire",
    "observation_from_wire",
    "observation_to_wire",
]
