"""What a game overrides to say how its agents see and act."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeAlias

from host_sdk.action_element import ActionObjectElement, ActionObjectElements
from host_sdk.action_modifier import ActionModifier
from host_sdk.action_modifier_element import ActionModifierElement
from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema, ActionSchemaElement
from host_sdk.errors import HostError
from host_sdk.interaction.agent_selection import AgentIds
from host_sdk.manager_listener import ManagerListener
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema, ObservationSchemaElement
from host_sdk.observation_value import ObservationObjectElement

ObservationObjectElements: TypeAlias = ObservationObjectElement | Sequence[ObservationObjectElement]
ActionModifierElements: TypeAlias = ActionModifierElement | Sequence[ActionModifierElement]


class InteractorCallbacks(ManagerListener, ABC):
    """The callbacks of an interactor; the singular ones serve where the plural ones are not overridden."""

    @abstractmethod
    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        """Says what an observation is made of. Called once, at setup."""

    @abstractmethod
    def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
        """Says what an action is made of. Called once, at setup."""

    def gather_agent_observation(
        self, observation_object: ObservationObject, agent_id: int
    ) -> ObservationObjectElement:
        """Gathers one agent's observation, of the structure that was specified."""
        raise HostError(
            f"{type(self).__name__} must override gather_agent_observation or gather_agent_observations to observe "
            f"agent {agent_id}"
        )

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElements:
        """Gathers the observations of all given agents.

        It must not change the game: it is also called to look at the end of a trajectory.

        Returns:
            Either a list with one element for each id, or **one** batched element, whose leaves have a leading agent
            axis in the order of `agent_ids`. By default the list of `gather_agent_observation`.
        """
        return [self.gather_agent_observation(observation_object, agent_id) for agent_id in agent_ids.tolist()]

    def make_agent_action_modifier(self, action_modifier: ActionModifier, agent_id: int) -> ActionModifierElement:
        """Says which options an agent can't choose now, and which numbers are given. By default nothing."""
        return action_modifier.none()

    def make_agent_action_modifiers(
        self, action_modifier: ActionModifier, agent_ids: AgentIds
    ) -> ActionModifierElements:
        """Says the same of all given agents. A game overrides one of both where it restricts actions at all.

        Returns:
            Either a list with one modifier for each id, or **one** batched modifier, whose arrays have a leading agent
            axis in the order of `agent_ids`. By default the list of `make_agent_action_modifier`.
        """
        return [self.make_agent_action_modifier(action_modifier, agent_id) for agent_id in agent_ids.tolist()]

    def perform_agent_action(
        self, action_object: ActionObject, action_object_element: ActionObjectElement, agent_id: int
    ) -> None:
        """Performs one agent's action in the game."""
        raise HostError(
            f"{type(self).__name__} must override perform_agent_action or perform_agent_actions to perform the action "
            f"of agent {agent_id}"
        )

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        """Performs the actions of all given agents. By default calls `perform_agent_action` for each.

        Args:
            action_object: reads the elements.
            action_object_elements: one batched element, which is also a sequence of the agents' single ones.
            agent_ids: int64[N], in the order of the elements.
        """
        for element, agent_id in zip(action_object_elements, agent_ids.tolist(), strict=True):
            self.perform_agent_action(action_object, element, agent_id)
