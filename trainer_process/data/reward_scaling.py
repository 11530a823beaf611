"""Rewards divided by the running standard deviation of the discounted return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from protocol.experience import Float64Array, FloatArray
from trainer_process.data.returns import forward_discounted_sums
from trainer_process.data.rollout import Rollout
from trainer_process.data.running_statistics import RunningStatistics

_EPSILON = 1e-8


@dataclass(frozen=True)
class _Carry:
    """Where an agent's return stood when its last segment ended."""

    episode: int
    next_step: int
    discounted_return: float


class RewardScaling:
    """Keeps the discounted return of every agent, and scales rewards by its standard deviation, without centring.

    As VecNormalize of Stable-Baselines3 (Engstrom et al. 2020, arXiv:2005.12729, "reward scaling"), but batch by
    batch: a batch's returns are counted before its rewards are scaled, so that the first batch is scaled too.
    """

    def __init__(self, discount_factor: float, clip: float) -> None:
        """Scaled rewards are clipped to [-clip, clip]."""
        self._discount_factor = discount_factor
        self._clip = clip
        self._carries: dict[tuple[int, int], _Carry] = {}
        self.statistics = RunningStatistics(1)

    def scale(self, rollout: Rollout) -> FloatArray:
        """float32[S] scaled rewards of a rollout, which is counted in first."""
        returns = self._discounted_returns(rollout)
        self.statistics.add(returns[:, None])
        deviation = np.sqrt(self.statistics.variance[0] + _EPSILON)
        scaled: FloatArray = np.clip(rollout.rewards / deviation, -self._clip, self._clip).astype(np.float32)
        return scaled

    def arrays(self, prefix: str) -> dict[str, npt.NDArray[np.generic]]:
        """Copies of everything that it goes on from, by names that begin with `prefix` and a dot."""
        carries = self._carries.items()
        places = [(*lane, carry.episode, carry.next_step) for lane, carry in carries]
        return {
            **self.statistics.arrays(prefix),
            f"{prefix}.carries": np.array(places, np.int64).reshape(-1, 4),
            f"{prefix}.carried_returns": np.array([carry.discounted_return for _, carry in carries], np.float64),
        }

    def load_arrays(self, prefix: str, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Goes on from what `arrays` gave.

        Raises:
            KeyError: a part is missing.
            ValueError: a part is of another size.
        """
        places, returns = arrays[f"{prefix}.carries"].tolist(), arrays[f"{prefix}.carried_returns"].tolist()
        self.statistics.load_arrays(prefix, arrays)
        self._carries = {
            (host, agent): _Carry(episode, next_step, carried)
            for (host, agent, episode, next_step), carried in zip(places, returns, strict=True)
        }

    def _discounted_returns(self, rollout: Rollout) -> Float64Array:
        decays = np.full(rollout.step_count, self._discount_factor)
        decays[rollout.segment_starts] = np.where(rollout.follows_previous, self._discount_factor, 0.0)
        rewards = rollout.rewards.astype(np.float64)
        rewards[rollout.segment_starts] += self._discount_factor * self._carried(rollout)
        returns = forward_discounted_sums(rewards, decays)
        ends = rollout.segment_starts + rollout.segment_lengths - 1
        for index, key in enumerate(rollout.lane_keys):
            step = int(rollout.first_steps[index] + rollout.segment_lengths[index])
            self._carries[key] = _Carry(int(rollout.episodes[index]), step, float(returns[ends[index]]))
        return returns

    def _carried(self, rollout: Rollout) -> Float64Array:
        """float64[K], the return that each segment goes on from; 0 where it doesn't follow the agent's last one."""
        carried = np.zeros(len(rollout.lane_keys))
        for index, key in enumerate(rollout.lane_keys):
            carry = self._carries.get(key)
            if carry is None or rollout.follows_previous[index]:
                continue
            if (carry.episode, carry.next_step) == (rollout.episodes[index], rollout.first_steps[index]):
                carried[index] = carry.discounted_return
        return carried
