"""Environment parameters make the arena easier or harder for each agent, and leave it as it is without them."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk.mock_engine.arena import Arena
from host_sdk.mock_engine.arena_settings import ArenaSettings, Gear
from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from protocol.environment_sampler import ConstantSampler, EnvironmentSampler, UniformSampler
from protocol.policy_settings import PolicySettings

EVERYBODY = np.arange(200)


def make(**samplers: EnvironmentSampler) -> MockEngine:
    """An engine whose agents have begun episodes with these parameters."""
    engine = MockEngine(MockEngineSettings(agent_count=200, seed=3, policy=PolicySettings(hidden_sizes=(4,))))
    engine.environment.environment_parameters.set_samplers(samplers, requires_reset=True)
    engine.environment.reset_agents_where_required()
    return engine


def distances(arena: Arena) -> np.ndarray:
    return np.linalg.norm(arena.goal_offsets(EVERYBODY), axis=1)


def test_goals_are_as_near_as_the_parameter_says_and_new_ones_too() -> None:
    arena = make(goal_distance=ConstantSampler(2.0)).arena
    assert (distances(arena) <= 2.0).all()
    assert (distances(arena) >= 1.0 - 1e-9).mean() > 0.95  # two goal radii, but in crowded corners
    assert distances(arena).std() > 0.1
    arena.positions[EVERYBODY] = arena.goals[EVERYBODY]
    before = arena.goals.copy()
    arena.step()
    moved = np.abs(arena.goals - before).max(axis=1) > 0.0
    assert moved.sum() > 150
    assert (distances(arena)[moved] <= 2.0).all()


def test_without_the_parameter_goals_are_anywhere() -> None:
    assert distances(make().arena).max() > 6.0


def test_a_goal_is_never_so_near_that_it_is_reached_already() -> None:
    arena = make(goal_distance=ConstantSampler(0.0)).arena
    assert (arena.goal_ranges_m == 2.5 * 0.5).all()
    assert (distances(arena) >= 1.0 - 1e-9).mean() > 0.95


def test_hazards_beyond_an_agent_s_count_neither_harm_it_nor_are_seen() -> None:
    engine = make(hazard_count=ConstantSampler(1.0))
    arena = engine.arena
    arena.hazard_positions[:] = [(4.0, 4.0), (0.0, 0.0), (-4.0, -4.0)]
    arena.positions[EVERYBODY] = (0.1, 0.0)
    arena.hazard_counts[100:] = 3
    sight = arena.hazards_in_sight(EVERYBODY)
    assert sight.is_in_sight[:100].tolist() == [[False, False, False]] * 100
    assert sight.is_in_sight[100:].tolist() == [[False, True, False]] * 100
    arena.step()
    assert not arena.completions[:100].any()
    assert arena.completions[100:].all()


def test_hazard_counts_are_whole_and_no_more_than_there_are() -> None:
    counts = make(hazard_count=UniformSampler(-1.0, 9.0, 1)).arena.hazard_counts
    assert counts.tolist() == np.clip(counts, 0, 3).tolist()
    assert set(counts.tolist()) == {0, 1, 2, 3}


def test_drag_changes_the_speed_that_an_agent_gets_to_and_not_its_brakes() -> None:
    arena = Arena(2, seed=1, settings=ArenaSettings(half_size_m=1000.0, hazard_count=0, goals_per_episode=0))
    both = np.arange(2)
    scales = np.array([1.0, 2.0])
    arena.set_difficulty(both, goal_ranges_m=np.full(2, np.inf), drag_scales=scales, hazard_counts=np.zeros(2))
    arena.activate(both)
    for _ in range(300):
        arena.set_controls(both, np.tile([1.0, 0.0], (2, 1)), np.full(2, Gear.CRUISE))
        arena.step()
    decay = np.exp(-1.2 / 60.0 * scales)
    np.testing.assert_allclose(arena.velocities[:, 0], 6.0 / 60.0 * decay / (1.0 - decay), rtol=1e-6)
    before = arena.velocities[:, 0].copy()
    arena.set_controls(both, np.zeros((2, 2)), np.full(2, Gear.BRAKE))
    arena.step()
    np.testing.assert_allclose(arena.velocities[:, 0] / before, np.exp(-5.0 * 0.1), rtol=1e-9)


@pytest.mark.parametrize("name", ["goal_distance", "hazard_count", "drag"])
def test_newcomers_have_parameters_too(name: str) -> None:
    engine = make(**{name: ConstantSampler(1.5)})
    engine.replace_agents(10)
    assert engine.environment.environment_parameters.get_many(name, 0.0, EVERYBODY).tolist() == [1.5] * 200
