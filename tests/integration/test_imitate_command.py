"""`learning-bridge record` and `imitate`: an expert is recorded, and imitated by playing, through real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from protocol.policy_file import load_policy
from protocol.recording import RecordingReader

HANG_S = 110.0
SMALL = ("--policy-set", "hidden_sizes=[16]", "--agents", "4", "--episodes", "4", "--run-id", "run")

pytestmark = pytest.mark.timeout(120)


def run(*arguments: str | Path) -> str:
    """The command's output."""
    done = subprocess.run(
        [sys.executable, "-m", "trainer_process", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_scripted_expert_is_recorded_cloned_and_tried_out(tmp_path: Path) -> None:
    expert = tmp_path / "expert.lbr"
    run("record", expert, "--env", "arena", "--expert", "scripted", "--n-episodes", "12", "--agents", "4")
    output = run("imitate", expert, "--env", "arena", "--epochs", "2", *SMALL, "--results-dir", tmp_path)
    assert "n_traj      4" in output
    assert "learning-bridge train --env arena --agent-path" in output
    (policy_file,) = (tmp_path / "run").glob("*/policy.lbp")
    assert load_policy(policy_file).policy_settings.hidden_sizes == (16,)


def test_an_expert_corrects_a_learner_and_what_it_said_is_kept(tmp_path: Path) -> None:
    labels = tmp_path / "labels.lbr"
    settings = ("--set", "rounds=2", "--set", "steps_per_round=64", "--set", "epochs_per_round=1")
    world = ("--method", "dagger", "--expert", "scripted", "--env", "arena")
    output = run("imitate", labels, *world, *settings, *SMALL, "--results-dir", tmp_path)
    assert "n_traj      4" in output
    with RecordingReader(labels) as reader:
        assert reader.step_count >= 128


def test_an_adversary_learns_from_a_recording_by_playing(tmp_path: Path) -> None:
    expert = tmp_path / "expert.lbr"
    run("record", expert, "--env", "arena", "--expert", "scripted", "--n-episodes", "8", "--agents", "4")
    settings = ("--set", "allow_variable_horizon=true", "--set", "steps_per_update=256", "--set", "minibatch_size=64")
    world = ("--method", "gail", "--env", "arena", "--total-steps", "256")
    output = run("imitate", expert, *world, *settings, *SMALL, "--results-dir", tmp_path)
    assert "n_traj      4" in output
    assert load_policy(tmp_path / "run" / "default" / "policy.lbp").snapshot.version >= 1
