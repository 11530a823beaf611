"""Things of several kinds drift about in a square; an agent collects the good ones and keeps clear of the bad ones."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from tools.bench.worlds.world import BoolArray, FloatArray, IntArray, World

MAX_THINGS = 12
HALF_SIZE_M = 3.0
REACH_M = 0.5
"""A thing this near is collected, like it or not."""
AGENT_SPEED_M_S = 4.0
THING_SPEED_M_S = 1.0
STEP_S = 0.1
ARRIVAL_PROBABILITY = 0.3
"""Of one more thing in a step, while there is room for it."""
DEPARTURE_PROBABILITY = 0.02
"""Of each thing, in a step."""
CLEARANCE_M = 1.0
"""How far from the agent things appear, if a few tries find such a place."""
PLACEMENT_TRIES = 4


class Kind(IntEnum):
    """What a thing is."""

    FOOD = 0
    POISON = 1
    STONE = 2


VALUES = np.array([1.0, -1.0, 0.0])
"""The reward of collecting each kind."""
KIND_SHARES = np.array([0.5, 0.25, 0.25])
"""How likely a new thing is of each kind."""


class Gathering(World):
    """Up to 12 things to a copy; how many there are changes all the time.

    Attributes:
        agent_positions: float64[N, 2], metres from the middle.
        positions, velocities: float64[N, 12, 2], of the things.
        kinds: int64[N, 12], a `Kind` each.
        is_present: bool[N, 12], whether there is a thing in the slot.
        order: int64[N, 12], the slots in the order in which a sensor of this step reports them, which means nothing.
    """

    episode_step_limit = 100

    def __init__(self, agent_count: int, *, seed: int = 0) -> None:
        super().__init__(agent_count, seed=seed)
        self.agent_positions: FloatArray = np.zeros((agent_count, 2))
        self.positions: FloatArray = np.zeros((agent_count, MAX_THINGS, 2))
        self.velocities: FloatArray = np.zeros((agent_count, MAX_THINGS, 2))
        self.kinds: IntArray = np.zeros((agent_count, MAX_THINGS), np.int64)
        self.is_present: BoolArray = np.zeros((agent_count, MAX_THINGS), np.bool_)
        self.order: IntArray = np.tile(np.arange(MAX_THINGS), (agent_count, 1))
        self.reset(np.arange(agent_count))

    def _place(self, agents: IntArray) -> None:
        count = len(agents)
        self.agent_positions[agents] = self._random.uniform(-HALF_SIZE_M, HALF_SIZE_M, (count, 2))
        thing_counts = self._random.integers(0, MAX_THINGS + 1, count)
        self.is_present[agents] = np.arange(MAX_THINGS) < thing_counts[:, None]
        self._appear(np.repeat(agents, MAX_THINGS), np.tile(np.arange(MAX_THINGS), count))
        self._shuffle(agents)

    def step(self, moves: FloatArray) -> None:
        """Moves the agents and the things, collects what is in reach, and lets things come and go.

        Args:
            moves: float[N, 2], part of the top speed in each direction, cut to [-1, 1].
        """
        steps = AGENT_SPEED_M_S * STEP_S * np.clip(moves, -1.0, 1.0)
        self.agent_positions = np.clip(self.agent_positions + steps, -HALF_SIZE_M, HALF_SIZE_M)
        self.positions += self.velocities * STEP_S
        is_leaving = (np.abs(self.positions) > HALF_SIZE_M) & (self.positions * self.velocities > 0.0)
        self.velocities[is_leaving] *= -1.0
        offsets = self.offsets()
        is_collected = self.is_present & (np.einsum("nkd,nkd->nk", offsets, offsets) <= REACH_M**2)
        rewards = np.where(is_collected, VALUES[self.kinds], 0.0).sum(axis=1)
        departures = self._random.random(self.is_present.shape) < DEPARTURE_PROBABILITY
        self.is_present &= ~(is_collected | departures)
        arrives = (self._random.random(self.agent_count) < ARRIVAL_PROBABILITY) & ~self.is_present.all(axis=1)
        rows = np.flatnonzero(arrives)
        slots = (~self.is_present[rows]).argmax(axis=1)
        self._appear(rows, slots)
        self.is_present[rows, slots] = True
        self._shuffle(np.arange(self.agent_count))
        self._end_step(rewards, np.zeros(self.agent_count, np.bool_))

    def offsets(self) -> FloatArray:
        """float64[N, 12, 2], from each agent to its things."""
        offsets: FloatArray = self.positions - self.agent_positions[:, None]
        return offsets

    def _appear(self, rows: IntArray, slots: IntArray) -> None:
        """Puts a new thing into each of the slots."""
        count = len(rows)
        places = self._random.uniform(-HALF_SIZE_M, HALF_SIZE_M, (count, 2))
        for _ in range(PLACEMENT_TRIES):
            near = np.flatnonzero(np.linalg.norm(places - self.agent_positions[rows], axis=1) < CLEARANCE_M)
            if not near.size:
                break
            places[near] = self._random.uniform(-HALF_SIZE_M, HALF_SIZE_M, (near.size, 2))
        directions = self._random.uniform(0.0, 2.0 * np.pi, count)
        speeds = THING_SPEED_M_S * self._random.random(count)
        self.positions[rows, slots] = places
        self.velocities[rows, slots] = speeds[:, None] * np.stack([np.cos(directions), np.sin(directions)], axis=1)
        self.kinds[rows, slots] = self._random.choice(len(Kind), count, p=KIND_SHARES)

    def _shuffle(self, agents: IntArray) -> None:
        self.order[agents] = self._random.random((len(agents), MAX_THINGS)).argsort(axis=1)
