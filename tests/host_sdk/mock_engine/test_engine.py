"""The mock engine plays, misbehaves on request, and plays the same again from the same seed."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from host_sdk.mock_engine.arena_settings import ArenaSettings, Gear
from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from host_sdk.mock_engine.misbehaviour import Misbehaviour
from protocol.observation_layout import ObservationLayout
from protocol.policy_settings import PolicySettings

SMALL = PolicySettings(hidden_sizes=(8,))


def _engine(*misbehaviours: str, agent_count: int = 8, seed: int = 3) -> MockEngine:
    faults = tuple(Misbehaviour.parse(text) for text in misbehaviours)
    return MockEngine(MockEngineSettings(agent_count=agent_count, seed=seed, policy=SMALL, misbehaviours=faults))


def _play(engine: MockEngine, ticks: int) -> None:
    for _ in range(ticks):
        engine.tick()


def test_agents_act_by_the_untrained_policy_and_begin_anew_when_they_are_done() -> None:
    engine = _engine()
    _play(engine, 150)
    assert engine.tick_count == 150
    assert (engine.arena.episode_ticks < 150).all()
    assert np.abs(engine.arena.velocities).max() > 0.1


def test_the_same_seed_plays_the_same_game() -> None:
    first, second, other = _engine(seed=5), _engine(seed=5), _engine(seed=6)
    for engine in (first, second, other):
        _play(engine, 60)
    assert np.array_equal(first.arena.positions, second.arena.positions)
    assert not np.array_equal(first.arena.positions, other.arena.positions)


def test_the_observation_vector_holds_what_the_arena_shows() -> None:
    engine = _engine(agent_count=2)
    arena = engine.arena
    arena.positions[:] = [(0.0, 0.0), (4.0, 0.0)]
    arena.goals[:] = [(3.0, 4.0), (4.0, -2.0)]
    arena.velocities[1] = (2.5, 0.0)
    arena.gears[1] = Gear.BOOST
    arena.charges[1] = 0.25
    engine.interactor.gather_observations()
    leaves = {leaf.path: leaf for leaf in ObservationLayout.of(engine.interactor.observation_schema_element).leaves}

    def seen(agent_id: int, name: str) -> list[float]:
        vector, _ = engine.interactor.get_observation_vector(agent_id)
        leaf = leaves[f"$.{name}"]
        return pytest.approx(vector[leaf.offset : leaf.offset + leaf.size].tolist(), abs=1e-6)

    assert seen(0, "goal_direction") == [0.6, 0.8, 0.0]
    assert seen(0, "goal_distance") == [0.5]
    assert seen(1, "velocity") == [0.5, 0.0, 0.0]
    assert seen(1, "wall_distances") == [0.08, 0.48, 0.88, 0.48]
    assert seen(1, "last_gear") == [0.0, 0.0, 1.0]
    assert seen(1, "boost_charge") == [0.25]


def test_an_agent_sees_the_hazards_about_it_as_a_set() -> None:
    arena = ArenaSettings(hazard_count=2, hazard_speed_m_s=0.0, sight_m=4.0)
    engine = MockEngine(MockEngineSettings(agent_count=1, policy=SMALL, arena=arena))
    engine.arena.positions[:] = (1.0, 0.0)
    engine.arena.velocities[:] = (-2.5, 0.0)
    engine.arena.hazard_positions[:] = [(-4.0, 0.0), (1.0, 2.0)]
    engine.interactor.gather_observations()
    vector, _ = engine.interactor.get_observation_vector(0)
    start = 3 + 1 + 3 + 4
    # two slots of location and velocity, of which the first is out of sight, then who is there
    assert vector[start : start + 14].tolist() == pytest.approx([*[0.0] * 6, 0.0, 0.5, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0])


def test_thrust_is_cut_to_its_bounds_and_the_gear_reaches_the_arena() -> None:
    engine = _engine(agent_count=1)
    interactor = engine.interactor
    interactor.gather_observations()
    interactor.set_action_vector([3.0, -0.25, 0.0, 0.0, 1.0], interactor.action_hash, 0)
    interactor.perform_actions()
    engine.arena.velocities[0] = 0.0
    engine.arena.step()
    assert engine.arena.gears[0] == Gear.BOOST
    ratio = engine.arena.velocities[0, 1] / engine.arena.velocities[0, 0]
    assert ratio == pytest.approx(-0.25)


def test_nobody_chooses_boost_without_a_charge_for_it() -> None:
    engine = _engine(agent_count=64)
    chosen = []
    for _ in range(40):
        engine.arena.charges[::2] = 0.0
        engine.policy.run_inference()
        chosen.append(engine.arena.gears.copy())
        engine.arena.step()
        engine.environment.gather_completions()
        engine.environment.gather_rewards()
    gears = np.array(chosen)
    masked, _ = engine.interactor.get_action_modifier_vector(0)
    assert masked[-3:].tolist() == [0.0, 0.0, 1.0]
    assert set(gears[:, ::2].ravel().tolist()) == {Gear.BRAKE, Gear.CRUISE}
    assert set(gears[:, 1::2].ravel().tolist()) == set(Gear)


def test_a_burst_replaces_agents_and_their_slots_are_used_again() -> None:
    engine = _engine("burst@3:5")
    before = list(engine.manager.get_all_agents())
    _play(engine, 8)
    after = engine.manager.get_all_agents()
    assert len(after) == 8
    assert sum(agent in before for agent in after) == 3
    assert engine.arena.is_active.all()


def test_a_burst_of_more_agents_than_there_are_replaces_them_all() -> None:
    engine = _engine("burst@2:100")
    before = engine.manager.get_all_agents()
    _play(engine, 4)
    assert not set(map(id, before)) & set(map(id, engine.manager.get_all_agents()))


def test_a_poisoned_observation_is_reported_and_lasts_one_step(caplog: pytest.LogCaptureFixture) -> None:
    engine = _engine("nan-observation@2:4")
    with caplog.at_level(logging.WARNING):
        _play(engine, 5)
    assert any("agent 4" in record.getMessage() for record in caplog.records)
    assert np.isfinite(engine.arena.positions).all()
    vector, _ = engine.interactor.get_observation_vector(4)
    assert np.isfinite(vector).all()
    assert vector.any()


def test_a_poisoned_reward_reaches_the_environment_once() -> None:
    engine = _engine("nan-reward@2:4")
    seen = []
    for _ in range(5):
        engine.tick()
        seen.append(engine.environment.get_reward(4) if engine.environment.has_reward(4) else 0.0)
    assert [bool(np.isnan(reward)) for reward in seen] == [False, False, True, False, False]


def test_a_stall_holds_the_engine_up() -> None:
    slept: list[float] = []
    engine = _engine("stall@1:2.5")
    engine.stall = slept.append  # type: ignore[method-assign]
    _play(engine, 3)
    assert slept == [2.5]
