"""Copies of a Gymnasium environment as agents: observing reads the last step, acting makes the next one."""

from __future__ import annotations

from host_sdk.action_element import ActionObjectElements
from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema
from host_sdk.adapters.gymnasium.space_schema import action_element, observation_element
from host_sdk.adapters.gymnasium.world import GymnasiumWorld
from host_sdk.interactor import Interactor
from host_sdk.manager import AgentIds
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema
from host_sdk.observation_value import ObservationObjectElement
from protocol.schema import ActionElement, ObservationElement


class GymnasiumInteractor(Interactor):
    """Agent ids are the world's copies. Performing an action steps its copy at once, since nothing else moves it."""

    def __init__(self, world: GymnasiumWorld) -> None:
        super().__init__()
        self._world = world

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationElement:
        return observation_element(self._world.observation_space)

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionElement:
        return action_element(self._world.action_space)

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        return self._world.observations.element(observation_object, agent_ids)

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        self._world.actions.read(action_object, action_object_elements)
        self._world.step(agent_ids.tolist())
