"""A world in which nothing happens, so that a bench measures the SDK alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.action_element import ActionObjectElements
from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema
from host_sdk.interactor import Interactor
from host_sdk.manager import AgentIds
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema
from host_sdk.observation_value import ObservationObjectElement
from host_sdk.training_environment import TrainingEnvironment
from protocol.completion import Completion
from protocol.schema import ActionElement, ObservationElement


class NoopInteractor(Interactor):
    """Observes O constant numbers and takes A numbers that it does nothing with.

    Attributes:
        observations: float32[max agents, O], what is observed; may be written.
    """

    def __init__(self, max_agent_count: int, *, observation_size: int, action_size: int, seed: int = 0) -> None:
        super().__init__()
        self._observation_size = observation_size
        self._action_size = action_size
        rng = np.random.default_rng(seed)
        self.observations = rng.standard_normal((max_agent_count, observation_size), np.float32)

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationElement:
        return observation_schema.continuous(self._observation_size)

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionElement:
        return action_schema.continuous(self._action_size)

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        return observation_object.continuous(self.observations[agent_ids])

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        action_object.get_continuous(action_object_elements)


class NoopTrainingEnvironment(TrainingEnvironment):
    """The same reward at every step; episodes of a fixed length end by truncation.

    Attributes:
        reward: of every agent at every step.
    """

    def __init__(self, max_agent_count: int, *, reward: float = 1.0, episode_step_count: int | None = None) -> None:
        """
        Args:
            max_agent_count: the manager's.
            reward: of every step.
            episode_step_count: steps of an episode, or None where episodes never end.
        """
        super().__init__()
        self.reward = reward
        self._episode_step_count = episode_step_count
        self._same_rewards = np.full(max_agent_count, reward, np.float32)
        self._episode_steps = np.zeros(max_agent_count, np.int64)
        self._all_running = np.full(max_agent_count, Completion.RUNNING, np.uint8)

    def gather_agent_rewards(self, agent_ids: AgentIds) -> npt.NDArray[np.float32]:
        return self._same_rewards[: len(agent_ids)]

    def gather_agent_completions(self, agent_ids: AgentIds) -> npt.NDArray[np.uint8]:
        if self._episode_step_count is None:
            return self._all_running[: len(agent_ids)]
        steps = self._episode_steps[agent_ids] + 1
        self._episode_steps[agent_ids] = steps
        return (steps >= self._episode_step_count).view(np.uint8)  # TRUNCATION is 1

    def reset_agent_episodes(self, agent_ids: AgentIds) -> None:
        self._episode_steps[agent_ids] = 0
