"""How an agent sees the things about it: as a set, or in a fixed row of slots, and how it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
from tools.bench.worlds.gathering import HALF_SIZE_M, MAX_THINGS, THING_SPEED_M_S, Gathering, Kind
from tools.bench.worlds.world import BoolArray, FloatArray, IntArray

NO_KIND = len(Kind)
"""What a slot without a thing holds instead of a `Kind`, where slots are seen."""


@dataclass(frozen=True)
class SeenThings:
    """The things about n agents, slot by slot in the order in which their sensors report them.

    Attributes:
        locations: float64[n, 12, 3], metres from the agent.
        velocities: float64[n, 12, 3].
        kinds: int64[n, 12].
        is_present: bool[n, 12].
    """

    locations: FloatArray
    velocities: FloatArray
    kinds: IntArray
    is_present: BoolArray


class GatheringInteractor(Interactor):
    """Sees a set of things, and moves in two directions."""

    def __init__(self, world: Gathering) -> None:
        super().__init__()
        self._world = world

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        thing = observation_schema.struct(
            {
                "location": observation_schema.location(scale=HALF_SIZE_M),
                "velocity": observation_schema.velocity(scale=THING_SPEED_M_S),
                "kind": observation_schema.enum(Kind),
            }
        )
        encoded = observation_schema.encoding(thing, encoding_size=32, hidden_sizes=(32,))
        return observation_schema.struct(
            {
                "place": observation_schema.continuous(2, scale=HALF_SIZE_M),
                "things": observation_schema.set(encoded, MAX_THINGS),
            }
        )

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
        return action_schema.continuous(2, bounding="squash", low=-1.0, high=1.0)

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        seen = self._seen_things(agent_ids)
        thing = observation_object.struct(
            {
                "location": observation_object.location(seen.locations),
                "velocity": observation_object.velocity(seen.velocities),
                "kind": observation_object.enum(seen.kinds),
            }
        )
        return observation_object.struct(
            {
                "place": observation_object.continuous(self._world.agent_positions[agent_ids]),
                "things": observation_object.set(observation_object.encoding(thing), seen.is_present),
            }
        )

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        self._world.step(action_object.get_continuous(action_object_elements).astype(np.float64))

    def _seen_things(self, agent_ids: AgentIds) -> SeenThings:
        world = self._world
        slots = (agent_ids[:, None], world.order[agent_ids])
        level = np.zeros((len(agent_ids), MAX_THINGS, 1))
        return SeenThings(
            locations=np.concatenate([world.offsets()[slots], level], axis=2),
            velocities=np.concatenate([world.velocities[slots], level], axis=2),
            kinds=world.kinds[slots],
            is_present=world.is_present[slots],
        )


class FlatGatheringInteractor(GatheringInteractor):
    """Sees the same things in 12 slots, each with a flag that says whether it holds one; what it doesn't hold is 0."""

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        slot = observation_schema.struct(
            {
                "location": observation_schema.location(scale=HALF_SIZE_M),
                "velocity": observation_schema.velocity(scale=THING_SPEED_M_S),
                "kind": observation_schema.exclusive_discrete(NO_KIND + 1),
                "is_present": observation_schema.bool(),
            }
        )
        return observation_schema.struct(
            {
                "place": observation_schema.continuous(2, scale=HALF_SIZE_M),
                "things": observation_schema.static_array(slot, MAX_THINGS),
            }
        )

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        seen = self._seen_things(agent_ids)
        is_present = seen.is_present[:, :, None]
        slot = observation_object.struct(
            {
                "location": observation_object.location(np.where(is_present, seen.locations, 0.0)),
                "velocity": observation_object.velocity(np.where(is_present, seen.velocities, 0.0)),
                "kind": observation_object.exclusive_discrete(np.where(seen.is_present, seen.kinds, NO_KIND)),
                "is_present": observation_object.bool(seen.is_present),
            }
        )
        return observation_object.struct(
            {
                "place": observation_object.continuous(self._world.agent_positions[agent_ids]),
                "things": observation_object.static_array(slot),
            }
        )
