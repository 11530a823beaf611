"""A lone fighter against whoever comes: orders, weapons and targets that are mostly forbidden, an aim, and a shield.

In each step the fighter gives one order, aims, and may raise a shield. An order that is forbidden at the moment does
nothing, and the step is lost:

    attack    with a weapon that is ready, at an enemy who is there
    heal      with a potion, when hurt
    retreat   by up to 2 metres, for 1 of stamina
    wait      always; gives 1 of stamina
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from tools.bench.worlds.world import BoolArray, FloatArray, IntArray, World

MAX_ENEMIES = 12
WEAPON_COUNT = 8
ENEMY_DISTANCE_M = 12.0
ENEMY_STEP_M = 1.0
ARRIVAL_PROBABILITY = 0.4
COOLDOWN_STEPS = 16
AIM_TOLERANCE = 0.3
"""A shot whose aim is this near to the wind kills."""
WIND_STEP = 0.05
"""The wind's deviation in a step; it stays within ±0.8."""
MAX_WIND = 0.8
MAX_HEALTH = 5.0
HEALING = 3.0
MAX_POTIONS = 2
POTION_PROBABILITY = 0.03
MAX_STAMINA = 5.0
RETREAT_M = 2.0


class Order(IntEnum):
    """What the fighter does in a step."""

    ATTACK = 0
    HEAL = 1
    RETREAT = 2
    WAIT = 3


@dataclass(frozen=True)
class Orders:
    """What N fighters do in a step.

    Attributes:
        order: int64[N], an `Order`.
        weapon: int64[N], of 8; only an attack reads it.
        target: int64[N], of 12 likewise.
        retreat: float[N], part of 2 metres, 0 to 1; only a retreat reads it.
        aim: float[N], -1 to 1.
        shield: float[N], the part of a strike that is kept off, 0 to 1; it takes as much stamina, and no more than
            there is.
    """

    order: IntArray
    weapon: IntArray
    target: IntArray
    retreat: FloatArray
    aim: FloatArray
    shield: FloatArray


class Skirmish(World):
    """Each enemy killed gives 1; who has no health left is out.

    Attributes:
        health, stamina, wind: float64[N].
        potions: int64[N].
        cooldowns: int64[N, 8], steps until each weapon is ready.
        is_present: bool[N, 12], whether there is an enemy in the slot.
        distances_m: float64[N, 12], of the enemies, 0 where there is none.
    """

    episode_step_limit = 120

    def __init__(self, agent_count: int, *, seed: int = 0) -> None:
        super().__init__(agent_count, seed=seed)
        self.health: FloatArray = np.zeros(agent_count)
        self.stamina: FloatArray = np.zeros(agent_count)
        self.wind: FloatArray = np.zeros(agent_count)
        self.potions: IntArray = np.zeros(agent_count, np.int64)
        self.cooldowns: IntArray = np.zeros((agent_count, WEAPON_COUNT), np.int64)
        self.is_present: BoolArray = np.zeros((agent_count, MAX_ENEMIES), np.bool_)
        self.distances_m: FloatArray = np.zeros((agent_count, MAX_ENEMIES))
        self._rows = np.arange(agent_count)
        self.reset(self._rows)

    def _place(self, agents: IntArray) -> None:
        self.health[agents] = MAX_HEALTH
        self.stamina[agents] = MAX_STAMINA
        self.wind[agents] = self._random.uniform(-MAX_WIND, MAX_WIND, len(agents))
        self.potions[agents] = 1
        self.cooldowns[agents] = self._random.integers(0, COOLDOWN_STEPS, (len(agents), WEAPON_COUNT))
        self.is_present[agents] = False
        self.distances_m[agents] = 0.0
        self._arrive(agents)

    # --- What is allowed ---------------------------------------------------------------------------------------------

    @property
    def is_ready(self) -> BoolArray:
        """bool[N, 8], weapons that have cooled down."""
        ready: BoolArray = self.cooldowns == 0
        return ready

    def allowed_orders(self) -> BoolArray:
        """bool[N, 4], whether each `Order` would do something now."""
        can_attack = self.is_ready.any(axis=1) & self.is_present.any(axis=1)
        can_heal = (self.potions > 0) & (self.health < MAX_HEALTH)
        can_retreat = self.stamina >= 1.0
        return np.stack([can_attack, can_heal, can_retreat, np.ones(self.agent_count, np.bool_)], axis=1)

    # --- A step ------------------------------------------------------------------------------------------------------

    def step(self, orders: Orders) -> None:
        """Carries out what is allowed of the orders, then the enemies come nearer, strike, and more arrive."""
        is_allowed = self.allowed_orders()[self._rows, orders.order]
        rewards = self._attack(orders, is_allowed & (orders.order == Order.ATTACK))
        heals = is_allowed & (orders.order == Order.HEAL)
        self.health[heals] = np.minimum(self.health[heals] + HEALING, MAX_HEALTH)
        self.potions[heals] -= 1
        retreats = is_allowed & (orders.order == Order.RETREAT)
        moved = np.where(retreats, RETREAT_M * np.clip(orders.retreat, 0.0, 1.0), 0.0)
        self.stamina += np.where(orders.order == Order.WAIT, 1.0, 0.0) - retreats
        self._approach(moved, orders.shield)
        self._pass_time()
        self._end_step(rewards, self.health <= 0.0)

    def _attack(self, orders: Orders, attacks: BoolArray) -> FloatArray:
        """float64[N], 1 for each kill."""
        fires = attacks & self.is_ready[self._rows, orders.weapon] & self.is_present[self._rows, orders.target]
        self.cooldowns[self._rows[fires], orders.weapon[fires]] = COOLDOWN_STEPS
        kills = fires & (np.abs(orders.aim - self.wind) <= AIM_TOLERANCE)
        self.is_present[self._rows[kills], orders.target[kills]] = False
        return kills.astype(np.float64)

    def _approach(self, moved: FloatArray, shield: FloatArray) -> None:
        kept_off = np.minimum(np.clip(shield, 0.0, 1.0), self.stamina)
        self.stamina -= kept_off
        self.distances_m += moved[:, None] - ENEMY_STEP_M
        np.minimum(self.distances_m, ENEMY_DISTANCE_M, out=self.distances_m)
        strikes = self.is_present & (self.distances_m <= 0.0)
        self.health -= strikes.sum(axis=1) * (1.0 - kept_off)
        self.is_present &= ~strikes
        self.distances_m[~self.is_present] = 0.0

    def _pass_time(self) -> None:
        count = self.agent_count
        np.maximum(self.cooldowns - 1, 0, out=self.cooldowns)
        np.clip(self.stamina, 0.0, MAX_STAMINA, out=self.stamina)
        self.wind = np.clip(self.wind + WIND_STEP * self._random.standard_normal(count), -MAX_WIND, MAX_WIND)
        self.potions = np.minimum(self.potions + (self._random.random(count) < POTION_PROBABILITY), MAX_POTIONS)
        self._arrive(np.flatnonzero(self._random.random(count) < ARRIVAL_PROBABILITY))

    def _arrive(self, agents: IntArray) -> None:
        """An enemy in a free slot of each of the copies, chosen by chance; nobody where all are taken."""
        draws = np.where(self.is_present[agents], -1.0, self._random.random((len(agents), MAX_ENEMIES)))
        slots = draws.argmax(axis=1)
        is_free = draws[np.arange(len(agents)), slots] >= 0.0
        self.is_present[agents[is_free], slots[is_free]] = True
        self.distances_m[agents[is_free], slots[is_free]] = ENEMY_DISTANCE_M
