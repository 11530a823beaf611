"""How the arena rewards its agents, and when their episodes end; every callback is batched.

It reads these environment parameters for each agent at its reset; without them the arena is as its settings say:

    goal_distance   metres from the agent within which its goals are; anywhere without it
    hazard_count    how many hazards there are for the agent, up to those of the arena
    drag            times the drag of the gears that drive; 1 without it
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.manager import AgentIds
from host_sdk.mock_engine.arena import Arena
from host_sdk.training_environment import TrainingEnvironment

_NOBODY: npt.NDArray[np.int64] = np.zeros(0, np.int64)


class ArenaTrainingEnvironment(TrainingEnvironment):
    """Hands on what the arena judged in its last step; agent ids are the arena's slots."""

    def __init__(self, arena: Arena) -> None:
        super().__init__()
        self._arena = arena
        self._poisoned = _NOBODY

    def poison_reward(self, agent_id: int) -> None:
        """Let this agent's reward be NaN at the next gathering, as a fault of the game would."""
        self._poisoned = np.append(self._poisoned, agent_id)

    def gather_agent_rewards(self, agent_ids: AgentIds) -> npt.NDArray[np.float64]:
        rewards: npt.NDArray[np.float64] = self._arena.rewards[agent_ids]
        if len(self._poisoned):
            rewards[np.isin(agent_ids, self._poisoned)] = np.nan
            self._poisoned = self._poisoned[~np.isin(self._poisoned, agent_ids)]
        return rewards

    def gather_agent_completions(self, agent_ids: AgentIds) -> npt.NDArray[np.uint8]:
        completions: npt.NDArray[np.uint8] = self._arena.completions[agent_ids]
        return completions

    def seed_episodes(self, seed: int) -> None:
        self._arena.seed(seed)

    def reset_agent_episodes(self, agent_ids: AgentIds) -> None:
        self._set_difficulty(agent_ids)
        self._arena.reset(agent_ids)

    def on_agents_added(self, agent_ids: AgentIds) -> None:
        super().on_agents_added(agent_ids)
        self._set_difficulty(agent_ids)
        self._arena.activate(agent_ids)

    def on_agents_removed(self, agent_ids: AgentIds) -> None:
        super().on_agents_removed(agent_ids)
        self._arena.deactivate(agent_ids)

    def _set_difficulty(self, agent_ids: AgentIds) -> None:
        parameters = self.environment_parameters
        self._arena.set_difficulty(
            agent_ids,
            goal_ranges_m=parameters.get_many("goal_distance", np.inf, agent_ids),
            drag_scales=parameters.get_many("drag", 1.0, agent_ids),
            hazard_counts=parameters.get_many("hazard_count", self._arena.settings.hazard_count, agent_ids),
        )
