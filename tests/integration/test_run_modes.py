"""A run begins, goes on, makes place for another, starts from another one, plays on, or waits for its game."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from protocol.endpoint import ENDPOINT_VARIABLE
from protocol.policy_file import load_policy

HANG_S = 110.0
WORLD = (
    *("--env", "gymnasium:CartPole-v1", "--agents", "4"),
    *("--set", "steps_per_update=128", "--set", "epochs=1", "--set", "policy.hidden_sizes=[8]"),
)
ALONE = ("--no-rollout-save-final", "--rollout-save-n-timesteps", "0")
CONFIG = "behaviors:\n  Pole:\n    trainer_type: ppo\n    network_settings: {hidden_units: 8, num_layers: 1}\n"


def start(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "trainer_process", "train", "--results-dir", str(folder), *ALONE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def train(*arguments: str, folder: Path, expected: int = 0) -> str:
    with start(*arguments, folder=folder) as process:
        output, _ = process.communicate(timeout=HANG_S)
    assert process.returncode == expected, output
    return output


def rows(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_begins_goes_on_starts_another_and_makes_place(tmp_path: Path) -> None:
    train(*WORLD, "--run-id", "first", "--total-steps", "256", folder=tmp_path)
    output = train(*WORLD, "--run-id", "first", folder=tmp_path, expected=1)
    assert "--resume" in output
    assert "--force" in output

    output = train("--run-id", "first", "--resume", "--total-steps", "384", folder=tmp_path)
    assert "resumed from" in output
    assert [row["steps"] for row in rows(tmp_path / "first" / "default") if "steps" in row][-1] == 384
    remembered = json.loads((tmp_path / "first" / "command_line.json").read_text())
    assert remembered["settings"]["total_steps"] == 384
    assert remembered["agent_count"] == 4

    other = (*WORLD, "--run-id", "second", "--initialize-from", "first", "--total-steps", "128")
    assert "starts from" in train(*other, folder=tmp_path)
    assert [row["steps"] for row in rows(tmp_path / "second" / "default") if "steps" in row][-1] == 128
    versions = [load_policy(tmp_path / run / "default" / "policy.lbp").snapshot.version for run in ("first", "second")]
    assert versions[1] > versions[0], "the weights are those of the first, once more improved"

    train(*WORLD, "--run-id", "first", "--force", "--total-steps", "128", folder=tmp_path)
    assert (tmp_path / "first.old-1" / "default" / "policy.lbp").is_file()
    assert load_policy(tmp_path / "first" / "default" / "policy.lbp").snapshot.version == 1


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_reproducible_run_that_is_resumed_comes_to_the_same_weights(tmp_path: Path) -> None:
    train(*WORLD, "--reproducible", "--run-id", "whole", "--total-steps", "512", folder=tmp_path)
    train(*WORLD, "--reproducible", "--run-id", "halves", "--total-steps", "256", folder=tmp_path)
    train("--run-id", "halves", "--resume", "--total-steps", "512", folder=tmp_path)
    whole, halves = (load_policy(tmp_path / run / "default" / "policy.lbp").snapshot for run in ("whole", "halves"))
    assert (whole.values == halves.values).all()
    assert whole.version == halves.version == 4


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a signal")
def test_a_run_that_only_plays_learns_and_keeps_nothing(tmp_path: Path) -> None:
    train(*WORLD, "--run-id", "run", "--total-steps", "256", folder=tmp_path)
    files = {path: path.read_bytes() for path in (tmp_path / "run" / "default").rglob("*") if path.is_file()}
    with start("--run-id", "run", "--inference", folder=tmp_path) as process:
        assert process.stdout is not None
        heard = ""
        for line in process.stdout:
            heard += line
            if "default: step " in line:
                break
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=HANG_S)
    assert process.returncode == 0, heard + output
    changed = [path.name for path, content in files.items() if path.read_bytes() != content]
    assert [name for name in changed if not name.startswith("events.out")] in ([], ["metrics.jsonl"]), changed


def test_training_without_a_program_waits_for_the_game_and_ends_with_it(tmp_path: Path) -> None:
    config = tmp_path / "pole.yaml"
    config.write_text(CONFIG)
    typed = ("--run-id", "run", "--total-steps", "128", "--set", "steps_per_update=128", "--set", "epochs=1")
    with start(str(config), *typed, "--endpoint", "tcp://127.0.0.1:0", folder=tmp_path) as process:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("listening on "))
        endpoint = line.split()[2].rstrip(",")
        game = ("--env-id", "CartPole-v1", "--agents", "4", "--behavior", "Pole", "--report", "none")
        networks = ("--set", "policy.hidden_sizes=[8]", "--set", "critic.hidden_sizes=[8]")
        played = subprocess.run(
            [sys.executable, "-m", "host_sdk.adapters.gymnasium", *game, *networks],
            env={**os.environ, ENDPOINT_VARIABLE: endpoint},
            timeout=HANG_S,
            check=False,
        )
        output, _ = process.communicate(timeout=HANG_S)
    assert played.returncode == 0
    assert process.returncode == 0, output
    assert load_policy(tmp_path / "run" / "Pole" / "policy.lbp").snapshot.version == 1


def test_a_game_that_never_comes_is_waited_for_no_longer_than_was_said(tmp_path: Path) -> None:
    output = train("--timeout-wait", "1", "--endpoint", "tcp://127.0.0.1:0", folder=tmp_path / "results", expected=1)
    assert "waiting for 1 s for a game" in output
    assert "no host has connected within 1 s" in output
    assert not (tmp_path / "results").exists(), "a run that nobody came to leaves nothing behind"


def test_a_behavior_that_the_file_hasn_t_is_refused_by_name(tmp_path: Path) -> None:
    config = tmp_path / "pole.yaml"
    config.write_text(CONFIG)
    output = train(str(config), *WORLD[:4], "--behavior", "Pool", folder=tmp_path, expected=1)
    assert "Pool" in output
    assert "one of the behaviors Pole" in output
    assert "to start it again would change nothing" in output
