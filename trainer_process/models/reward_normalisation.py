"""Rewards less their mean, by their standard deviation. S steps."""

from __future__ import annotations

import numpy as np

from protocol.experience import FloatArray
from trainer_process.data.running_statistics import RunningStatistics

_EPSILON = 1e-8


def normalized_rewards(rewards: FloatArray, statistics: RunningStatistics) -> FloatArray:
    """float32[S] rewards float32[S], normalised by the statistics of single rewards.

    Unlike `RewardScaling`, which divides by the deviation of discounted returns and does not centre.
    """
    deviation = np.sqrt(statistics.variance[0] + _EPSILON)
    scaled: FloatArray = ((rewards - statistics.mean[0]) / deviation).astype(np.float32)
    return scaled
