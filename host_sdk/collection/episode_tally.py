"""Counting the episodes of all agents, recorded or not."""

from __future__ import annotations

from collections import deque
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.interaction.agent_selection import AgentIds, Selector

Float64Array: TypeAlias = npt.NDArray[np.float64]
Int64Array: TypeAlias = npt.NDArray[np.int64]

# Numpy adds it to a single agent's steps, out of place, in half the time of `+= 1`.
_ONE_STEP = np.array(1, dtype=np.int64)

# Ended episodes remembered between two batches; with a trainer that takes none, older ones make way.
EPISODE_CAPACITY = 10_000


class EpisodeTally:
    """Serial, steps and return of each agent's present episode, and what became of those that ended.

    An episode here is the record's: it ends with a completion, also with that of `max_episode_step_count`, after which
    the agent plays on in a new one.

    Attributes:
        serials: int64[max], never used twice.
        steps: int64[max], steps of the episode so far.
        returns: float64[max], undiscounted sum of its rewards so far; one that wasn't finite counts 0.
    """

    def __init__(self, max_agent_count: int) -> None:
        self.serials: Int64Array = np.arange(max_agent_count, dtype=np.int64)
        self.steps: Int64Array = np.zeros(max_agent_count, dtype=np.int64)
        self.returns: Float64Array = np.zeros(max_agent_count, dtype=np.float64)
        self._next_serial = max_agent_count
        self._ended_returns: deque[float] = deque(maxlen=EPISODE_CAPACITY)
        self._ended_lengths: deque[int] = deque(maxlen=EPISODE_CAPACITY)

    def add(self, agents: Selector, rewards: npt.NDArray[np.float32]) -> None:
        """One more step of these agents, with finite rewards."""
        self.steps[agents] = self.steps[agents] + _ONE_STEP
        self.returns[agents] = self.returns[agents] + rewards.astype(np.float64)

    def end(self, agent_ids: AgentIds) -> None:
        """These agents' episodes have ended; those of at least one step are kept for the statistics."""
        played = agent_ids[self.steps[agent_ids] > 0]
        self._ended_returns.extend(self.returns[played].tolist())
        self._ended_lengths.extend(self.steps[played].tolist())
        self.begin(agent_ids)

    def begin(self, agent_ids: AgentIds) -> None:
        """New episodes for these agents; what was of the old ones is forgotten."""
        count = len(agent_ids)
        self.serials[agent_ids] = np.arange(self._next_serial, self._next_serial + count)
        self._next_serial += count
        self.steps[agent_ids] = 0
        self.returns[agent_ids] = 0.0

    def step_count(self, agent_id: int) -> int:
        """Steps of one agent's present episode."""
        return int(self.steps[agent_id])

    def take_ended(self) -> tuple[Float64Array, npt.NDArray[np.int32]]:
        """float64[E] returns and int32[E] lengths of the episodes that ended since the last call."""
        returns = np.array(self._ended_returns, dtype=np.float64)
        lengths = np.array(self._ended_lengths, dtype=np.int32)
        self._ended_returns.clear()
        self._ended_lengths.clear()
        return returns, lengths
