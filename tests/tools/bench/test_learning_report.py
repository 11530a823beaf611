"""Seeds judged against a threshold or a peer."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from protocol.policy_settings import PolicySettings
from tools.bench.learning_record import LearningRecord, fingerprint, read_peer
from tools.bench.learning_report import TaskResult, markdown, pooled_standard_error, rows
from tools.bench.learning_run import policy_settings, train_command, training_settings
from tools.bench.learning_tasks import LEARNING_TASKS, WORLD_TASKS, flat_task
from tools.bench.options import ROOT
from tools.bench.table import meets_target
from tools.bench.worlds.host import WorldHost

CARTPOLE = LEARNING_TASKS["CartPole-v1"]
HOPPER = LEARNING_TASKS["Hopper-v5"]
GATHERING = WORLD_TASKS["Gathering"]


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


def _gathering(flats: tuple[LearningRecord, ...], ours: float = 10.0) -> TaskResult:
    return TaskResult(GATHERING, records("Gathering", ours, ours), (), flats)


def test_structure_must_reach_its_threshold_and_a_flat_policy_stay_under_its_ceiling() -> None:
    low, high = records("Gathering", 1.0, 3.9), records("Gathering", 1.0, 4.0)
    assert [meets_target(row) for row in rows(_gathering(low))] == [True, True]
    assert [meets_target(row) for row in rows(_gathering(high))] == [True, False]
    assert [meets_target(row) for row in rows(_gathering(low, ours=7.9))] == [False, True]


def test_the_readmes_table_has_a_flat_policy_beside_a_structured_one() -> None:
    text = markdown([_gathering(records("Gathering", 1.0, 3.0))])
    expected = (
        "| Gathering | 200,000 | 0, 1 | 10.0 ± 0.0 | 8 on 2 of 2: 2 did | 2.0 ± 1.4; under 4: 2 of 2 |  | 10 s |  |"
    )
    assert expected in text


def test_parameters_are_told_where_they_were_counted() -> None:
    counted = tuple(replace(record, parameter_count=12_345) for record in records("Gathering", 1.0))
    assert "12,345 parameters" in rows(_gathering(counted))[1].note
    assert "parameters" not in rows(_gathering(counted))[0].note


@pytest.mark.parametrize("env_id", sorted(WORLD_TASKS))
def test_a_flat_policy_has_the_same_world_steps_and_seeds_and_a_record_of_its_own(env_id: str) -> None:
    task = WORLD_TASKS[env_id]
    flat = flat_task(task)
    assert (flat.env_id, flat.total_steps, flat.seeds, flat.env_count) == (
        (task.env_id, task.total_steps, task.seeds, task.env_count)
    )
    assert "--flat" in train_command(flat, 0, ROOT, "run")
    assert "--flat" not in train_command(task, 0, ROOT, "run")
    assert fingerprint(flat, policy_settings(flat)) != fingerprint(task, policy_settings(task))
    assert flat.record_name != task.record_name
    assert "policy.memory_cell" not in policy_settings(flat)


@pytest.mark.parametrize("env_id", sorted(WORLD_TASKS))
def test_a_flat_policy_has_no_fewer_parameters(env_id: str) -> None:
    sizes = []
    for task in (WORLD_TASKS[env_id], flat_task(WORLD_TASKS[env_id])):
        settings = {name.removeprefix("policy."): value for name, value in policy_settings(task).items()}
        own = {name: value for name, value in settings.items() if not name.startswith("critic.")}
        own["hidden_sizes"] = task.network
        host = WorldHost(env_id, 1, is_flat=task.is_flat, policy_settings=PolicySettings(**own))
        sizes.append(host.policy.snapshot().values.size)
    assert sizes[1] >= sizes[0], sizes
