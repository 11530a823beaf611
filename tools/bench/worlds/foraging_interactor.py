"""How an agent sees the cells about it: as a grid, or as so many numbers, and how it moves."""

from __future__ import annotations

from host_sdk import (
    ActionObject,
    ActionObjectElements,
    ActionSchema,
    ActionSchemaElement,
    AgentIds,
    Interactor,
    ObservationObject,
    ObservationObjectElement,
    ObservationSchema,
    ObservationSchemaElement,
)
from tools.bench.worlds.foraging import MOVES, SIZE, Foraging


class ForagingInteractor(Interactor):
    """Sees a grid of bytes, and moves by one cell."""

    def __init__(self, world: Foraging) -> None:
        super().__init__()
        self._world = world

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        return observation_schema.grid(SIZE, SIZE, 1, filters=(16, 32))

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
        return action_schema.exclusive_discrete(len(MOVES))

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        return observation_object.grid(self._world.views(agent_ids))

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        self._world.step(action_object.get_exclusive_discrete(action_object_elements))


class FlatForagingInteractor(ForagingInteractor):
    """Sees the same bytes as a vector of numbers."""

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        return observation_schema.continuous(SIZE * SIZE)

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        return observation_object.continuous(self._world.views(agent_ids).reshape(len(agent_ids), -1))
