"""How an agent sees and pushes a cart without being told any velocity."""

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
from tools.bench.worlds.cart_pole import ANGLE_LIMIT, POSITION_LIMIT_M, CartPole


class CartPoleInteractor(Interactor):
    """Sees a position and an angle; how they change is for a memory to find out."""

    def __init__(self, world: CartPole) -> None:
        super().__init__()
        self._world = world

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        return observation_schema.struct(
            {
                "cart_position": observation_schema.float(scale=POSITION_LIMIT_M),
                "pole_angle": observation_schema.float(scale=ANGLE_LIMIT),
            }
        )

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
        return action_schema.exclusive_discrete(2)

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        states = self._world.states[agent_ids]
        return observation_object.struct(
            {
                "cart_position": observation_object.float(states[:, 0]),
                "pole_angle": observation_object.float(states[:, 2]),
            }
        )

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        self._world.step(action_object.get_exclusive_discrete(action_object_elements) == 1)
