"""Seeds judged against a threshold or a peer."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tools.bench.learning_record import LearningRecord, fingerprint, read_peer
from tools.bench.learning_report import TaskResult, markdown, pooled_standard_error, rows
from tools.bench.learning_run import policy_settings, train_command, training_settings
from tools.bench.learning_tasks import LEARNING_TASKS
from tools.bench.options import ROOT
from tools.bench.table import meets_target

CARTPOLE = LEARNING_TASKS["CartPole-v1"]
HOPPER = LEARNING_TASKS["Hopper-v5"]


def records(env_id: str, *means: float) -> tuple[LearningRecord, ...]:
    versions = {"stable-baselines3": "2.9.2"}
    return tuple(LearningRecord(env_id, seed, 1000, mean, 10.0, versions) for seed, mean in enumerate(means))


def test_the_pooled_standard_error_agrees_with_a_sum_by_hand() -> None:
    # variances 4 and 1, each of three: s² = (2·4 + 2·1) / 4 = 2.5, times 1/3 + 1/3
    assert pooled_standard_error([1.0, 3.0, 5.0], [0.0, 1.0, 2.0]) == pytest.approx(math.sqrt(2.5 * 2 / 3))


def test_one_run_of_each_has_no_standard_error() -> None:
    assert pooled_standard_error([1.0], [2.0]) == 0.0


@pytest.mark.parametrize(("worst", "verdict"), [(475.0, True), (474.9, False)])
def test_every_seed_of_cartpole_must_reach_its_threshold(worst: float, verdict: bool) -> None:
    result = TaskResult(CARTPOLE, records("CartPole-v1", 500, 500, 500, 500, worst), ())
    assert [meets_target(row) for row in rows(result)] == [verdict]


@pytest.mark.parametrize(("mean", "verdict"), [(99.5, True), (98.0, False)])
def test_a_mean_may_be_one_pooled_standard_error_below_the_peers(mean: float, verdict: bool) -> None:
    ours, peers = records("Hopper-v5", mean - 1, mean, mean + 1), records("Hopper-v5", 99, 100, 101)
    assert [meets_target(row) for row in rows(TaskResult(HOPPER, ours, peers))] == [verdict]


def test_the_readmes_table_has_a_line_for_each_world_and_the_versions() -> None:
    results = [TaskResult(CARTPOLE, records("CartPole-v1", 500), records("CartPole-v1", 499))]
    text = markdown(results)
    assert "| CartPole-v1 | 100,000 | 0 | 500.0 ± 0.0 | 475 on 1 of 1: 1 did |  | 499.0 ± 0.0 | 10 s | 10 s |" in text
    assert "The peer: stable-baselines3 2.9.2." in text


def test_a_changed_hyperparameter_makes_a_record_out_of_date() -> None:
    changed = replace(CARTPOLE, hyperparameters={**CARTPOLE.hyperparameters, "epochs": 21})
    before, after = (fingerprint(task, policy_settings(task)) for task in (CARTPOLE, changed))
    assert before != after
    assert read_peer(changed, 0) is None


def test_an_update_gathers_the_steps_of_all_copies() -> None:
    assert training_settings(CARTPOLE)["steps_per_update"] == 32 * 8
    assert "steps_per_agent" not in training_settings(CARTPOLE)
    assert "learning_rate=0.001" in train_command(CARTPOLE, 0, ROOT, "run")


@pytest.mark.parametrize("env_id", ["CartPole-v1", "HalfCheetah-v5", "Hopper-v5", "Pendulum-v1"])
def test_the_peers_curves_are_cached_for_every_seed(env_id: str) -> None:
    task = LEARNING_TASKS[env_id]
    assert [seed for seed in task.seeds if read_peer(task, seed) is None] == []
