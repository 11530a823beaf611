"""The arena's expert reaches its goals, keeps off hazards and walls, and can be recorded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from host_sdk.mock_engine.arena import Arena
from host_sdk.mock_engine.arena_settings import ArenaSettings, Gear
from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from host_sdk.mock_engine.expert import ArenaExpert
from host_sdk.recorder import Recorder
from host_sdk.recording import Recording
from protocol.completion import Completion


def make(arena: ArenaSettings | None = None, agents: int = 16) -> tuple[MockEngine, ArenaExpert]:
    engine = MockEngine(MockEngineSettings(agent_count=agents, arena=arena or ArenaSettings()))
    return engine, ArenaExpert.make_controller(engine.manager, engine.interactor, arena=engine.arena)


def recorded(engine: MockEngine, tick: Callable[[Recorder], None], ticks: int) -> Recording:
    recorder = Recorder.make_recorder(engine.manager, engine.interactor, engine.environment)
    recorder.begin_recording()
    for _ in range(ticks):
        engine.tick(lambda: tick(recorder))
    recorder.end_recording()
    return recorder.get_recording()


def mean_return(recording: Recording) -> float:
    returns = [episode.episode_return for episode in recording.episodes if episode.is_terminated]
    return float(np.mean(returns))


def test_the_expert_is_far_better_than_nobody_taught() -> None:
    engine, expert = make()
    taught = recorded(engine, lambda recorder: recorder.run_recording(expert), 300)
    engine, _ = make()
    untaught = recorded(engine, lambda recorder: recorder.run_recording(engine.policy), 300)
    assert mean_return(taught) > 3.5
    assert mean_return(untaught) < 0.5
    assert np.mean([episode.is_terminated for episode in taught.episodes]) > 0.8


def test_the_expert_leaves_walls_alone() -> None:
    engine, expert = make(ArenaSettings(hazard_count=0))
    touches = 0
    for _ in range(200):
        engine.tick(expert.run_controller)
        touches += int((np.abs(engine.arena.wall_distances_m(engine.manager.agent_ids)) < 1e-9).sum())
        over = np.flatnonzero(engine.arena.completions != Completion.RUNNING)
        if over.size:
            assert (engine.arena.goals_reached[over] == 3).all()
            engine.manager.reset_agents(over)
    assert touches < 16


@pytest.mark.parametrize("side", [-0.3, 0.3])
def test_a_hazard_in_the_way_is_passed(side: float) -> None:
    engine, expert = make(ArenaSettings(hazard_count=1, hazard_speed_m_s=0.0), agents=1)
    arena: Arena = engine.arena
    arena.positions[0], arena.goals[0] = (-3.0, 0.0), (3.0, 0.0)
    arena.hazard_positions[0] = (0.0, side)
    arena.reset_goal_distances()
    nearest = np.inf
    while not arena.goals_reached[0]:
        engine.tick(expert.run_controller)
        nearest = min(nearest, float(np.linalg.norm(arena.positions[0] - arena.hazard_positions[0])))
        assert arena.completions[0] == Completion.RUNNING
    assert nearest > arena.settings.hazard_radius_m + 0.1


def test_the_expert_uses_every_gear_and_none_that_is_masked() -> None:
    engine, expert = make()
    gears: set[int] = set()
    for _ in range(60):
        engine.tick(expert.run_controller)
        gears |= set(engine.arena.gears.tolist())
        # Whoever is sent the other way has to turn.
        engine.arena.goals *= -1.0
    assert gears == {Gear.BRAKE, Gear.CRUISE, Gear.BOOST}
