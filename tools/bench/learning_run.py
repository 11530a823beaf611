"""One seed of one world, trained through the real process boundary and evaluated: ours, or the peer's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from protocol.policy_file import load_policy
from tools.bench.learning_record import fingerprint, peer_path, record_path
from tools.bench.learning_tasks import LearningTask, resolved_hyperparameters
from tools.bench.machine import describe_machine, package_versions
from tools.bench.options import ROOT

GYMNASIUM_HOST = (sys.executable, "-m", "host_sdk.adapters.gymnasium")
WORLD_HOST = (sys.executable, "-m", "tools.bench.worlds")
EVALUATION_AGENTS = 50
"""Copies of a world of our own, each of which plays its share of the evaluation's episodes."""

EVALUATION_SEED_OFFSET = 10_000
"""Episodes of the evaluation begin elsewhere than those of training, as in the peer's runner."""


class LearningRunError(Exception):
    """A run ended without a result; the message has its command and the end of its output."""


def policy_settings(task: LearningTask) -> dict[str, object]:
    """The networks: as the peer has them, without a normaliser of observations; and what the task adds."""
    sizes = list(task.network)
    return {
        "policy.hidden_sizes": sizes,
        "policy.activation": task.activation,
        "policy.normalize_observations": False,
        "critic.hidden_sizes": sizes,
        "critic.activation": task.activation,
        **{f"policy.{name}": value for name, value in task.settings.items()},
    }


def training_settings(task: LearningTask) -> dict[str, object]:
    """The task's hyperparameters under the names of the trainer's settings."""
    settings: dict[str, object] = dict(resolved_hyperparameters(task))
    steps_per_agent = settings.pop("steps_per_agent")
    assert isinstance(steps_per_agent, int)
    return {**settings, "steps_per_update": steps_per_agent * task.env_count, "total_steps": task.total_steps}


def host_command(task: LearningTask) -> tuple[str, ...]:
    """The host program of the task's world."""
    if not task.is_own_world:
        return (*GYMNASIUM_HOST, "--env-id", task.env_id)
    return (*WORLD_HOST, "--world", task.env_id, *(["--flat"] if task.is_flat else []))


def train_command(task: LearningTask, seed: int, folder: Path, run_id: str) -> list[str]:
    """A host with copies of the world, which launches its trainer and waits for each of its updates."""
    settings = {**training_settings(task), **policy_settings(task)}
    assignments = [part for name, value in settings.items() for part in ("--set", f"{name}={json.dumps(value)}")]
    return [
        *host_command(task),
        *("--agents", str(task.env_count), "--seed", str(seed), "--sync"),
        *("--report", "json-lines", "--results-directory", str(folder), "--run-id", run_id),
        *assignments,
    ]


def evaluate_command(task: LearningTask, seed: int, policy_file: Path) -> list[str]:
    """Whole episodes by the policy's mode; Gymnasium's one after the other, as the peer's evaluation plays them."""
    agents = EVALUATION_AGENTS if task.is_own_world else 1
    return [
        *host_command(task),
        *("--agents", str(agents), "--seed", str(seed + EVALUATION_SEED_OFFSET)),
        *("--evaluate", str(policy_file), "--episodes", str(task.evaluation_episodes)),
    ]


def last_json(command: Sequence[str]) -> dict[str, Any]:
    """Runs a program in the project's root; returns the last line that it prints, read as JSON.

    Raises:
        LearningRunError: it fails, or prints no such line.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    if done.returncode == 0 and lines:
        content: dict[str, Any] = json.loads(lines[-1])
        return content
    tail = "\n".join([*lines[-5:], *done.stderr.splitlines()[-20:]])
    raise LearningRunError(f"expected a result, got exit status {done.returncode} of {' '.join(command)}\n{tail}")


def read_curve(run_directory: Path) -> list[dict[str, float]]:
    """Mean return of the training episodes at each update, by steps and by seconds since the first."""
    (path,) = run_directory.glob("**/metrics.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        {"steps": row["steps"], "return_mean": row["return_mean"], "wall_s": round(row["time"] - rows[0]["time"], 3)}
        for row in rows
        if "return_mean" in row
    ]


def run_ours(task: LearningTask, seed: int, folder: Path) -> None:
    """Trains and evaluates one seed, and writes its record; what an interrupted run left is not read again.

    Raises:
        LearningRunError: training or evaluation failed.
    """
    attempt = 1
    runs = folder / "runs"
    while (runs / f"{task.record_name}-{seed}-{attempt}").exists():
        attempt += 1
    summary = last_json(train_command(task, seed, runs, f"{task.record_name}-{seed}-{attempt}"))["summary"]
    run_directory = Path(summary["run_directory"])
    (policy_file,) = run_directory.glob("**/policy.lbp")
    evaluated = last_json(evaluate_command(task, seed, policy_file))
    record: Mapping[str, object] = {
        "env_id": task.env_id,
        "seed": seed,
        "fingerprint": fingerprint(task, policy_settings(task)),
        "steps": summary["steps"],
        "wall_s": summary["seconds"],
        "final_return_mean": evaluated["return_mean"],
        "final_return_std": evaluated["return_std"],
        "evaluation_episodes": evaluated["episodes"],
        "parameter_count": load_policy(policy_file).snapshot.values.size,
        "hyperparameters": resolved_hyperparameters(task),
        "versions": package_versions(),
        "machine": describe_machine(),
        "curve": read_curve(run_directory),
    }
    write_whole(record_path(folder, task.record_name, seed), record)


def write_whole(path: Path, content: Mapping[str, object]) -> None:
    """Writes JSON so that a reader finds all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)


def run_peer(task: LearningTask, seed: int, python: Path) -> None:
    """Trains one seed of the peer in its own environment; its record goes into the cache beside the runner.

    Raises:
        LearningRunError: the run failed.
    """
    output = peer_path(task.env_id, seed)
    module = "tools.bench.peers.stable_baselines3_learning"
    command = [str(python), "-m", module, task.env_id, str(seed), str(output)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join(done.stderr.splitlines()[-20:])
        raise LearningRunError(f"expected the peer's result, got exit status {done.returncode}\n{tail}")
