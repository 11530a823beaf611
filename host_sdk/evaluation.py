"""An evaluation: the policy's mode, played for a number of ticks and not recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from host_sdk.manager import AgentIds
from protocol.completion import Completion
from protocol.experience import ByteArray, FloatArray


@dataclass(frozen=True)
class EvaluationSummary:
    """What an evaluation gave.

    Attributes:
        policy_version: the version played.
        step_count: agent-steps played.
        episode_count: episodes that ended; where none did, the unfinished ones, one per agent.
        return_mean: undiscounted return of an episode.
        return_std: its standard deviation over the episodes.
        length_mean: steps of an episode.
    """

    policy_version: int
    step_count: int
    episode_count: int
    return_mean: float
    return_std: float
    length_mean: float


class Evaluation:
    """Tallies returns while a trainer plays without recording."""

    def __init__(self, max_agent_count: int, tick_count: int, policy_version: int) -> None:
        """
        Args:
            max_agent_count: slots of the manager.
            tick_count: how many ticks to play.
            policy_version: the version that is played; weights are not swapped meanwhile.
        """
        self._ticks_left = tick_count
        self._policy_version = policy_version
        self._returns = np.zeros(max_agent_count)
        self._lengths = np.zeros(max_agent_count, dtype=np.int64)
        self._ended: list[tuple[float, int]] = []
        self._step_count = 0

    @property
    def is_over(self) -> bool:
        """Whether all ticks have been played."""
        return self._ticks_left <= 0

    def tally(self, agent_ids: AgentIds, rewards: FloatArray, completions: ByteArray) -> None:
        """Takes one tick's rewards (float32[n]) and completions (uint8[n]) of `agent_ids` (int64[n])."""
        self._ticks_left -= 1
        self._step_count += len(agent_ids)
        self._returns[agent_ids] += rewards
        self._lengths[agent_ids] += 1
        for agent_id in agent_ids[completions != Completion.RUNNING].tolist():
            self._ended.append((float(self._returns[agent_id]), int(self._lengths[agent_id])))

    def forget(self, agent_ids: AgentIds) -> None:
        """These agents begin episodes anew."""
        self._returns[agent_ids] = 0.0
        self._lengths[agent_ids] = 0

    def summary(self) -> EvaluationSummary:
        """The figures so far."""
        unfinished = [
            (float(total), int(length)) for total, length in zip(self._returns, self._lengths, strict=True) if length
        ]
        episodes = self._ended or unfinished or [(0.0, 0)]
        returns = np.array([total for total, _ in episodes])
        return EvaluationSummary(
            policy_version=self._policy_version,
            step_count=self._step_count,
            episode_count=len(self._ended or unfinished),
            return_mean=float(returns.mean()),
            return_std=float(returns.std()),
            length_mean=float(np.mean([length for _, length in episodes])),
        )
