"""What a behavior leaves on disk while it learns: when, which, and how it is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from protocol.initial_weights import initial_weights
from protocol.messages import Complete, Configure, Credit, EvaluationResult, PolicyUpdate, Ready, Welcome
from protocol.network_builder import build_policy_spec
from protocol.policy_file import load_policy
from tests.trainer_process.server_world import ACTION, OBSERVATION, POLICY, START, TOKEN, Host, World, experience, hello
from tests.trainer_process.server_world import configure as configuration
from trainer_process.checkpoint_folder import best_checkpoint, latest_checkpoint, list_checkpoints
from trainer_process.run_folder import RunFolder
from trainer_process.run_status import RunStatus
from trainer_process.session_registry import AdmissionSettings

FIRST_WEIGHTS = initial_weights(build_policy_spec(OBSERVATION, ACTION, POLICY), POLICY.seed)


def train(host: Host, *batch_ids: int, step_count: int = 4) -> None:
    """One update for each batch; the counting algorithm's return_mean is its iteration."""
    for batch_id in batch_ids:
        host.ask(experience(batch_id, step_count=step_count), Credit)


def evaluate(world: World, host: Host, version: int, mean: float) -> None:
    metrics = world.folder / "metrics.jsonl"
    before = metrics.read_text().count("evaluation_version")
    host.say(EvaluationResult("Walker", version, 1000, 12, mean, 0.5, 83.0))
    world.until(lambda: metrics.read_text().count("evaluation_version") > before, "the evaluation")
    train(host, version + 1000)  # saving is done before the update after it


def checkpoints(world: World) -> list[int]:
    return [entry.iteration for entry in list_checkpoints(world.folder / "checkpoints")]


def test_checkpoints_are_written_as_steps_go_by(tmp_path: Path) -> None:
    start = replace(START, checkpoint_interval=1, checkpoint_steps=10, kept_checkpoints=100)
    with World(tmp_path, start=start) as world:
        host = world.host()
        host.join()
        train(host, 1, 2, 3, 4, 5, 6)
        train(host, 7, step_count=26)
        train(host, 8)
        assert checkpoints(world) == [0, 3, 5, 7]
    assert checkpoints(world) == [0, 3, 5, 7, 8]


