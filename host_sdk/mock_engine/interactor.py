"""What an agent of the arena sees, and how its decision moves it; every callback is batched.

The example of a structured schema: a set of hazards as far as the agent sees, directions and velocities in space, and
a gear that is masked while there is no charge for it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from host_sdk.action_element import ActionObjectElements
from host_sdk.action_modifier import ActionModifier
from host_sdk.action_modifier_element import ActionModifierElement
from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema
from host_sdk.geometry import Transform
from host_sdk.interactor import Interactor
from host_sdk.manager import AgentIds
from host_sdk.mock_engine.arena import Arena
from host_sdk.mock_engine.arena_settings import Gear
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema
from host_sdk.observation_value import ObservationObjectElement
from protocol.schema import ActionElement, ObservationElement

USUAL_SPEED_M_S = 5.0
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
        settings = self._arena.settings
        size_m = 2.0 * settings.half_size_m
        hazard = observation_schema.struct(
            {
                "location": observation_schema.location(scale=settings.sight_m),
                "velocity": observation_schema.velocity(scale=USUAL_SPEED_M_S),
            }
        )
        return observation_schema.struct(
            {
                "goal_direction": observation_schema.direction(),
                "goal_distance": observation_schema.float(scale=size_m),
                "velocity": observation_schema.velocity(scale=USUAL_SPEED_M_S),
                "wall_distances": observation_schema.continuous(4, scale=size_m),
                "hazards": observation_schema.set(
                    observation_schema.encoding(hazard, encoding_size=16),
                    max(1, settings.hazard_count),
                    heads=2,
                    key_size=4,
                    value_size=8,
                ),
                "last_gear": observation_schema.enum(Gear),
                "boost_charge": observation_schema.float(),
            }
        )

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionElement:
        return action_schema.struct(
            {
                "thrust": action_schema.continuous(2, bounding="clip", low=-1.0, high=1.0),
                "gear": action_schema.enum(Gear),
            }
        )

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        arena = self._arena
        to_goal = _level(arena.goal_offsets(agent_ids))
        hazards = arena.hazards_in_sight(agent_ids)
        agents = Transform(_level(arena.positions[agent_ids]))
        hazard = observation_object.struct(
            {
                "location": observation_object.location(hazards.locations, relative_transform=agents),
                "velocity": observation_object.velocity(hazards.velocities),
            }
        )
        return observation_object.struct(
            {
                "goal_direction": observation_object.direction(to_goal),
                "goal_distance": observation_object.float(np.sqrt(np.einsum("nd,nd->n", to_goal, to_goal))),
                "velocity": observation_object.velocity(_level(self._seen_velocities(agent_ids))),
                "wall_distances": observation_object.continuous(arena.wall_distances_m(agent_ids)),
                "hazards": observation_object.set(observation_object.encoding(hazard), hazards.is_in_sight),
                "last_gear": observation_object.enum(arena.gears[agent_ids]),
                "boost_charge": observation_object.float(arena.charges[agent_ids]),
            }
        )

    def make_agent_action_modifiers(
        self, action_modifier: ActionModifier, agent_ids: AgentIds
    ) -> ActionModifierElement:
        masked = np.zeros((len(agent_ids), len(Gear)), np.bool_)
        masked[:, Gear.BOOST] = ~self._arena.can_boost(agent_ids)
        return action_modifier.struct({"gear": action_modifier.enum(masked)})

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        parts = action_object.get_struct(action_object_elements)
        gears = action_object.get_enum(parts["gear"], Gear).astype(np.int64)
        self._arena.set_controls(agent_ids, action_object.get_continuous(parts["thrust"]), gears)

    def _seen_velocities(self, agent_ids: AgentIds) -> npt.NDArray[np.float64]:
        velocities: npt.NDArray[np.float64] = self._arena.velocities[agent_ids]
        if len(self._poisoned):
            velocities[np.isin(agent_ids, self._poisoned)] = np.nan
            self._poisoned = self._poisoned[~np.isin(self._poisoned, agent_ids)]
        return velocities


def _level(vectors: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """float64[n, 3], of vectors [n, 2] in the plane."""
    return np.concatenate([vectors, np.zeros((len(vectors), 1))], axis=1)
