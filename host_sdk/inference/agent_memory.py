"""What a recurrent policy remembers of each agent, and what it remembered before."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.interaction.agent_selection import AgentIds, Selector

FloatArray: TypeAlias = npt.NDArray[np.float32]
UInt64Array: TypeAlias = npt.NDArray[np.uint64]


class AgentMemory:
    """Memory states of all agent slots; an evaluation reads some of them and writes what comes next.

    Nothing is allocated after the setup, whichever agents are evaluated.

    Attributes:
        states: float32[max, H], live: what the next evaluation reads.
        before: float32[max, H], live: what each agent's last evaluation read.
    """

    def __init__(self, max_agent_count: int, size: int) -> None:
        self.states: FloatArray = np.zeros((max_agent_count, size), dtype=np.float32)
        self.before: FloatArray = np.zeros((max_agent_count, size), dtype=np.float32)
        self._rows: FloatArray = np.zeros((max_agent_count, size), dtype=np.float32)
        self._evaluated: UInt64Array = np.zeros(max_agent_count, dtype=np.uint64)

    def forget(self, agent_ids: AgentIds) -> None:
        """These agents begin anew, with zeros."""
        self.states[agent_ids] = 0.0
        self._evaluated[agent_ids] = 0

    def read(self, agents: Selector) -> FloatArray:
        """float32[n, H], the states of these agents; until the next `read`."""
        if isinstance(agents, slice):
            return self.states[agents]
        return np.take(self.states, agents, axis=0, out=self._rows[: len(agents)], mode="clip")

    def advance(self, agents: Selector, read: FloatArray, after: FloatArray, observed: UInt64Array) -> None:
        """An evaluation is over.

        Args:
            agents: whose.
            read: float32[n, H], what it read, as `read` gave it.
            after: float32[n, H], what comes next.
            observed: uint64[max], the serial of each agent's present observation, which was evaluated.
        """
        self.before[agents] = read
        self.states[agents] = after
        self._evaluated[agents] = observed[agents]

    def at_observation(self, agent_ids: AgentIds, observed: UInt64Array) -> FloatArray:
        """float32[n, H], what belongs to the present observations: what their evaluation read, or will read.

        Args:
            agent_ids: int64[n].
            observed: uint64[max], the serial of each agent's present observation.
        """
        is_evaluated = self._evaluated[agent_ids] == observed[agent_ids]
        return np.where(is_evaluated[:, np.newaxis], self.before[agent_ids], self.states[agent_ids])
