"""Whole episodes are played, without preferring short ones, and kept with all that is worth knowing of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_sdk.adapters.gymnasium.__main__ import main as play_gymnasium
from host_sdk.host_program.episode_quota import EpisodeQuota
from host_sdk.host_program.random_controller import RandomController
from host_sdk.manager import Manager
from host_sdk.mock_engine.__main__ import main as play_arena
from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from protocol.completion import Completion
from protocol.recording import RecordingReader

CART_POLE = ("--env-id", "CartPole-v1", "--agents", "3")


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])["summary"]
    assert isinstance(summary, dict)
    return summary


def test_each_agent_plays_its_share_and_leaves(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "random.lbr"
    assert play_gymnasium([*CART_POLE, "--random", "--n-episodes", "7", "--record", str(path), "--seed", "5"]) == 0
    summary = last_line(capsys)
    assert summary["statistics"]["n_traj"] == 7
    with RecordingReader(path) as reader:
        agents = [episode.agent_id for episode in reader]
        assert sorted(agents.count(agent) for agent in range(3)) == [2, 2, 3]
        assert all(completion is Completion.TERMINATION for completion in reader.completions)
        assert reader.step_count == summary["steps"]
        metadata = reader.header.metadata
    assert (metadata["world"], metadata["actor"], metadata["seed"]) == ("gymnasium:CartPole-v1", "random", "5")
    assert metadata["date"].startswith("20")


def test_steps_are_a_minimum_and_every_episode_is_played_to_its_end(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "random.lbr"
    assert play_gymnasium([*CART_POLE, "--random", "--n-timesteps", "100", "--record", str(path)]) == 0
    assert last_line(capsys)["steps"] >= 100
    with RecordingReader(path) as reader:
        assert {episode.agent_id for episode in reader} == {0, 1, 2}
        assert all(completion is Completion.TERMINATION for completion in reader.completions), "none was cut"
        whole = reader.step_count
        last_of_each = {episode.agent_id: episode.step_count for episode in reader}
    assert whole - sum(last_of_each.values()) < 100, "nobody began another one when there were enough"


def test_both_minima_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert play_gymnasium([*CART_POLE, "--rollouts", "--n-timesteps", "60", "--n-episodes", "9"]) == 0
    statistics = last_line(capsys)["statistics"]
    assert statistics["n_traj"] >= 9
    assert statistics["n_traj"] * statistics["len_mean"] >= 60


def test_a_policy_plays_by_its_mode_or_as_it_samples(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    engine = MockEngine(MockEngineSettings(agent_count=2))
    policy = tmp_path / "policy.lbp"
    engine.policy.save_policy(policy)
    actions = {}
    for name, arguments in {"modal": [], "again": [], "sampled": ["--sampled"]}.items():
        path = tmp_path / f"{name}.lbr"
        options = ["--agents", "2", "--policy", str(policy), "--n-episodes", "2", "--record", str(path)]
        assert play_arena([*options, *arguments, "--metadata", "player=Ann"]) == 0
        assert last_line(capsys)["actor"] == "policy version 0"
        with RecordingReader(path) as reader:
            actions[name] = reader[0].actions[:5]
            expected = "sampled" if name == "sampled" else "deterministic"
            assert reader.header.metadata["actions"] == expected
            assert reader.header.metadata["player"] == "Ann"
            assert reader.header.has_modifiers
    np.testing.assert_array_equal(actions["modal"], actions["again"])
    assert not np.array_equal(actions["modal"], actions["sampled"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rollouts"], "expected at least one of them"),
        (["--rollouts", "--random", "--expert", "--n-episodes", "1"], "expected one who plays"),
        (["--rollouts", "--expert", "file.lbp", "--n-episodes", "1"], "use --policy for a file"),
        (["--rollouts", "--n-episodes", "1", "--metadata", "x"], "expected NAME=TEXT"),
        (["--record", __file__, "--n-episodes", "1"], "expected no such file"),
        (["--rollouts", "--expert", "--n-episodes", "1"], "expected a world with an expert of its own"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        play_gymnasium([*CART_POLE, *arguments])
    assert left.value.code == 2
    assert message in capsys.readouterr().err


def test_a_policy_of_another_world_is_refused_by_its_element(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    MockEngine(MockEngineSettings(agent_count=1)).policy.save_policy(tmp_path / "policy.lbp")
    arguments = ["--policy", str(tmp_path / "policy.lbp"), "--n-episodes", "1", "--rollouts"]
    assert play_gymnasium([*CART_POLE, *arguments]) == 1
    assert "expected" in capsys.readouterr().err


def test_random_actions_respect_bounds_and_masks() -> None:
    engine = MockEngine(MockEngineSettings(agent_count=64))
    controller = RandomController.make_controller(engine.manager, engine.interactor, seed=1)
    engine.tick(controller.run_controller)
    vectors = engine.interactor.action_vectors
    assert np.abs(vectors[:, :2]).max() <= 1.0
    assert np.abs(vectors[:, :2]).max() > 0.9
    masked = engine.interactor.buffer.action_modifiers[:, 4:7] > 0.5
    assert not (masked & (vectors[:, 2:5] > 0.5)).any()
    np.testing.assert_array_equal(vectors[:, 2:5].sum(axis=1), 1.0)


def test_a_quota_needs_something_to_play() -> None:
    manager = Manager(1)
    manager.add_agents([object()])
    with pytest.raises(ValueError, match="expected episodes or steps"):
        EpisodeQuota(manager)
