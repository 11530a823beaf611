"""Which steps are fresh enough, and the policy's own, to be learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer_process.data.rollout import BoolArray, Rollout


@dataclass(frozen=True)
class StalenessReport:
    """Attributes:
    is_trainable: bool[S].
    is_newest: bool[S], chosen by the newest weights.
    dropped_off_policy: steps whose actions were set by hand or sampled with another noise scale.
    dropped_lag: steps of the policy's own that were chosen by weights too old, or never published.
    lag_mean: versions between a step's policy and the newest, over all steps.
    lag_max: the largest of them.
    """

    is_trainable: BoolArray
    is_newest: BoolArray
    dropped_off_policy: int
    dropped_lag: int
    lag_mean: float
    lag_max: int


def judge_staleness(rollout: Rollout, version: int, max_policy_lag: int) -> StalenessReport:
    """Compares each step's policy with `version`, the newest one published."""
    lag = version - rollout.versions
    is_stale = (lag > max_policy_lag) | (lag < 0)
    return StalenessReport(
        is_trainable=rollout.is_on_policy & ~is_stale,
        is_newest=lag == 0,
        dropped_off_policy=int(np.count_nonzero(~rollout.is_on_policy)),
        dropped_lag=int(np.count_nonzero(rollout.is_on_policy & is_stale)),
        lag_mean=float(lag.mean()),
        lag_max=int(lag.max()),
    )
