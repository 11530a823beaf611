"""What an arena is like: its size, its physics and what it rewards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Gear(IntEnum):
    """What an agent's engine does with its thrust."""

    BRAKE = 0
    CRUISE = 1
    BOOST = 2


_ABOVE_0 = (
    "half_size_m",
    "agent_radius_m",
    "goal_radius_m",
    "fixed_step_s",
    "time_limit_s",
    "boost_s",
    "recharge_s",
)


@dataclass(frozen=True)
class ArenaSettings:
    """The constants of one arena; lengths in metres, times in seconds.

    Attributes:
        half_size_m: the arena is a square of twice this size around the origin.
        agent_radius_m: of the agent's disc.
        goal_radius_m: a goal is reached when the agent's centre is this near.
        hazard_radius_m: an agent whose centre is this near to a hazard is out.
        hazard_count: hazards, shared by all agents; they drift and bounce off the walls.
        hazard_speed_m_s: of every hazard.
        fixed_step_s: the physics step.
        substeps_per_tick: physics steps in one tick, which is one decision.
        sight_m: an agent sees the hazards whose centres are this near.
        gear_power_m_s2: acceleration by full thrust in each gear (brake, cruise, boost).
        gear_drag_per_s: rate at which each gear loses speed.
        boost_s: how long a full charge boosts; it is full at the beginning of an episode.
        recharge_s: how long an empty charge takes to be full again, in the other gears.
        restitution: part of the speed kept by a bounce off a wall, 0 to 1.
        time_limit_s: an episode this long is truncated.
        goals_per_episode: reaching this many goals ends the episode (termination); 0 means without end.
        progress_reward_per_m: reward for each metre nearer to the goal, negative for each metre away.
        goal_bonus: reward for reaching a goal.
        hazard_penalty: subtracted on touching a hazard.
        control_cost_per_s: subtracted each second at full cruising thrust; boost costs twice as much.

    Raises:
        ValueError: a value is out of its range; the message names it.
    """

    half_size_m: float = 5.0
    agent_radius_m: float = 0.2
    goal_radius_m: float = 0.5
    hazard_radius_m: float = 0.6
    hazard_count: int = 3
    hazard_speed_m_s: float = 0.4
    fixed_step_s: float = 1.0 / 60.0
    substeps_per_tick: int = 6
    sight_m: float = 4.0
    gear_power_m_s2: tuple[float, float, float] = (0.0, 6.0, 11.0)
    gear_drag_per_s: tuple[float, float, float] = (5.0, 1.2, 1.2)
    boost_s: float = 1.0
    recharge_s: float = 1.5
    restitution: float = 0.5
    time_limit_s: float = 12.0
    goals_per_episode: int = 3
    progress_reward_per_m: float = 0.1
    goal_bonus: float = 1.0
    hazard_penalty: float = 1.0
    control_cost_per_s: float = 0.02

    def __post_init__(self) -> None:
        for name in _ABOVE_0:
            if getattr(self, name) <= 0.0:
                raise ValueError(f"ArenaSettings.{name} must be above 0, got {getattr(self, name)}")
        for name in ("hazard_count", "goals_per_episode", "hazard_radius_m", "hazard_speed_m_s", "sight_m"):
            if getattr(self, name) < 0:
                raise ValueError(f"ArenaSettings.{name} must not be negative, got {getattr(self, name)}")
        if self.substeps_per_tick < 1:
            raise ValueError(f"ArenaSettings.substeps_per_tick must be at least 1, got {self.substeps_per_tick}")
        if not 0.0 <= self.restitution <= 1.0:
            raise ValueError(f"ArenaSettings.restitution must be in [0, 1], got {self.restitution}")
        if self.agent_radius_m >= self.half_size_m:
            raise ValueError("ArenaSettings.agent_radius_m must be less than half_size_m, or no agent has room")

    @property
    def tick_s(self) -> float:
        """Simulated seconds in one tick."""
        return self.fixed_step_s * self.substeps_per_tick

    @property
    def time_limit_ticks(self) -> int:
        """Ticks after which an episode is truncated, at least 1."""
        return max(1, round(self.time_limit_s / self.tick_s))
