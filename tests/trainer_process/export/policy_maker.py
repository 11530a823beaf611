"""Policies to export."""

from __future__ import annotations

import numpy as np

from protocol.initial_weights import initial_weights
from protocol.network_builder import build_policy_spec
from protocol.policy_file import PolicyFile
from protocol.policy_settings import PolicySettings
from protocol.schema import (
    ActionElement,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    InclusiveDiscreteAction,
    ObservationElement,
    StructAction,
)
from protocol.weights import WeightsSnapshot

NUMBERS = ContinuousObservation(4)
HYBRID = StructAction(
    (
        ("steering", ContinuousAction(2, bounding="squash", low=(-3.0, 0.0), high=(1.0, 5.0))),
        ("gear", ExclusiveDiscreteAction(3)),
        ("lamps", InclusiveDiscreteAction(2)),
    )
)
SMALL = PolicySettings(hidden_sizes=(8,))


def make_policy(
    observation: ObservationElement = NUMBERS,
    action: ActionElement = HYBRID,
    settings: PolicySettings = SMALL,
    *,
    version: int = 7,
    seed: int = 1,
) -> PolicyFile:
    """A policy with weights moved about."""
    spec = build_policy_spec(observation, action, settings)
    values = initial_weights(spec, seed)
    values += np.random.default_rng(seed).normal(0, 0.1, values.size).astype(np.float32)
    snapshot = WeightsSnapshot(spec.hash, version, values)
    return PolicyFile("walker", observation, action, settings, snapshot, metadata={"run": "friday"})
