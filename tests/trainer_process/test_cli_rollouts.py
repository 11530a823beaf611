"""`record`, `rollouts` and `convert` run host programs, and say in one line what they can't."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from protocol.recording import RecordingReader, save_recording
from tests.protocol.recording.episode_builder import HEADER, assert_same_episode, make_episode
from trainer_process.cli_root import root
from trainer_process.progress_report import CountedProgress
from trainer_process.rollout_program import RolloutRequest, unused_file
from trainer_process.world_program import UnknownWorldError, WorldProgram


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(root, [*map(str, arguments)])


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    """A new policy of the arena, in a run's folder."""
    path = tmp_path / "run" / "default" / "policy.lbp"
    path.parent.mkdir(parents=True)
    MockEngine(MockEngineSettings(agent_count=1)).policy.save_policy(path)
    return path


def test_random_play_is_recorded_and_summed_up(tmp_path: Path) -> None:
    path = tmp_path / "random.lbr"
    result = run("record", path, "--env", "gymnasium:CartPole-v1", "--random", "--n-episodes", 3, "--agents", 2)
    assert result.exit_code == 0, result.output
    assert "played by   random" in result.output
    assert "n_traj      3" in result.output
    assert f"recording   {path}" in result.output
    with RecordingReader(path) as reader:
        assert len(reader) == 3
    assert "expected no such file" in run("record", path, "--env", "arena", "--random", "--n-episodes", 1).output


def test_a_runs_policy_is_played_and_its_rollouts_lie_beside_it(policy_file: Path) -> None:
    arguments = ("rollouts", policy_file.parents[1], "--env", "arena", "--n-timesteps", 50, "--agents", 2)
    for name in ("0.lbr", "0-2.lbr"):
        result = run(*arguments)
        assert result.exit_code == 0, result.output
        with RecordingReader(policy_file.parent / "rollouts" / name) as reader:
            assert reader.step_count >= 50
            assert reader.header.metadata["actor"] == "policy version 0"
    result = run(*arguments, "--no-save", "--sampled")
    assert result.exit_code == 0
    assert "recording" not in result.output
    assert len(list((policy_file.parent / "rollouts").iterdir())) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--env", "arena", "--n-episodes", "1"), "expected one of --policy, --expert and --random"),
        (("--env", "arena", "--random"), "expected at least one of --n-episodes and --n-timesteps"),
        (("--env", "./game", "--random", "--n-episodes", "1"), "expected gymnasium:ID"),
        (("--env", "gymnasium:", "--random", "--n-episodes", "1"), "expected an id after gymnasium:"),
        (("--env", "gymnasium:Nowhere-v0", "--random", "--n-episodes", "1"), "no episodes could be played"),
        (("--env", "arena", "--expert", "nowhere.lbp", "--n-episodes", "1"), "policy file: expected"),
        (("--env", "gymnasium:CartPole-v1", "--expert", "scripted", "--n-episodes", "1"), "no episodes could be"),
    ],
)
def test_what_cannot_be_recorded_is_refused(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    result = run("record", tmp_path / "x.lbr", *arguments)
    assert result.exit_code in (1, 2)
    assert message in result.output
    assert not (tmp_path / "x.lbr").exists()


def test_a_recording_is_converted_there_and_back(tmp_path: Path) -> None:
    expected = [make_episode(4, seed=1), make_episode(2, seed=2)]
    for episode in expected:  # choices as policies make them
        episode.actions[:, 2:] = [0, 1, 0]
    save_recording(tmp_path / "in.lbr", HEADER, expected)
    for target in ("set", "out.npz"):
        result = run("convert", tmp_path / "in.lbr", tmp_path / target)
        assert result.exit_code == 0, result.output
        assert "2 episodes, 6 steps" in result.output
        back = tmp_path / f"{target}.lbr"
        assert run("convert", tmp_path / target, back).exit_code == 0
        with RecordingReader(back) as reader:
            assert reader.header.metadata["level"] == "1"
            received = list(reader)
        if target == "set":
            assert_same_episode(received[0], expected[0])
        assert received[1].actions.tolist() == expected[1].actions.tolist()


def test_notes_of_a_conversion_are_shown(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", obs=np.zeros((3, 2)), acts=np.zeros(3, int), dones=np.ones(3, bool))
    result = run("convert", tmp_path / "a.npz", tmp_path / "a.lbr")
    assert "note: nobody said what the arrays mean" in result.output


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a.lbr", "b.lbr", "expected one recording"),
        ("a.npz", "set", "expected one recording"),
        ("a.lbr", "b.demo", "expected minari:ID or a folder, .npz, got b.demo"),
        ("a.csv", "b.lbr", "expected minari:ID or a folder, .npz, .demo, got a.csv"),
    ],
)
def test_what_cannot_be_converted_is_refused(source: str, target: str, message: str) -> None:
    result = run("convert", source, target)
    assert result.exit_code == 2
    assert message in result.output


def test_a_world_is_found_by_its_name() -> None:
    assert WorldProgram.find("./game --headless") is None
    assert WorldProgram.require("arena").module == "host_sdk.mock_engine"
    assert WorldProgram.require("gymnasium:a:B-v0").arguments == ("--env-id", "a:B-v0")
    with pytest.raises(UnknownWorldError, match="expected an id"):
        WorldProgram.find("gymnasium:")


def test_a_request_becomes_arguments_of_a_host_program() -> None:
    world = WorldProgram.require("arena")
    arguments = RolloutRequest(world, None, ("--random",), step_count=7, is_sampled=True, metadata=("a=b",)).arguments()
    text = " ".join(arguments)
    assert "--rollouts --random --n-episodes 0 --n-timesteps 7 --sampled --metadata a=b" in text


def test_unused_names_are_counted_on(tmp_path: Path) -> None:
    for name in ("a.lbr", "a-2.lbr", "a-3.lbr"):
        path = unused_file(tmp_path / "new", "a", ".lbr")
        assert path.name == name
        path.touch()


def test_progress_says_what_it_counts() -> None:
    report = CountedProgress("arena", 3, 10, "episodes", "120 steps")
    assert json.dumps([report.unit, report.describe()]) == '["episodes", "120 steps"]'
