"""A game of numbers for tests of the host: agents see who they are and when, and what they do is kept."""

from __future__ import annotations

import numpy as np

from host_sdk.action_element import ActionObjectElement, ActionObjectElements
from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema, ActionSchemaElement
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.interaction.interactor_callbacks import ObservationObjectElements
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema, ObservationSchemaElement
from host_sdk.observation_value import ObservationObjectElement
from host_sdk.training_environment import Completions, Rewards, TrainingEnvironment
from protocol.completion import Completion


class Agent:
    """Something that can be an agent."""


def make_manager(agent_count: int, max_agent_count: int | None = None) -> Manager:
    """A manager with agents in its first slots."""
    manager = Manager(max_agent_count or agent_count)
    manager.add_agents(Agent() for _ in range(agent_count))
    return manager


class SmallInteractor(Interactor):
    """Agents see (slot, time) and a clock's hand; they choose a push, a gear and a horn. Batched."""

    def __init__(self) -> None:
        self.time = 0
        self.poisoned: set[int] = set()
        self.performed: list[dict[int, tuple[list[float], int, bool]]] = []

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        """Who and when, and one of four hands."""
        return observation_schema.struct(
            {
                "where": observation_schema.continuous(2, scale=10.0),
                "hand": observation_schema.exclusive_discrete(4),
            }
        )

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
        """A push of two numbers, one of three gears, a horn."""
        return action_schema.struct(
            {
                "push": action_schema.continuous(2, bounding="clip", low=-1.0, high=1.0),
                "gear": action_schema.exclusive_discrete(3),
                "horn": action_schema.bool(),
            }
        )

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElements:
        """One batched element."""
        where = np.stack([agent_ids, np.full(len(agent_ids), self.time)], axis=1).astype(np.float64)
        where[np.isin(agent_ids, list(self.poisoned)), 1] = np.nan
        return observation_object.struct(
            {
                "where": observation_object.continuous(where),
                "hand": observation_object.exclusive_discrete((agent_ids + self.time) % 4),
            }
        )

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        """Keeps what came."""
        parts = action_object.get_struct(action_object_elements)
        push = action_object.get_continuous(parts["push"]).tolist()
        gear = action_object.get_exclusive_discrete(parts["gear"]).tolist()
        horn = action_object.get_bool(parts["horn"]).tolist()
        self.performed.append(dict(zip(agent_ids.tolist(), zip(push, gear, horn, strict=True), strict=True)))
        self.time += 1


class SingularInteractor(SmallInteractor):
    """The same, agent by agent."""

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElements:
        """As a game gets it that overrides only the singular callback."""
        return Interactor.gather_agent_observations(self, observation_object, agent_ids)

    def gather_agent_observation(
        self, observation_object: ObservationObject, agent_id: int
    ) -> ObservationObjectElement:
        """One agent's element."""
        time = float("nan") if agent_id in self.poisoned else self.time
        return observation_object.struct(
            {
                "where": observation_object.continuous([agent_id, time]),
                "hand": observation_object.exclusive_discrete((agent_id + self.time) % 4),
            }
        )

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        """As a game gets it that overrides only the singular callback."""
        self.performed.append({})
        Interactor.perform_agent_actions(self, action_object, action_object_elements, agent_ids)
        self.time += 1

    def perform_agent_action(
        self, action_object: ActionObject, action_object_element: ActionObjectElement, agent_id: int
    ) -> None:
        """Keeps what came."""
        parts = action_object.get_struct(action_object_element)
        self.performed[-1][agent_id] = (
            action_object.get_continuous(parts["push"]).tolist(),
            action_object.get_exclusive_discrete(parts["gear"]),
            action_object.get_bool(parts["horn"]),
        )


class SmallEnvironment(TrainingEnvironment):
    """The reward is the slot's number; completions are what a test sets."""

    def __init__(self) -> None:
        self.completions: dict[int, Completion] = {}
        self.resets: list[list[int]] = []

    def gather_agent_rewards(self, agent_ids: AgentIds) -> Rewards:
        """Slot numbers."""
        return agent_ids.astype(np.float32)

    def gather_agent_completions(self, agent_ids: AgentIds) -> Completions:
        """As set, else running."""
        return [self.completions.get(agent_id, Completion.RUNNING) for agent_id in agent_ids.tolist()]

    def reset_agent_episodes(self, agent_ids: AgentIds) -> None:
        """Keeps whom."""
        self.resets.append(agent_ids.tolist())
