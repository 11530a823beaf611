"""After a training its last policy is played where that can be done, and said where not; nothing there fails it."""

from __future__ import annotations

from pathlib import Path

import pytest

from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from protocol.recording import RecordingReader
from trainer_process.artifact_option import ArtifactOptions
from trainer_process.final_rollouts import finish_behavior


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A behavior's folder, with a policy of the arena."""
    MockEngine(MockEngineSettings(agent_count=1)).policy.save_policy(tmp_path / "policy.lbp")
    return tmp_path


def test_the_last_policy_is_kept_played_and_summed_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finish_behavior("arena", folder, "arena", ArtifactOptions(rollout_steps=0, rollout_episodes=8), seed=1)
    said = capsys.readouterr().out
    assert "n_traj      8" in said
    assert "return_mean" in said
    assert (folder / "policies" / "final" / "policy.lbp").read_bytes() == (folder / "policy.lbp").read_bytes()
    with RecordingReader(folder / "rollouts" / "final.lbr") as reader:
        assert len(reader) == 8


def test_a_program_of_the_users_own_cannot_be_played_from_here(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finish_behavior("game", folder, "./game --headless", ArtifactOptions(policy_save_final=False), seed=1)
    assert "game: rollout statistics are not available" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == ["policy.lbp"]


def test_rollouts_that_fail_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finish_behavior("arena", folder, "gymnasium:CartPole-v1", ArtifactOptions(), seed=1)
    assert "no episodes could be played" in capsys.readouterr().err
    finish_behavior("none", folder / "nowhere", "arena", ArtifactOptions(), seed=1)
    assert capsys.readouterr().out == ""
