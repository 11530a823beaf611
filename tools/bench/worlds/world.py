"""Copies of one small world, one for each agent, stepped together by arrays; no Python runs per agent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.manager import AgentIds
from host_sdk.training_environment import TrainingEnvironment
from protocol.completion import Completion

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]


class World(ABC):
    """N copies, of which none begins anew by itself; every draw comes from one generator, so a seed says it all.

    A subclass has a `step` that takes what the agents do and ends with `_end_step`.

    Attributes:
        rewards: float64[N], of the last step.
        completions: uint8[N], a `Completion`: how the last step left each copy's episode.
        episode_steps: int64[N], steps since each copy's reset.
    """

    episode_step_limit: int
    """An episode this long is truncated."""

    def __init__(self, agent_count: int, *, seed: int = 0) -> None:
        """
        Raises:
            ValueError: `agent_count` is below 1.
        """
        if agent_count < 1:
            raise ValueError(f"a world needs at least 1 agent, got {agent_count}")
        self.agent_count = agent_count
        self.rewards: FloatArray = np.zeros(agent_count)
        self.completions: npt.NDArray[np.uint8] = np.zeros(agent_count, np.uint8)
        self.episode_steps: IntArray = np.zeros(agent_count, np.int64)
        self._random = np.random.Generator(np.random.PCG64(seed))

    def reset(self, agents: IntArray) -> None:
        """Begins a new episode in the copies of `agents`, int64[n]."""
        self.rewards[agents] = 0.0
        self.completions[agents] = Completion.RUNNING
        self.episode_steps[agents] = 0
        self._place(agents)

    @abstractmethod
    def _place(self, agents: IntArray) -> None:
        """Sets what is there at the beginning of an episode."""

    def _end_step(self, rewards: FloatArray, is_lost: BoolArray) -> None:
        """Takes what came of a step: float64[N] rewards, and bool[N], whose episode has come to its own end."""
        self.episode_steps += 1
        self.rewards[:] = rewards
        is_late = self.episode_steps >= self.episode_step_limit
        self.completions[:] = np.where(
            is_lost, Completion.TERMINATION, np.where(is_late, Completion.TRUNCATION, Completion.RUNNING)
        )


class WorldEnvironment(TrainingEnvironment):
    """Hands on what a world judged in its last step; agent ids are the world's copies."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def gather_agent_rewards(self, agent_ids: AgentIds) -> FloatArray:
        rewards: FloatArray = self._world.rewards[agent_ids]
        return rewards

    def gather_agent_completions(self, agent_ids: AgentIds) -> npt.NDArray[np.uint8]:
        completions: npt.NDArray[np.uint8] = self._world.completions[agent_ids]
        return completions

    def reset_agent_episodes(self, agent_ids: AgentIds) -> None:
        self._world.reset(agent_ids)
