"""A small 2-D physics world: discs that thrust towards goals between walls and drifting hazards.

Structure of arrays over agent slots; N is the capacity, K the number of hazards. A tick is a fixed number of fixed
physics steps (semi-implicit Euler), so the same seed and the same controls give the same world.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from host_sdk.mock_engine.arena_settings import ArenaSettings, Gear
from protocol.completion import Completion

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_DRIVING_GEARS = np.array([Gear.CRUISE, Gear.BOOST])
_PLACEMENT_TRIES = 16
_TINY_CHARGE = 1e-9


@dataclass(frozen=True)
class HazardSight:
    """The hazards as n agents see them; K is their number.

    Attributes:
        locations: float64[n, K, 3], metres, in the world's own space; the arena is level.
        velocities: float64[n, K, 3], metres per second, less the agent's own.
        is_in_sight: bool[n, K].
    """

    locations: FloatArray
    velocities: FloatArray
    is_in_sight: BoolArray


class Arena:
    """The world itself: `set_controls`, `step`, read `rewards` and `completions`, `reset` who is done.

    Attributes:
        positions, velocities, goals: float64[N, 2], metres and metres per second.
        gears: int64[N], the last `Gear`.
        charges: float64[N], of the boost, 0 to 1.
        rewards: float64[N], of the last tick.
        completions: uint8[N], a `Completion` for each slot after the last tick.
        episode_ticks: int64[N], ticks since the slot's reset.
        goals_reached: int64[N], since the slot's reset.
        is_active: bool[N], slots that hold an agent; the others don't move.
        goal_ranges_m: float64[N], metres from an agent within which its new goals are; infinite: anywhere.
        hazard_counts: int64[N], how many of the hazards there are for each agent; the others neither harm it nor are
            seen by it.
    """

    def __init__(self, capacity: int, *, seed: int = 0, settings: ArenaSettings | None = None) -> None:
        """Make an empty arena.

        Raises:
            ValueError: `capacity` is below 1.
        """
        if capacity < 1:
            raise ValueError(f"an arena needs room for at least 1 agent, got capacity {capacity}")
        self.settings = ArenaSettings() if settings is None else settings
        self.capacity = capacity
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._reach_m = self.settings.half_size_m - self.settings.agent_radius_m
        self.positions: FloatArray = np.zeros((capacity, 2))
        self.velocities: FloatArray = np.zeros((capacity, 2))
        self.goals: FloatArray = np.zeros((capacity, 2))
        self.gears: IntArray = np.zeros(capacity, np.int64)
        self.charges: FloatArray = np.ones(capacity)
        self.rewards: FloatArray = np.zeros(capacity)
        self.completions: npt.NDArray[np.uint8] = np.zeros(capacity, np.uint8)
        self.episode_ticks: IntArray = np.zeros(capacity, np.int64)
        self.goals_reached: IntArray = np.zeros(capacity, np.int64)
        self.is_active: BoolArray = np.zeros(capacity, np.bool_)
        self.goal_ranges_m: FloatArray = np.full(capacity, np.inf)
        self.hazard_counts: IntArray = np.full(capacity, self.settings.hazard_count)
        self._thrusts: FloatArray = np.zeros((capacity, 2))
        self._goal_distances_m: FloatArray = np.zeros(capacity)
        self._gear_power = np.asarray(self.settings.gear_power_m_s2)
        # exact decay over one step, so that a strong brake can't reverse the velocity
        self._gear_decay = np.exp(-np.asarray(self.settings.gear_drag_per_s) * self.settings.fixed_step_s)
        self._decay: FloatArray = np.tile(self._gear_decay, (capacity, 1))
        self._slots = np.arange(capacity)
        self._place_hazards()

    def set_difficulty(
        self, slots: IntArray, *, goal_ranges_m: FloatArray, drag_scales: FloatArray, hazard_counts: FloatArray
    ) -> None:
        """Say what the episodes that begin next are like for the agents in `slots`.

        Args:
            slots: int64[n].
            goal_ranges_m: float64[n], as the attribute; at least two and a half times the goal's radius.
            drag_scales: float64[n], times the drag of the gears that drive, at least 0.
            hazard_counts: float64[n], as the attribute, rounded; at most as many as there are.
        """
        self.goal_ranges_m[slots] = np.maximum(goal_ranges_m, 2.5 * self.settings.goal_radius_m)
        scales = np.maximum(drag_scales, 0.0)[:, None]
        self._decay[slots[:, None], _DRIVING_GEARS] = self._gear_decay[_DRIVING_GEARS] ** scales
        self.hazard_counts[slots] = np.clip(np.rint(hazard_counts), 0, self.settings.hazard_count)

    def seed(self, seed: int) -> None:
        """Begin the world's random numbers anew, and put the hazards where these say; agents stay where they are."""
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._place_hazards()

    def activate(self, slots: IntArray) -> None:
        """Put agents into `slots`, each at the beginning of an episode."""
        self.is_active[slots] = True
        self.reset(slots)

    def deactivate(self, slots: IntArray) -> None:
        """Take the agents out of `slots`; what remains there stands still."""
        self.is_active[slots] = False
        self.velocities[slots] = 0.0
        self._thrusts[slots] = 0.0
        self.rewards[slots] = 0.0
        self.completions[slots] = Completion.RUNNING

    def reset(self, slots: IntArray) -> None:
        """Begin a new episode in each of `slots`: at rest, somewhere away from the hazards, with a new goal."""
        count = len(slots)
        self.positions[slots] = self._free_places(count)
        self.velocities[slots] = 0.0
        self._thrusts[slots] = 0.0
        self.gears[slots] = Gear.BRAKE
        self.charges[slots] = 1.0
        self.rewards[slots] = 0.0
        self.completions[slots] = Completion.RUNNING
        self.episode_ticks[slots] = 0
        self.goals_reached[slots] = 0
        self._give_goals(slots)

    def set_controls(self, slots: IntArray, thrusts: npt.NDArray[np.floating], gears: npt.NDArray[np.integer]) -> None:
        """Set what the agents in `slots` do from the next step on.

        Args:
            slots: int64[n].
            thrusts: float[n, 2], each cut to [-1, 1].
            gears: int[n], a `Gear`; boost without a charge for a tick is taken for cruise.
        """
        self._thrusts[slots] = np.clip(thrusts, -1.0, 1.0)
        self.gears[slots] = np.where((gears == Gear.BOOST) & ~self.can_boost(slots), Gear.CRUISE, gears)

    def can_boost(self, slots: IntArray) -> BoolArray:
        """bool[n], whose charge lasts for another tick of boost."""
        # a charge that was used tick by tick lacks a rounding error of its last one
        can: BoolArray = self.charges[slots] >= self.settings.tick_s / self.settings.boost_s - _TINY_CHARGE
        return can

    def step(self) -> None:
        """Advance one tick: physics, then rewards and completions of every active slot."""
        touched_goal: BoolArray = np.zeros(self.capacity, np.bool_)
        touched_hazard: BoolArray = np.zeros(self.capacity, np.bool_)
        step_s = self.settings.fixed_step_s
        acceleration = self._thrusts * self._gear_power[self.gears][:, None]
        impulse = acceleration * step_s
        decay = self._decay[self._slots, self.gears][:, None]
        for _ in range(self.settings.substeps_per_tick):
            self._move_hazards(step_s)
            self.velocities += impulse
            self.velocities *= decay
            self.velocities[~self.is_active] = 0.0
            self.positions += self.velocities * step_s
            self._bounce()
            touched_goal |= self._is_near_goal() & ~touched_hazard
            touched_hazard |= self._is_near_hazard() & ~touched_goal
        self.episode_ticks += 1
        is_boosting = self.gears == Gear.BOOST
        self.charges += np.where(is_boosting, -1.0 / self.settings.boost_s, 1.0 / self.settings.recharge_s) * (
            self.settings.tick_s
        )
        np.clip(self.charges, 0.0, 1.0, out=self.charges)
        self._judge(touched_goal, touched_hazard)

    def reset_goal_distances(self) -> None:
        """Measure progress from where everything is now; for who moved agents or goals by hand."""
        offsets = self.goals - self.positions
        self._goal_distances_m = np.sqrt(np.einsum("nd,nd->n", offsets, offsets))

    def goal_offsets(self, slots: IntArray) -> FloatArray:
        """float64[n, 2], metres from each agent to its goal."""
        offsets: FloatArray = self.goals[slots] - self.positions[slots]
        return offsets

    def wall_distances_m(self, slots: IntArray) -> FloatArray:
        """float64[n, 4], free metres to the walls at +x, +y, -x, -y."""
        position = self.positions[slots]
        return np.concatenate([self._reach_m - position, self._reach_m + position], axis=1)

    def hazards_in_sight(self, slots: IntArray) -> HazardSight:
        """The hazards about each agent."""
        offsets = self.hazard_positions[None] - self.positions[slots][:, None]
        count = len(slots)
        velocities = self._hazard_velocities[None] - self.velocities[slots][:, None]
        level = np.zeros((count, self.settings.hazard_count, 1))
        is_there = np.arange(self.settings.hazard_count) < self.hazard_counts[slots][:, None]
        return HazardSight(
            locations=np.concatenate([np.broadcast_to(self.hazard_positions, offsets.shape), level], axis=2),
            velocities=np.concatenate([velocities, level], axis=2),
            is_in_sight=is_there & (np.einsum("nkd,nkd->nk", offsets, offsets) <= self.settings.sight_m**2),
        )

    def _place_hazards(self) -> None:
        count = self.settings.hazard_count
        reach = self.settings.half_size_m - self.settings.hazard_radius_m
        self.hazard_positions: FloatArray = self._rng.uniform(-reach, reach, (count, 2))
        angles = self._rng.uniform(0.0, 2.0 * np.pi, count)
        self._hazard_velocities: FloatArray = (
            np.stack([np.cos(angles), np.sin(angles)], axis=1) * self.settings.hazard_speed_m_s
        )

    def _move_hazards(self, step_s: float) -> None:
        self.hazard_positions += self._hazard_velocities * step_s
        reach = self.settings.half_size_m - self.settings.hazard_radius_m
        outwards = np.sign(self.hazard_positions) == np.sign(self._hazard_velocities)
        turn = (np.abs(self.hazard_positions) > reach) & outwards
        self._hazard_velocities[turn] *= -1.0

    def _bounce(self) -> None:
        is_beyond = np.abs(self.positions) > self._reach_m
        if not is_beyond.any():
            return
        np.clip(self.positions, -self._reach_m, self._reach_m, out=self.positions)
        self.velocities[is_beyond] *= -self.settings.restitution

    def _is_near_goal(self) -> BoolArray:
        offsets = self.goals - self.positions
        near: BoolArray = np.einsum("nd,nd->n", offsets, offsets) <= self.settings.goal_radius_m**2
        return near

    def _is_near_hazard(self) -> BoolArray:
        near: BoolArray = np.zeros(self.capacity, np.bool_)
        for index, hazard in enumerate(self.hazard_positions):
            offsets = self.positions - hazard
            is_near = np.einsum("nd,nd->n", offsets, offsets) <= self.settings.hazard_radius_m**2
            near |= is_near & (index < self.hazard_counts)
        return near

    def _judge(self, touched_goal: BoolArray, touched_hazard: BoolArray) -> None:
        """Reward = progress to the goal + bonus - penalty - control cost, then who is done, then new goals."""
        settings = self.settings
        offsets = self.goals - self.positions
        distances = np.sqrt(np.einsum("nd,nd->n", offsets, offsets))
        # a goal passed within the tick counts as approached to its rim
        distances = np.where(touched_goal, settings.goal_radius_m, distances)
        effort = np.einsum("nd,nd->n", self._thrusts, self._thrusts) * 0.5
        effort *= np.where(self.gears == Gear.BOOST, 2.0, np.where(self.gears == Gear.BRAKE, 0.0, 1.0))
        self.rewards[:] = (
            settings.progress_reward_per_m * (self._goal_distances_m - distances)
            + settings.goal_bonus * touched_goal
            - settings.hazard_penalty * touched_hazard
            - settings.control_cost_per_s * settings.tick_s * effort
        )
        self._goal_distances_m = distances
        self.goals_reached += touched_goal
        is_finished = touched_hazard.copy()
        if settings.goals_per_episode:
            is_finished |= touched_goal & (self.goals_reached >= settings.goals_per_episode)
        is_late = self.episode_ticks >= settings.time_limit_ticks
        self.completions[:] = np.where(
            is_finished, Completion.TERMINATION, np.where(is_late, Completion.TRUNCATION, Completion.RUNNING)
        )
        self.rewards[~self.is_active] = 0.0
        self.completions[~self.is_active] = Completion.RUNNING
        self._give_goals(np.flatnonzero(touched_goal & ~is_finished & self.is_active))

    def _give_goals(self, slots: IntArray) -> None:
        if not len(slots):
            return
        self.goals[slots] = self._free_places(len(slots), self.positions[slots], self.goal_ranges_m[slots])
        offsets = self.goals[slots] - self.positions[slots]
        self._goal_distances_m[slots] = np.sqrt(np.einsum("nd,nd->n", offsets, offsets))

    def _free_places(
        self, count: int, away_from: FloatArray | None = None, ranges_m: FloatArray | None = None
    ) -> FloatArray:
        """float64[count, 2], places clear of hazards and of `away_from`; crowded arenas get the last try.

        Args:
            count: how many.
            away_from: float64[count, 2]; each place is at least two goal radii away from its own.
            ranges_m: float64[count], how far each may be away at most.
        """
        everywhere = np.full((count, 2), 0.0), np.full(count, np.inf)
        origins, ranges = everywhere if away_from is None or ranges_m is None else (away_from, ranges_m)
        places = self._draw_places(origins, ranges)
        for _ in range(_PLACEMENT_TRIES):
            is_bad = self._is_crowded(places)
            if away_from is not None:
                is_bad |= np.linalg.norm(places - away_from, axis=1) < 2.0 * self.settings.goal_radius_m
            bad_count = int(is_bad.sum())
            if not bad_count:
                break
            places[is_bad] = self._draw_places(origins[is_bad], ranges[is_bad])
        return places

    def _draw_places(self, origins: FloatArray, ranges_m: FloatArray) -> FloatArray:
        """float64[n, 2], anywhere in the arena, or in a ring about an origin where the range is finite."""
        reach = self._reach_m * 0.95
        places: FloatArray = self._rng.uniform(-reach, reach, origins.shape)
        is_near = np.isfinite(ranges_m)
        if is_near.any():
            shares = (places[is_near] / reach + 1.0) / 2.0
            least = 2.0 * self.settings.goal_radius_m
            radii = np.sqrt(least**2 + shares[:, 0] * (ranges_m[is_near] ** 2 - least**2))
            angles = 2.0 * np.pi * shares[:, 1]
            offsets = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            places[is_near] = np.clip(origins[is_near] + offsets, -reach, reach)
        return places

    def _is_crowded(self, places: FloatArray) -> BoolArray:
        if not len(self.hazard_positions):
            return np.zeros(len(places), np.bool_)
        gaps = np.linalg.norm(places[:, None] - self.hazard_positions[None], axis=2)
        crowded: BoolArray = gaps.min(axis=1) < self.settings.hazard_radius_m * 2.0
        return crowded
