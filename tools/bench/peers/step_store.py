"""What a bridge's Python side keeps of each step: the least that a trainer needs, in arrays made once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from protocol.vector_array import FloatArray
from tools.bench.noop_game import ACTION_SIZE, OBSERVATION_SIZE

STEPS_KEPT = 10_000


class StepStore:
    """Rows of N agents, overwritten from the top when full, as a trainer that consumes without learning leaves them."""

    def __init__(self, agent_count: int) -> None:
        row_count = max(1, STEPS_KEPT // agent_count)
        self._observations = np.zeros((row_count, agent_count, OBSERVATION_SIZE), np.float32)
        self._actions = np.zeros((row_count, agent_count, ACTION_SIZE), np.float32)
        self._rewards = np.zeros((row_count, agent_count), np.float32)
        self._is_done = np.zeros((row_count, agent_count), np.bool_)
        self._row = 0

    def add(
        self, observations: FloatArray, actions: FloatArray, rewards: FloatArray, is_done: npt.NDArray[np.bool_]
    ) -> None:
        """One step of all agents: [N, 64], [N, 8], [N], [N]."""
        row = self._row
        self._observations[row] = observations
        self._actions[row] = actions
        self._rewards[row] = rewards
        self._is_done[row] = is_done
        self._row = (row + 1) % len(self._rewards)
