"""`imitate` clones a recording by itself, and plays with hosts where a method asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from protocol.policy_file import load_policy
from protocol.recording import save_recording
from tests.protocol.recording.episode_builder import HEADER, make_episode
from trainer_process.cli_imitate import _method_arguments, _settings
from trainer_process.cli_root import root
from trainer_process.errors import SettingsError
from trainer_process.offline_imitation import ImitationProgress
from trainer_process.recording_imitation import EpochProgress

QUICK = ("--epochs", "2", "--policy-set", "hidden_sizes=[8]", "--set", "minibatch_size=16", "--priority", "normal")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(root, ["imitate", *map(str, arguments)])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Eight episodes in which one gear is always chosen."""
    path = tmp_path / "expert.lbr"
    episodes = [make_episode(12, seed=seed) for seed in range(8)]
    for episode in episodes:
        episode.actions[:, 2:] = [0, 1, 0]
    save_recording(path, HEADER, episodes)
    return path


def test_a_recording_is_cloned_and_its_policy_named(recording: Path, tmp_path: Path) -> None:
    result = run(recording, "--results-dir", tmp_path / "results", "--run-id", "clone", *QUICK, "--seed", "3")
    assert result.exit_code == 0, result.output
    policy_file = tmp_path / "results" / "clone" / "expert" / "policy.lbp"
    assert f"the clone after 2 epochs: {policy_file}" in result.output
    assert "epoch 2  -log p" in result.output
    assert f"learning-bridge train --env WORLD --agent-path {policy_file.parent}" in result.output
    policy = load_policy(policy_file)
    assert policy.policy_settings.hidden_sizes == (8,)
    settings = json.loads((policy_file.parent / "settings.json").read_text())
    assert (settings["trainer_type"], settings["settings"]["epochs"], settings["settings"]["seed"]) == ("bc", 2, 3)
    again = run(recording, "--results-dir", tmp_path / "results", "--run-id", "clone", *QUICK)
    assert again.exit_code == 1
    assert "expected a new one" in again.output


def test_a_clone_goes_on_from_a_policy(recording: Path, tmp_path: Path) -> None:
    results = ("--results-dir", tmp_path / "results")
    assert run(recording, *results, "--run-id", "first", *QUICK).exit_code == 0
    folder = tmp_path / "results" / "first"
    result = run(recording, *results, "--run-id", "second", "--epochs", "1", "--agent-path", folder)
    assert result.exit_code == 0, result.output
    policy = load_policy(tmp_path / "results" / "second" / "expert" / "policy.lbp")
    assert policy.policy_settings.hidden_sizes == (8,)
    assert policy.snapshot.version > load_policy(folder / "expert" / "policy.lbp").snapshot.version


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected RECORDING, the file to clone"),
        (("nowhere.lbr",), "nowhere.lbr can't be read"),
        (("FILE", "--expert", "scripted"), "--expert: bc plays nothing"),
        (("FILE", "--total-steps", "5"), "--total-steps: bc plays nothing"),
        (("FILE", "--set", "epoch=5"), "got the unknown setting 'epoch'"),
        (("FILE", "--policy-set", "layers=5"), "--policy-set: expected one of activation"),
        (("FILE", "--env", "./game"), "expected gymnasium:ID"),
        (("FILE", "--method", "gail"), "--env: expected a world"),
        (("--method", "gail", "--env", "arena"), "expected RECORDING, which gail imitates"),
        (("--method", "dagger", "--env", "arena"), "--expert: expected who corrects"),
        (("FILE", "--method", "airl", "--env", "arena", "--expert", "scripted"), "an expert is for dagger"),
        (("FILE", "--method", "gail", "--env", "arena", "--epochs", "3"), "--epochs: gail has others"),
        (("--method", "dagger", "--expert", "scripted", "--env", "arena", "--total-steps", "3"), "dagger has rounds"),
        (("--method", "dagger", "--expert", "nowhere", "--env", "arena"), "policy file: expected nowhere"),
        (("FILE", "--method", "gail", "--env", "./game"), "expected gymnasium:ID"),
        (("nowhere.lbr", "--method", "gail", "--env", "arena"), "nowhere.lbr can't be read"),
        (
            ("new.lbr", "--method", "dagger", "--expert", "scripted", "--env", "arena", "--num-envs", "2"),
            "--num-envs: expected 1 with a RECORDING",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: tuple[str, ...], message: str, recording: Path, tmp_path: Path
) -> None:
    given = [str(recording) if text == "FILE" else text for text in arguments]
    result = run(*given, "--results-dir", tmp_path / "results")
    assert result.exit_code in (1, 2)
    assert message in result.output
    assert "Traceback" not in result.output


def test_settings_of_the_network_are_told_from_the_algorithms() -> None:
    policy, settings = _settings(["learning_rate=1e-3", "policy.hidden_sizes=[8,8]", "policy.activation=relu"])
    assert (policy.hidden_sizes, policy.activation) == ((8, 8), "relu")
    assert settings == {"learning_rate": 1e-3}
    with pytest.raises(SettingsError, match="policy-set"):
        _settings(["policy=3"])


def test_hosts_are_told_what_to_imitate(recording: Path) -> None:
    assert _method_arguments("gail", recording, None) == ("--method", "gail", "--recording", str(recording))
    assert _method_arguments("dagger", None, "scripted") == ("--method", "dagger", "--expert", "scripted")


def test_progress_says_what_is_known() -> None:
    metrics = {"neg_log_prob": 0.5, "validation_neg_log_prob": np.nan}
    progress = EpochProgress.of(ImitationProgress("clone", 3, 120, 400, metrics, is_complete=True))
    assert progress.describe() == "epoch 3  -log p 0.500"
    assert progress.total_steps == 120, "an early stop is an end"
