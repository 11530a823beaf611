from __future__ import annotations

import torch

from protocol.initial_weights import initial_weights
from protocol.network_builder import build_policy_spec
from protocol.policy_settings import PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation, ExclusiveDiscreteAction
from protocol.weights import WeightsLayout
from trainer_process.models import SpecNetwork, keep_within_clamps
from trainer_process.models.clamped_row import clamped_rows


def network(action: ContinuousAction | ExclusiveDiscreteAction) -> SpecNetwork:
    spec = build_policy_spec(ContinuousObservation(2), action, PolicySettings(log_std_min=-3.0, log_std_max=1.0))
    return SpecNetwork(spec, WeightsLayout.of(spec), initial_weights(spec, 1))


def test_free_log_standard_deviations_are_clamped_rows():
    policy = network(ContinuousAction(3))
    (row,) = clamped_rows(policy)
    assert (row.minimum, row.maximum) == (-3.0, 1.0)
    row.values.copy_(torch.tensor([-9.0, 0.5, 9.0]))
    keep_within_clamps(policy)
    assert row.values.tolist() == [-3.0, 0.5, 1.0]


def test_a_policy_of_choices_has_none():
    assert list(clamped_rows(network(ExclusiveDiscreteAction(3)))) == []
