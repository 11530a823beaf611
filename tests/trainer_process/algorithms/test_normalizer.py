from __future__ import annotations

import numpy as np
import torch

from protocol.initial_weights import initial_weights
from protocol.network_builder import NORMALIZER_COUNT, NORMALIZER_MEAN, NORMALIZER_VARIANCE
from protocol.policy_settings import PolicySettings
from protocol.schema import BoolObservation, ContinuousAction, ContinuousObservation, StructObservation
from protocol.weights import WeightsLayout
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.normalizer import new_statistics, publish_statistics, read_statistics
from trainer_process.models import SpecNetwork


def behavior(**policy: object) -> BehaviorSpec:
    observation = StructObservation((("numbers", ContinuousObservation(2)), ("flag", BoolObservation())))
    return BehaviorSpec.create("Walker", observation, ContinuousAction(1), PolicySettings(**policy))  # type: ignore[arg-type]


def network(spec: BehaviorSpec) -> SpecNetwork:
    return SpecNetwork(spec.policy_spec, WeightsLayout.of(spec.policy_spec), initial_weights(spec.policy_spec, 1))


def test_statistics_reach_every_network_and_come_back():
    spec = behavior()
    statistics, networks = new_statistics(spec), (network(spec), network(spec))
    assert statistics is not None
    statistics.add(np.array([[1.0, 10.0, 1.0], [3.0, 10.0, 0.0]]))
    with torch.no_grad():
        publish_statistics(statistics, networks)
    for each in networks:
        assert each.parameters[NORMALIZER_MEAN].tolist() == [2.0, 10.0, 0.0]
        assert each.parameters[NORMALIZER_VARIANCE].tolist() == [1.0, 0.0, 1.0]
        assert each.parameters[NORMALIZER_COUNT].tolist() == [2.0]
    again = new_statistics(spec)
    read_statistics(again, networks[1])
    assert again is not None
    assert again.count == 2
    np.testing.assert_array_equal(again.mean, statistics.mean)
    np.testing.assert_array_equal(again.variance, statistics.variance)


def test_a_variance_beyond_float32_stays_finite():
    spec = behavior()
    statistics, policy = new_statistics(spec), network(spec)
    assert statistics is not None
    statistics.load(1.0, np.zeros(3), np.full(3, 1e300))
    publish_statistics(statistics, [policy])
    assert torch.isfinite(policy.parameters[NORMALIZER_VARIANCE]).all()


def test_a_policy_that_does_not_normalise_has_no_statistics():
    spec = behavior(normalize_observations=False)
    assert new_statistics(spec) is None
    publish_statistics(None, [network(spec)])
    read_statistics(None, network(spec))
