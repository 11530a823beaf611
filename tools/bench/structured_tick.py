"""What a tick of structured observations costs: 1,024 agents that see a struct of 8 elements and a set of up to 16.

The three parts of a tick, each by its own call: observing (the game's callback, batched, and the writing of vectors),
the network (encoder and layers), and acting (sampling, and reading the action in the game). Nothing is recorded.
"""

from __future__ import annotations

import time
from enum import Enum

import numpy as np

from host_sdk import (
    ActionObject,
    ActionObjectElements,
    ActionSchema,
    ActionSchemaElement,
    AgentIds,
    Interactor,
    Manager,
    ObservationObject,
    ObservationObjectElement,
    ObservationSchema,
    ObservationSchemaElement,
    Policy,
    PolicySettings,
    Transform,
)
from tools.bench.row import BenchRow
from tools.bench.timing import Spread

AGENT_COUNT = 1024
SET_SIZE = 16
HIDDEN_SIZES = (128, 128)
TICK_COUNT = 50
WARM_UP_TICKS = 20
PARTS = ("observing", "the network", "acting")


class Kind(Enum):
    """Of a thing in the set."""

    FRIEND = 0
    ENEMY = 1
    ITEM = 2
    OBSTACLE = 3


class StructuredInteractor(Interactor):
    """Shows the same numbers at every tick, and reads actions without doing anything about them.

    Attributes:
        is_relative: whether the things are seen from the agents' transforms, which move and turn them, at every tick.
    """

    def __init__(self, agent_count: int = AGENT_COUNT, *, is_relative: bool = False, seed: int = 0) -> None:
        super().__init__()
        self.is_relative = is_relative
        draws = np.random.default_rng(seed)
        self._places = draws.uniform(-50.0, 50.0, (agent_count, 3))
        self._velocities = draws.normal(0.0, 2.0, (agent_count, 3))
        self._yaws = draws.uniform(-180.0, 180.0, agent_count)
        self._health = draws.random(agent_count)
        self._ammunition = draws.integers(0, 100, agent_count)
        self._modes = draws.integers(0, len(Kind), agent_count)
        self._can_use = draws.random((agent_count, 5)) < 0.5
        self._thing_places = draws.normal(0.0, 10.0, (agent_count, SET_SIZE, 3))
        self._thing_velocities = draws.normal(0.0, 2.0, (agent_count, SET_SIZE, 3))
        self._thing_kinds = draws.integers(0, len(Kind), (agent_count, SET_SIZE))
        self._is_present = np.arange(SET_SIZE) < draws.integers(0, SET_SIZE + 1, (agent_count, 1))

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationSchemaElement:
        thing = observation_schema.struct(
            {
                "location": observation_schema.location(scale=20.0),
                "velocity": observation_schema.velocity(scale=5.0),
                "kind": observation_schema.enum(Kind),
            }
        )
        return observation_schema.struct(
            {
                "location": observation_schema.location(),
                "velocity": observation_schema.velocity(scale=5.0),
                "facing": observation_schema.angle(),
                "goal": observation_schema.direction(),
                "health": observation_schema.float(),
                "ammunition": observation_schema.count(scale=100.0),
                "mode": observation_schema.enum(Kind),
                "can_use": observation_schema.inclusive_discrete(5),
                "things": observation_schema.set(thing, SET_SIZE),
            }
        )

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionSchemaElement:
        return action_schema.struct(
            {
                "move": action_schema.continuous(2, bounding="clip", low=-1.0, high=1.0),
                "aim": action_schema.float(bounding="squash", low=-1.0, high=1.0),
                "mode": action_schema.exclusive_discrete(len(Kind)),
            }
        )

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        made = observation_object
        transform = None
        if self.is_relative:
            half = np.radians(self._yaws[agent_ids]) / 2.0
            zeros = np.zeros_like(half)
            transform = Transform(self._places[agent_ids], np.stack([zeros, zeros, np.sin(half), np.cos(half)], axis=1))
        thing = made.struct(
            {
                "location": made.location(self._thing_places[agent_ids], transform),
                "velocity": made.velocity(self._thing_velocities[agent_ids], transform),
                "kind": made.enum(self._thing_kinds[agent_ids]),
            }
        )
        return made.struct(
            {
                "location": made.location(self._places[agent_ids]),
                "velocity": made.velocity(self._velocities[agent_ids]),
                "facing": made.angle(self._yaws[agent_ids]),
                "goal": made.direction(self._velocities[agent_ids]),
                "health": made.float(self._health[agent_ids]),
                "ammunition": made.count(self._ammunition[agent_ids]),
                "mode": made.enum(self._modes[agent_ids]),
                "can_use": made.inclusive_discrete(self._can_use[agent_ids]),
                "things": made.set(thing, self._is_present[agent_ids]),
            }
        )

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        parts = action_object.get_struct(action_object_elements)
        action_object.get_continuous(parts["move"])
        action_object.get_float(parts["aim"])
        action_object.get_exclusive_discrete(parts["mode"])


class StructuredGame:
    """Agents that observe, decide and act; nobody records it."""

    def __init__(self, agent_count: int = AGENT_COUNT, *, is_relative: bool = False) -> None:
        self.manager = Manager(agent_count)
        self.interactor = StructuredInteractor(agent_count, is_relative=is_relative)
        self.interactor.setup_interactor(self.manager)
        self.policy = Policy.make_policy(self.manager, self.interactor, PolicySettings(hidden_sizes=HIDDEN_SIZES))
        self.manager.add_agents([object() for _ in range(agent_count)])

    def tick(self) -> tuple[float, float, float]:
        """Seconds of each part of one tick."""
        started_s = time.perf_counter()
        self.interactor.gather_observations()
        observed_s = time.perf_counter()
        self.policy.encode_observations()
        self.policy.evaluate_policy()
        evaluated_s = time.perf_counter()
        self.policy.decode_and_sample_actions()
        self.interactor.perform_actions()
        return observed_s - started_s, evaluated_s - observed_s, time.perf_counter() - evaluated_s


def measure(is_relative: bool, rounds: int) -> tuple[Spread, ...]:
    """Milliseconds of a tick, and of each of its parts: each round's medians."""
    game = StructuredGame(is_relative=is_relative)
    for _ in range(WARM_UP_TICKS):
        game.tick()
    values = []
    for _ in range(rounds):
        parts = 1e3 * np.array([game.tick() for _ in range(TICK_COUNT)])
        values.append([float(np.median(parts.sum(axis=1))), *np.median(parts, axis=0).tolist()])
    return tuple(Spread.of([value[part] for value in values]) for part in range(1 + len(PARTS)))


def rows(rounds: int) -> list[BenchRow]:
    """A tick and its parts; and a tick in which things are seen from transforms."""
    whole, *parts = measure(False, rounds)
    relative, *_ = measure(True, rounds)
    what = f"{AGENT_COUNT:,} agents, a struct of 8 elements and a set of up to {SET_SIZE}"
    return [
        _row(f"a tick with {what}", whole, "median <= 12"),
        *(_row(f"of which {name}", part) for name, part in zip(PARTS, parts, strict=True)),
        _row("the same tick, the set seen from each agent's transform", relative),
    ]


def _row(name: str, spread: Spread, target: str = "") -> BenchRow:
    return BenchRow(
        bench="tick",
        name=name,
        median=spread.median,
        low=spread.low,
        high=spread.high,
        unit="ms",
        target=target,
    )
