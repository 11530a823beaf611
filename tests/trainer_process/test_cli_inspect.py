"""`inspect` says what is in a file, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from protocol.completion import Completion
from protocol.recording import RecordingReader, save_recording
from tests.protocol.recording.episode_builder import HEADER, assert_same_episode, make_episode
from trainer_process.cli_root import root


def inspect(*arguments: str | Path) -> Result:
    return CliRunner().invoke(root, ["inspect", *map(str, arguments)])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "three.lbr"
    completions = (Completion.TRUNCATION, Completion.TERMINATION, Completion.TRUNCATION)
    episodes = [make_episode(20 + index, seed=index, completion=each) for index, each in enumerate(completions)]
    save_recording(path, HEADER, episodes)
    return path


def test_a_recording_is_counted_summed_up_and_drawn(recording: Path) -> None:
    result = inspect(recording)
    assert result.exit_code == 0
    assert "3 episodes (1 terminated, 2 truncated), 63 steps" in result.output
    assert "return_mean" in result.output
    assert "21 │" in result.output
    assert "├─ push: continuous (size 2)" in result.output
    assert "level = 1" in result.output
    assert "damaged" not in result.output


def test_json_holds_the_same_for_programs(recording: Path) -> None:
    content = json.loads(inspect(recording, "--json").output)
    assert (content["episodes"], content["steps"], content["is_whole"]) == (3, 63, True)
    assert content["statistics"]["len_max"] == 22
    assert content["completions"] == {"truncated": 2, "terminated": 1}
    assert content["metadata"] == {"level": "1", "π": "3"}
    assert content["bytes"] == recording.stat().st_size


def test_flipped_bits_are_told_and_the_rest_is_repaired(recording: Path, tmp_path: Path) -> None:
    content = bytearray(recording.read_bytes())
    middle = len(content) * 5 // 9
    content[middle] ^= 1
    recording.write_bytes(content)
    result = inspect(recording)
    assert result.exit_code == 3
    assert "damaged:" in result.output
    assert "--repair" in result.output
    repaired = tmp_path / "whole.lbr"
    assert inspect(recording, "--repair", repaired).exit_code == 0
    with RecordingReader(repaired) as reader:
        assert len(reader) == 2
        assert_same_episode(reader[0], make_episode(20, seed=0))
    assert inspect(repaired).exit_code == 0
    assert "expected no such file" in inspect(recording, "--repair", repaired).output


def test_a_recording_that_was_cut_keeps_its_first_episodes(recording: Path) -> None:
    recording.write_bytes(recording.read_bytes()[:-70])
    result = inspect(recording)
    assert result.exit_code == 3
    assert "2 episodes" in result.output
    assert "torn: the last" in result.output
    assert json.loads(inspect(recording, "--json").output)["torn_bytes"] > 0


def test_a_recording_without_episodes_is_empty_and_whole(tmp_path: Path) -> None:
    save_recording(tmp_path / "none.lbr", HEADER, [])
    result = inspect(tmp_path / "none.lbr")
    assert result.exit_code == 0
    assert "0 episodes (it is empty)" in result.output
    assert "n_traj      0" in result.output


def test_a_recording_without_rewards_says_so(tmp_path: Path) -> None:
    save_recording(tmp_path / "silent.lbr", HEADER, [make_episode(4, has_rewards=False)])
    result = inspect(tmp_path / "silent.lbr")
    assert "no rewards were given" in result.output
    assert "return_mean" not in result.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        (b"# a text", "expected a recording, which begins with"),
        (b"", "it ends after 0 bytes"),
        (b"LBREC\r\n\x1a\x01", "it ends after 9 bytes, before its header"),
    ],
)
def test_what_is_no_recording_is_refused_with_the_reason(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file.lbr"
    if content is not None:
        path.write_bytes(content)
    result = inspect(path)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output


def test_a_damaged_header_leaves_nothing_to_repair(recording: Path, tmp_path: Path) -> None:
    content = bytearray(recording.read_bytes())
    content[40] ^= 1
    recording.write_bytes(content)
    result = inspect(recording, "--repair", tmp_path / "new.lbr")
    assert result.exit_code == 1
    assert "its header is not the one that was written" in result.output
    assert not (tmp_path / "new.lbr").exists()


def test_a_policy_file_is_described_too(tmp_path: Path) -> None:
    engine = MockEngine(MockEngineSettings(agent_count=1))
    engine.policy.save_policy(tmp_path / "policy.lbp")
    result = inspect(tmp_path / "policy.lbp")
    assert result.exit_code == 0, result.output
    assert "hidden layers 128-128" in result.output
    assert "hazards: set" in result.output
    content = json.loads(inspect(tmp_path / "policy.lbp", "--json").output)
    assert content["kind"] == "policy"
    assert content["parameters"] > 1000
    assert "expected a recording" in inspect(tmp_path / "policy.lbp", "--repair", tmp_path / "new.lbr").output
