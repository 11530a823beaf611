"""Rewards and completions of a Gymnasium world's last step."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.adapters.gymnasium.world import GymnasiumWorld
from host_sdk.manager import AgentIds
from host_sdk.training_environment import TrainingEnvironment


class GymnasiumTrainingEnvironment(TrainingEnvironment):
    """Agent ids are the world's copies; resetting an agent's episode resets its copy.

    Where the run has environment parameters, a copy's reset gets their values as its `options`, by name; without any,
    none. An environment that doesn't read options plays on as it is, so wrap it in one that does.
    """

    def __init__(self, world: GymnasiumWorld) -> None:
        super().__init__()
        self._world = world

    def gather_agent_rewards(self, agent_ids: AgentIds) -> npt.NDArray[np.float64]:
        rewards: npt.NDArray[np.float64] = self._world.rewards[agent_ids]
        return rewards

    def gather_agent_completions(self, agent_ids: AgentIds) -> npt.NDArray[np.uint8]:
        completions: npt.NDArray[np.uint8] = self._world.completions[agent_ids]
        return completions

    def seed_episodes(self, seed: int) -> None:
        self._world.seed(seed)

    def reset_agent_episodes(self, agent_ids: AgentIds) -> None:
        self._world.reset(agent_ids.tolist(), self.environment_parameters.get_all)
