"""An evaluation: the policy's mode, played for a number of ticks or of episodes, and not recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from host_sdk.manager import AgentIds
from protocol.completion import Completion
from protocol.experience import ByteArray, FloatArray
from protocol.messages import EvaluationResult

MOST_TICKS_WITHOUT_END = 100_000
"""After so many ticks in which no episode has ended, none is waited for: the game's episodes don't end."""


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

    def to_message(self, behavior: str) -> EvaluationResult:
        """For the trainer's metrics."""
        return EvaluationResult(
            behavior=behavior,
            policy_version=self.policy_version,
            steps=self.step_count,
            episodes=self.episode_count,
            return_mean=self.return_mean,
            return_std=self.return_std,
            length_mean=self.length_mean,
        )


class Evaluation:
    """Tallies returns while a trainer plays without recording."""

    def __init__(self, max_agent_count: int, tick_count: int, policy_version: int, *, episode_count: int = 0) -> None:
        """
        Args:
            max_agent_count: slots of the manager.
            tick_count: how many ticks to play, where no episodes are asked for.
            policy_version: the version that is played; weights are not swapped meanwhile.
            episode_count: how many whole episodes to play. Each agent of the first tick plays a share that is fixed
                then; were the first to end taken, short ones would be preferred. Those of agents that leave are lost.
        """
        self._ticks_left = tick_count
        self._episode_count = episode_count
        self._owed: npt.NDArray[np.int64] | None = None
        self._ticks_without_end = 0
        self._policy_version = policy_version
        self._returns = np.zeros(max_agent_count)
        self._lengths = np.zeros(max_agent_count, dtype=np.int64)
        self._ended: list[tuple[float, int]] = []
        self._step_count = 0

    @property
    def is_over(self) -> bool:
        """Whether all ticks, or all episodes, have been played."""
        if not self._episode_count:
            return self._ticks_left <= 0
        has_played = self._owed is not None and not self._owed.any()
        return has_played or self._ticks_without_end >= MOST_TICKS_WITHOUT_END

    def tally(self, agent_ids: AgentIds, rewards: FloatArray, completions: ByteArray) -> None:
        """Takes one tick's rewards (float32[n]) and completions (uint8[n]) of `agent_ids` (int64[n])."""
        self._ticks_left -= 1
        self._ticks_without_end += 1
        self._step_count += len(agent_ids)
        self._returns[agent_ids] += rewards
        self._lengths[agent_ids] += 1
        owed = self._shares(agent_ids)
        for agent_id in agent_ids[completions != Completion.RUNNING].tolist():
            if owed is not None:
                if not owed[agent_id]:
                    continue
                owed[agent_id] -= 1
            self._ticks_without_end = 0
            self._ended.append((float(self._returns[agent_id]), int(self._lengths[agent_id])))

    def forget(self, agent_ids: AgentIds) -> None:
        """These agents begin episodes anew."""
        self._returns[agent_ids] = 0.0
        self._lengths[agent_ids] = 0

    def withdraw(self, agent_ids: AgentIds) -> None:
        """These agents leave, and play no more of their share."""
        self.forget(agent_ids)
        if self._owed is not None:
            self._owed[agent_ids] = 0

    def _shares(self, agent_ids: AgentIds) -> npt.NDArray[np.int64] | None:
        """int64[max], the episodes that each agent still has to play; None where only ticks count."""
        if self._owed is None and self._episode_count:
            self._owed = np.zeros(len(self._returns), np.int64)
            count = len(agent_ids)
            self._owed[agent_ids] = [(self._episode_count + place) // count for place in reversed(range(count))]
        return self._owed

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
