"""The arena's physics, its rewards and how its episodes end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from host_sdk.mock_engine.arena import Arena
from host_sdk.mock_engine.arena_settings import ArenaSettings, Gear
from protocol.completion import Completion

CALM = ArenaSettings(hazard_count=0)


def _arena_with_one_agent(settings: ArenaSettings = CALM) -> Arena:
    arena = Arena(1, seed=1, settings=settings)
    arena.activate(np.array([0]))
    arena.positions[0] = (0.0, 0.0)
    arena.goals[0] = (4.0, 0.0)
    arena.reset_goal_distances()
    return arena


def _steer(arena: Arena, thrust: tuple[float, float], gear: int, ticks: int = 1) -> None:
    for _ in range(ticks):
        arena.set_controls(np.array([0]), np.array([thrust]), np.array([gear]))
        arena.step()


def test_a_seed_gives_the_same_world_whatever_came_before() -> None:
    everyone = np.arange(3)
    arena, other = Arena(3, seed=1), Arena(3, seed=2)
    arena.activate(everyone)
    other.activate(everyone)
    for _ in range(7):
        arena.step()
    for each in (arena, other):
        each.seed(5)
        each.reset(everyone)
        for _ in range(20):
            each.set_controls(everyone, np.full((3, 2), 0.5), np.full(3, Gear.CRUISE))
            each.step()
    assert np.array_equal(arena.positions, other.positions)
    assert np.array_equal(arena.goals, other.goals)
    assert np.array_equal(arena.hazard_positions, other.hazard_positions)


def test_thrust_approaches_the_speed_at_which_drag_balances_it() -> None:
    arena = _arena_with_one_agent(replace(CALM, half_size_m=1000.0, goals_per_episode=0))
    arena.goals[0] = (-500.0, 0.0)
    _steer(arena, (1.0, 0.0), Gear.CRUISE, ticks=200)
    # semi-implicit Euler with exact decay settles at a dt k / (1 - k), k the decay of one step
    decay = np.exp(-1.2 / 60.0)
    assert arena.velocities[0, 0] == pytest.approx(6.0 / 60.0 * decay / (1.0 - decay), rel=1e-6)
    assert arena.velocities[0, 0] == pytest.approx(6.0 / 1.2, rel=0.02)


def test_brake_stops_a_moving_agent_without_turning_it_round() -> None:
    arena = _arena_with_one_agent()
    arena.velocities[0] = (-4.0, 0.0)
    _steer(arena, (1.0, 1.0), Gear.BRAKE, ticks=20)
    assert -0.01 < arena.velocities[0, 0] <= 0.0
    assert arena.velocities[0, 1] == 0.0


def test_boost_is_faster_and_costs_more_than_cruise() -> None:
    cruising, boosting = _arena_with_one_agent(), _arena_with_one_agent()
    for arena in (cruising, boosting):
        arena.goals[0] = (0.0, 4.5)
        arena.reset_goal_distances()
    free = replace(CALM, control_cost_per_s=0.0)
    free_boosting = _arena_with_one_agent(free)
    free_boosting.goals[0] = (0.0, 4.5)
    free_boosting.reset_goal_distances()
    _steer(cruising, (1.0, 0.0), Gear.CRUISE)
    _steer(boosting, (1.0, 0.0), Gear.BOOST)
    _steer(free_boosting, (1.0, 0.0), Gear.BOOST)
    assert boosting.velocities[0, 0] > cruising.velocities[0, 0]
    assert boosting.rewards[0] == pytest.approx(free_boosting.rewards[0] - 0.02 * 0.1 * 0.5 * 2.0)


def test_a_wall_gives_back_part_of_the_speed() -> None:
    arena = _arena_with_one_agent(replace(CALM, gear_drag_per_s=(0.0, 0.0, 0.0), substeps_per_tick=1))
    arena.goals[0] = (-4.0, -4.0)
    arena.positions[0] = (4.79, 0.0)
    arena.velocities[0] = (6.0, 1.0)
    _steer(arena, (0.0, 0.0), Gear.BRAKE)
    assert arena.positions[0, 0] == pytest.approx(4.8)
    assert arena.velocities[0].tolist() == pytest.approx([-3.0, 1.0])


def test_reward_is_progress_to_the_goal_less_control_cost() -> None:
    arena = _arena_with_one_agent()
    _steer(arena, (1.0, 0.0), Gear.CRUISE)
    assert arena.rewards[0] == pytest.approx(0.1 * arena.positions[0, 0] - 0.02 * 0.1 * 0.5)


def test_reaching_a_goal_pays_the_bonus_and_gives_a_new_goal() -> None:
    arena = _arena_with_one_agent()
    arena.positions[0] = (3.45, 0.0)
    arena.reset_goal_distances()
    _steer(arena, (1.0, 0.0), Gear.BOOST)
    assert arena.rewards[0] > 1.0
    assert arena.completions[0] == Completion.RUNNING
    assert arena.goals_reached[0] == 1
    assert arena.goals[0].tolist() != [4.0, 0.0]


def test_the_last_goal_terminates_the_episode() -> None:
    arena = _arena_with_one_agent(replace(CALM, goals_per_episode=1))
    arena.positions[0] = (3.6, 0.0)
    _steer(arena, (0.0, 0.0), Gear.BRAKE)
    assert arena.completions[0] == Completion.TERMINATION


def test_touching_a_hazard_costs_the_penalty_and_terminates() -> None:
    arena = _arena_with_one_agent(ArenaSettings(hazard_count=1, hazard_speed_m_s=0.0))
    arena.hazard_positions[0] = arena.positions[0] + (0.3, 0.0)
    _steer(arena, (0.0, 0.0), Gear.BRAKE)
    assert arena.completions[0] == Completion.TERMINATION
    assert arena.rewards[0] == pytest.approx(-1.0)


def test_the_time_limit_truncates_and_does_not_terminate() -> None:
    arena = _arena_with_one_agent(replace(CALM, time_limit_s=1.0))
    _steer(arena, (0.0, 0.0), Gear.BRAKE, ticks=9)
    assert arena.completions[0] == Completion.RUNNING
    _steer(arena, (0.0, 0.0), Gear.BRAKE)
    assert arena.completions[0] == Completion.TRUNCATION


def test_a_hazard_at_the_time_limit_is_a_termination() -> None:
    arena = _arena_with_one_agent(ArenaSettings(hazard_count=1, hazard_speed_m_s=0.0, time_limit_s=0.1))
    arena.hazard_positions[0] = arena.positions[0]
    _steer(arena, (0.0, 0.0), Gear.BRAKE)
    assert arena.completions[0] == Completion.TERMINATION


def test_hazards_drift_and_stay_in_the_arena() -> None:
    arena = Arena(1, seed=3, settings=ArenaSettings(hazard_speed_m_s=5.0))
    before = arena.hazard_positions.copy()
    for _ in range(300):
        arena.step()
        assert (np.abs(arena.hazard_positions) < 4.4 + 5.0 / 60.0 + 1e-9).all()
    assert not np.allclose(before, arena.hazard_positions)


def test_agents_never_leave_the_arena() -> None:
    arena = Arena(32, seed=5, settings=CALM)
    slots = np.arange(32)
    arena.activate(slots)
    rng = np.random.default_rng(0)
    for _ in range(100):
        arena.set_controls(slots, rng.normal(size=(32, 2)) * 3.0, rng.integers(0, 3, 32))
        arena.step()
        assert (np.abs(arena.positions) <= 4.8).all()


def test_slots_without_an_agent_stay_still_and_score_nothing() -> None:
    arena = Arena(3, seed=2)
    arena.activate(np.array([0, 1, 2]))
    arena.set_controls(np.array([1]), np.array([[1.0, 0.0]]), np.array([Gear.BOOST]))
    arena.deactivate(np.array([1]))
    where = arena.positions[1].copy()
    for _ in range(200):
        arena.step()
    assert arena.positions[1].tolist() == where.tolist()
    assert arena.rewards[1] == 0.0
    assert arena.completions[1] == Completion.RUNNING


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    def play(seed: int) -> np.ndarray:
        arena = Arena(8, seed=seed)
        slots = np.arange(8)
        arena.activate(slots)
        controls = np.random.default_rng(9)
        for _ in range(150):
            arena.set_controls(slots, controls.normal(size=(8, 2)), controls.integers(0, 3, 8))
            arena.step()
            arena.reset(np.flatnonzero(arena.completions))
        return np.concatenate([arena.positions, arena.goals, arena.rewards[:, None]], axis=1)

    assert np.array_equal(play(7), play(7))
    assert not np.array_equal(play(7), play(8))


def test_hazards_are_seen_in_the_world_and_by_their_own_velocity_less_the_agents_as_far_as_it_sees() -> None:
    arena = _arena_with_one_agent(ArenaSettings(hazard_count=2, hazard_speed_m_s=0.0, sight_m=3.0))
    arena.positions[0] = (1.0, 0.0)
    arena.velocities[0] = (2.0, -1.0)
    arena.hazard_positions[:] = [(4.5, 0.0), (1.0, -2.0)]
    sight = arena.hazards_in_sight(np.array([0]))
    assert sight.locations[0].tolist() == [[4.5, 0.0, 0.0], [1.0, -2.0, 0.0]]
    assert sight.velocities[0].tolist() == [[-2.0, 1.0, 0.0]] * 2
    assert sight.is_in_sight[0].tolist() == [False, True]


def test_an_arena_without_hazards_shows_none() -> None:
    sight = _arena_with_one_agent(CALM).hazards_in_sight(np.array([0]))
    assert sight.locations.shape == (1, 0, 3)
    assert sight.is_in_sight.shape == (1, 0)


def test_boost_lasts_as_long_as_its_charge_and_is_cruise_without() -> None:
    arena = _arena_with_one_agent(replace(CALM, boost_s=0.2, recharge_s=0.4))
    gears, charges = [], []
    for _ in range(4):
        _steer(arena, (0.0, 0.0), Gear.BOOST)
        gears.append(Gear(int(arena.gears[0])))
        charges.append(round(float(arena.charges[0]), 6))
    assert gears == [Gear.BOOST, Gear.BOOST, Gear.CRUISE, Gear.CRUISE]
    assert charges == [0.5, 0.0, 0.25, 0.5]
    assert arena.can_boost(np.array([0])).tolist() == [True]


def test_a_new_episode_begins_with_a_full_charge() -> None:
    arena = _arena_with_one_agent()
    _steer(arena, (0.0, 0.0), Gear.BOOST, ticks=3)
    assert arena.charges[0] == pytest.approx(0.7)
    arena.reset(np.array([0]))
    assert arena.charges[0] == 1.0


def test_settings_out_of_range_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="restitution"):
        ArenaSettings(restitution=1.5)
    with pytest.raises(ValueError, match="substeps_per_tick"):
        ArenaSettings(substeps_per_tick=0)
    with pytest.raises(ValueError, match="capacity 0"):
        Arena(0)
