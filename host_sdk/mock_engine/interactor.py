"""What an agent of the arena sees, and how its decision moves it; every callback is batched."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.action_element import ActionObjectElements
from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema
from host_sdk.interactor import Interactor
from host_sdk.manager import AgentIds
from host_sdk.mock_engine.arena import Arena
from host_sdk.mock_engine.arena_settings import GEAR_COUNT
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema
from host_sdk.observation_value import ObservationObjectElement
from protocol.schema import ActionElement, ObservationElement

_TINY_DISTANCE_M = 1e-9
_NOBODY: npt.NDArray[np.int64] = np.zeros(0, np.int64)


class ArenaInteractor(Interactor):
    """Observations and actions of the arena; agent ids are the arena's slots."""

    def __init__(self, arena: Arena) -> None:
        super().__init__()
        self._arena = arena
        self._poisoned = _NOBODY

    def poison_observation(self, agent_id: int) -> None:
        """Let this agent's velocity be NaN at the next gathering, as a fault of the game would."""
        self._poisoned = np.append(self._poisoned, agent_id)

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationElement:
        size_m = 2.0 * self._arena.settings.half_size_m
        return observation_schema.struct(
            {
                "goal_direction": observation_schema.continuous(2),
                "goal_distance": observation_schema.float(scale=size_m),
                "velocity": observation_schema.continuous(2, scale=5.0),
                "wall_distances": observation_schema.continuous(4, scale=size_m),
                "hazard_direction": observation_schema.continuous(2),
                "hazard_distance": observation_schema.float(scale=size_m),
                "last_gear": observation_schema.exclusive_discrete(GEAR_COUNT),
            }
        )

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionElement:
        return action_schema.struct(
            {
                "thrust": action_schema.continuous(2, bounding="clip", low=-1.0, high=1.0),
                "gear": action_schema.exclusive_discrete(GEAR_COUNT),
            }
        )

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        arena = self._arena
        offsets = arena.goal_offsets(agent_ids)
        distances = np.sqrt(np.einsum("nd,nd->n", offsets, offsets))
        hazards = arena.nearest_hazards(agent_ids)
        return observation_object.struct(
            {
                "goal_direction": observation_object.continuous(
                    offsets / np.maximum(distances, _TINY_DISTANCE_M)[:, None]
                ),
                "goal_distance": observation_object.float(distances),
                "velocity": observation_object.continuous(self._seen_velocities(agent_ids)),
                "wall_distances": observation_object.continuous(arena.wall_distances_m(agent_ids)),
                "hazard_direction": observation_object.continuous(hazards.direction),
                "hazard_distance": observation_object.float(hazards.distance_m),
                "last_gear": observation_object.exclusive_discrete(arena.gears[agent_ids]),
            }
        )

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        parts = action_object.get_struct(action_object_elements)
        self._arena.set_controls(
            agent_ids,
            action_object.get_continuous(parts["thrust"]),
            action_object.get_exclusive_discrete(parts["gear"]),
        )

    def _seen_velocities(self, agent_ids: AgentIds) -> npt.NDArray[np.float64]:
        velocities: npt.NDArray[np.float64] = self._arena.velocities[agent_ids]
        if len(self._poisoned):
            velocities[np.isin(agent_ids, self._poisoned)] = np.nan
            self._poisoned = self._poisoned[~np.isin(self._poisoned, agent_ids)]
        return velocities