def test_a_run_without_intervals_is_kept_at_its_end_alone(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        train(host, 1, 2)
        assert checkpoints(world) == []
    assert checkpoints(world) == [2]


def test_the_beginning_is_kept_so_that_a_trainer_that_dies_early_goes_back_to_it(tmp_path: Path) -> None:
    with World(tmp_path, start=replace(START, checkpoint_interval=10)) as world:
        host = world.host()
        host.join()
        train(host, 1)
        assert checkpoints(world) == [0]
        kept = latest_checkpoint(world.folder / "checkpoints")
        assert kept is not None
        np.testing.assert_array_equal(kept.state.arrays["policy"], FIRST_WEIGHTS)
        assert kept.context.consumed == {}


def test_the_best_policy_lies_in_a_folder_of_its_own(tmp_path: Path) -> None:
    with World(tmp_path, start=replace(START, checkpoint_interval=2)) as world:
        host = world.host()
        host.join()
        train(host, 1, 2, 3)
    best = load_policy(world.folder / "best" / "policy.lbp")
    assert (best.snapshot.version, best.metadata["return_mean"]) == (3, "3.0")
    np.testing.assert_array_equal(best.snapshot.values, FIRST_WEIGHTS + 1 + 1 + 1)


def test_an_evaluation_belongs_to_the_checkpoint_of_the_policy_that_was_evaluated(tmp_path: Path) -> None:
    with World(tmp_path, start=replace(START, checkpoint_interval=1, kept_checkpoints=2)) as world:
        host = world.host()
        host.join()
        train(host, 1, 2, 3)
        evaluate(world, host, 2, 7.0)
        train(host, 2001, 2002)
        assert checkpoints(world)[:1] == [2]
        best = best_checkpoint(world.folder / "checkpoints")
        assert best is not None
        assert (best.iteration, best.context.evaluation_return_mean, best.context.return_mean) == (2, 7.0, 2.0)
        policy = load_policy(world.folder / "best" / "policy.lbp")
        assert (policy.snapshot.version, policy.metadata["evaluation_return_mean"]) == (2, "7.0")


def test_a_policy_that_was_evaluated_as_the_best_gets_a_checkpoint_of_its_own(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        train(host, 1, 2, 3)
        evaluate(world, host, 1, 5.0)
        evaluate(world, host, 2, 4.0)
        evaluate(world, host, 3, 6.0)
        assert checkpoints(world) == [1, 3]
        kept = list_checkpoints(world.folder / "checkpoints")
        assert [entry.context.consumed for entry in kept] == [{host.session_id: 1}, {host.session_id: 3}]
        assert load_policy(world.folder / "best" / "policy.lbp").snapshot.version == 3


def test_an_evaluation_of_the_newest_policy_is_in_its_checkpoint_at_the_end(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        train(host, 1)
        evaluate(world, host, 1, 5.0)
        host.say(EvaluationResult("Walker", 2, 1000, 12, 4.0, 0.5, 83.0))
        world.settle()
        world.until(lambda: world.server.behaviors["Walker"].pending_batches == 0, "the learner")
        metrics = world.folder / "metrics.jsonl"
        world.until(lambda: metrics.read_text().count("evaluation_version") == 2, "the evaluation")
    newest = latest_checkpoint(world.folder / "checkpoints")
    assert newest is not None
    assert (newest.iteration, newest.context.evaluation_return_mean) == (2, 4.0)


def test_an_evaluation_of_a_policy_that_nobody_kept_is_among_the_metrics_alone(tmp_path: Path) -> None:
    with World(tmp_path) as world:
        host = world.host()
        host.join()
        evaluate(world, host, 77, 5.0)
        assert checkpoints(world) == []


def test_the_status_says_how_far_the_run_is(tmp_path: Path) -> None:
    with World(tmp_path, start=replace(START, checkpoint_interval=1, kept_checkpoints=1)) as world:
        host = world.host()
        host.join(configuration(settings={"total_steps": 8}))
        train(host, 1)
        status = RunStatus.read(tmp_path / "run")
        assert not status.is_complete
        train(host, 2)
        host.await_heard(Complete)
    behavior = RunStatus.read(tmp_path / "run").behaviors["Walker"]
    assert (behavior.iteration, behavior.steps, behavior.total_steps, behavior.version) == (2, 8, 8, 2)
    assert (behavior.return_mean, behavior.is_complete, behavior.trainer_type) == (2.0, True, "counting")
    assert behavior.best == "Walker/checkpoints/000000002"
    assert behavior.final == "Walker/policy.lbp"
    (checkpoint,) = behavior.checkpoints
    assert (checkpoint.iteration, checkpoint.steps, checkpoint.return_mean) == (2, 8, 2.0)
    assert (tmp_path / "run" / checkpoint.path / "state.json").is_file()


def test_every_behavior_is_in_the_status(tmp_path: Path) -> None:
    for resume in (False, True):
        with World(tmp_path, start=replace(START, checkpoint_interval=1, resume=resume)) as world:
            host = world.host()
            host.ask(hello(), Welcome)
            host.ask(configuration(behavior="Runner" if resume else "Walker"), Ready)
    assert set(RunStatus.read(tmp_path / "run").behaviors) == {"Walker", "Runner"}


def resumed(folder: Path, **changes: object) -> World:
    start = replace(START, resume=True, **changes)  # type: ignore[arg-type]
    return World(folder, start=start, admission=AdmissionSettings(token=TOKEN, is_resumed=True))


def test_what_is_left_of_a_damaged_checkpoint_is_no_hindrance_to_newer_ones(tmp_path: Path) -> None:
    with World(tmp_path, start=replace(START, checkpoint_interval=1, kept_checkpoints=2)) as world:
        host = world.host()
        host.join()
        train(host, 1, 2)
    (world.folder / "checkpoints" / "000000002" / "state.json").write_text("half")
    with resumed(tmp_path, kept_checkpoints=1, checkpoint_interval=1) as world:
        host = world.host()
        assert host.join().policy_version == 1
        assert checkpoints(world) == [1]
        train(host, 3)
    assert checkpoints(world) == [2]


def test_a_training_that_begins_anew_in_a_folder_moves_the_earlier_one_s_checkpoints_aside(tmp_path: Path) -> None:
    with World(tmp_path, start=replace(START, checkpoint_interval=1)) as world:
        first = world.host()
        first.join(configuration(settings={"fails_at": 3}))
        train(first, 1, 2)
        first.say(experience(3))
        world.until(lambda: world.server.behaviors["Walker"].state.value == "failed", "the failure")
        again = world.host()
        again.join(configuration(start="weights", weights=FIRST_WEIGHTS, version=2))
        train(again, 1)
    assert checkpoints(world) == [0, 1]
    assert [entry.iteration for entry in list_checkpoints(world.folder / "checkpoints.old-1")] == [0, 1, 2]


def test_the_run_s_newest_context_is_that_of_the_behavior_that_was_kept_last(tmp_path: Path) -> None:
    with World(tmp_path, start=replace(START, checkpoint_interval=1)) as world:
        host = world.host()
        host.ask(hello(), Welcome)
        for name in ("Walker", "Runner"):
            host.ask(configuration(behavior=name), Ready)
        host.ask(experience(1, behavior="Runner"), Credit)
        host.ask(experience(1), Credit)
        host.ask(experience(2, behavior="Runner", step_count=6), Credit)
    context = RunFolder(tmp_path, "run").newest_context()
    assert context is not None
    assert context.steps == 10
    assert RunFolder(tmp_path, "nothing").newest_context() is None


def playing(folder: Path, **changes: object) -> World:
    return resumed(folder, learns=False, checkpoint_interval=1, **changes)


def learnt(folder: Path, settings: dict[str, object] | None = None) -> Configure:
    wanted = configuration(settings=settings or {})
    with World(folder) as world:
        host = world.host()
        host.join(wanted)
        train(host, 1)
    return wanted


@pytest.mark.parametrize("total_steps", [4, 100])
def test_a_policy_that_only_plays_is_counted_and_given_credit_and_never_changes(
    tmp_path: Path, total_steps: int
) -> None:
    wanted = learnt(tmp_path, {"total_steps": total_steps, "synchronous": True})
    before = {path: path.read_bytes() for path in (tmp_path / "run" / "Walker").rglob("*") if path.is_file()}
    with playing(tmp_path) as world:
        host = world.host()
        ready = host.join(wanted)
        assert (ready.policy_version, ready.synchronous) == (1, False)
        for batch_id in range(1, 6):
            train(host, batch_id)
        assert not host.all_heard(Complete)
        for update in host.all_heard(PolicyUpdate):
            assert (update.version, update.is_final) == (1, False)
            np.testing.assert_array_equal(update.weights, FIRST_WEIGHTS + 1)
        assert host.all_heard(PolicyUpdate)[-1].metrics["steps"] == 4 + 5 * 4
    after = {path: path.read_bytes() for path in before}
    assert after == before
    rows = (tmp_path / "run" / "Walker" / "inference" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(rows[-1])["steps"] == 24
