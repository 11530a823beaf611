"""The statistics of observations that networks normalise by: kept in float64, published to networks in float32."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from protocol.network_builder import NORMALIZER_COUNT, NORMALIZER_MEAN, NORMALIZER_VARIANCE
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.data.running_statistics import RunningStatistics
from trainer_process.models import SpecNetwork

_LARGEST = float(np.finfo(np.float32).max)


def new_statistics(behavior: BehaviorSpec) -> RunningStatistics | None:
    """Of a behavior's observations, before the first of them; None where its policy doesn't normalise."""
    if all(name != NORMALIZER_MEAN for name in (parameter.name for parameter in behavior.policy_spec.parameters)):
        return None
    normalized = behavior.observation_layout.normalized
    return RunningStatistics(len(normalized), normalized)


def publish_statistics(statistics: RunningStatistics | None, networks: Sequence[SpecNetwork]) -> None:
    """Writes the statistics into networks, whose hosts work in float32."""
    if statistics is None:
        return
    published = {
        NORMALIZER_MEAN: statistics.mean,
        NORMALIZER_VARIANCE: np.minimum(statistics.variance, _LARGEST),
        NORMALIZER_COUNT: np.array([statistics.count]),
    }
    for network in networks:
        for name, values in published.items():
            network.parameters[name].copy_(torch.from_numpy(values.astype(np.float32)))


def read_statistics(statistics: RunningStatistics | None, network: SpecNetwork) -> None:
    """Goes on from the statistics that stand in a network, as a warm start brings them."""
    if statistics is None:
        return
    mean, variance, count = (
        network.parameters[name].cpu().numpy().astype(np.float64)
        for name in (NORMALIZER_MEAN, NORMALIZER_VARIANCE, NORMALIZER_COUNT)
    )
    statistics.load(count[0], mean, variance)
