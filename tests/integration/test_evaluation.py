"""Evaluations in a training, and of what it left: they are counted, kept, and change nothing that is learnt."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from protocol.policy_file import load_policy
from trainer_process.cli_root import root
from trainer_process.evaluation_log import read_evaluations

SYNCHRONOUS = ("--sync", "--reset-on-update", "--total-steps", "2048", "--set", "steps_per_update=512")
EVALUATED = ("--evaluation-interval", "1000", "--evaluation-episodes", "5")


def train(module: str, results: Path, name: str, *arguments: str) -> Path:
    """Trains in a world; gives the behavior's folder."""
    command = [sys.executable, "-m", module, "--agents", "4", "--results-directory", str(results), "--run-id", name]
    done = subprocess.run(
        [*command, "--report", "none", *arguments], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    return results / name / "default"


def evaluations_in(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if "evaluation_return_mean" in line]


def evaluate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(root, ["evaluate", *map(str, arguments)])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "world"),
    [
        ("host_sdk.adapters.gymnasium", ("--env-id", "CartPole-v1")),
        ("host_sdk.mock_engine", ("--evaluation-ticks", "0", "--set", "minibatch_size=256", "--set", "epochs=1")),
    ],
)
def test_evaluations_during_a_training_change_nothing_that_it_learns(
    module: str, world: tuple[str, ...], tmp_path: Path
) -> None:
    plain = train(module, tmp_path, "plain", *world, *SYNCHRONOUS)
    watched = train(module, tmp_path, "watched", *world, *SYNCHRONOUS, *EVALUATED)
    found = evaluations_in(watched)
    assert found[0]["evaluation_version"] == 2.0
    assert len(found) <= 2  # at the end, after 2048 steps, the trainer may be gone before the evaluation is over
    assert found[0]["evaluation_episodes"] == 5.0
    assert evaluations_in(plain) == []
    first, second = (load_policy(folder / "policy.lbp").snapshot for folder in (plain, watched))
    assert np.array_equal(first.values, second.values)
    assert first.version == second.version == 4


def test_evaluations_go_on_beside_asynchronous_training(tmp_path: Path) -> None:
    world = ("--env-id", "CartPole-v1", "--total-steps", "6000", "--set", "steps_per_update=512")
    folder = train("host_sdk.adapters.gymnasium", tmp_path, "run", *world, *EVALUATED)
    found = evaluations_in(folder)
    assert len(found) >= 2
    versions = [line["evaluation_version"] for line in found]
    assert versions == sorted(set(versions))
    assert all(line["evaluation_episodes"] == 5 for line in found)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in the arena."""
    results = tmp_path_factory.mktemp("results")
    train("host_sdk.mock_engine", results, "run", "--evaluation-ticks", "0", *SYNCHRONOUS)
    return results / "run"


def test_whole_episodes_are_played_in_the_arena_and_kept_with_the_run(trained: Path) -> None:
    result = evaluate(trained, "--env", "arena", "--episodes", "9", "--agents", "4", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert (figures["episodes"], figures["env"], figures["policy_version"]) == (9, "arena", 4)
    assert figures["return_min"] <= figures["return_mean"] <= figures["return_max"]
    assert figures["length_min"] <= figures["length_mean"] <= figures["length_max"]
    assert read_evaluations(trained / "default")[-1] == figures
    again = json.loads(evaluate(trained, "--env", "arena", "--episodes", "9", "--agents", "4", "--json").stdout)
    assert again["return_mean"] == figures["return_mean"]


def test_a_checkpoint_is_played_and_its_actions_sampled(trained: Path) -> None:
    arguments = ("--env", "arena", "--episodes", "4", "--agents", "4", "--checkpoint", "latest")
    likely = evaluate(trained, *arguments)
    sampled = evaluate(trained, *arguments, "--sampled")
    assert likely.exit_code == sampled.exit_code == 0, sampled.output
    first, second = read_evaluations(trained / "default")[-2:]
    assert (first["checkpoint"], first["deterministic"], second["deterministic"]) == (4, True, False)
    assert first["return_mean"] != second["return_mean"]
    assert "return_standard_error" in likely.output


def test_a_policy_of_no_run_wants_a_world_and_is_not_written_down(trained: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.lbp"
    policy.write_bytes((trained / "default" / "policy.lbp").read_bytes())
    result = evaluate(policy, "--episodes", "1")
    assert result.exit_code == 1
    assert "--env: expected a world" in result.output
    assert evaluate(policy, "--env", "arena", "--episodes", "1", "--agents", "1").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["policy.lbp"]
