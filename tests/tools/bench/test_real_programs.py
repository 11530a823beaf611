"""The benches' programs with the real trainer, for a moment each."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tools.bench.end_to_end import Race, run_ours
from tools.bench.learning import read_ours
from tools.bench.learning_run import EVALUATION_AGENTS
from tools.bench.learning_run import run_ours as run_ours_once
from tools.bench.learning_tasks import WORLD_TASKS, LearningTask, flat_task
from tools.bench.measured_program import MeasuredProgram
from tools.bench.options import ROOT
from tools.bench.trainer_program import TrainerProgram

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def test_several_hosts_hand_their_steps_to_a_trainer_that_only_counts(tmp_path: Path) -> None:
    with ExitStack() as stack:
        trainer = stack.enter_context(TrainerProgram("tools.bench.consuming_trainer", tmp_path, steps_per_update=256))
        command = (sys.executable, "-m", "tools.bench.noop_host", "--agents", "8", "--endpoint", trainer.endpoint)
        hosts = [stack.enter_context(MeasuredProgram(command)) for _ in range(2)]
        for host in hosts:
            host.await_ready()
        for host in hosts:
            host.begin(0.2)
        turns = [host.end() for host in hosts]
    assert all(0 < turn.steps <= turn.played_steps for turn in turns)
    assert (next(tmp_path.glob("**/metrics.jsonl")).read_text(encoding="utf-8").count("\n")) > 1


@pytest.mark.parametrize("asynchronous", [False, True])
def test_our_side_of_a_race_stops_at_its_level(asynchronous: bool) -> None:
    followed = run_ours(Race("CartPole-v1", 10.0, (0,), 0), seed=0, asynchronous=asynchronous)
    assert followed.reached_s(10.0) == followed.last.wall_s
    assert followed.last.steps < 5_000


def test_a_second_is_looked_into_on_both_sides() -> None:
    command = (sys.executable, "-m", "tools.bench.profile", "--seconds", "1", "--agents", "8")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=170)
    assert "| inference " in done.stdout
    assert "trainer, learner thread: of 1,000 ms" in done.stdout
    assert "| gradient steps" in done.stdout


TASKS = (*WORLD_TASKS.values(), flat_task(WORLD_TASKS["Skirmish"]))


@pytest.mark.parametrize("task", TASKS, ids=[task.record_name for task in TASKS])
def test_a_world_is_learnt_and_played(task: LearningTask, tmp_path: Path) -> None:
    quick = replace(task, total_steps=1_000, env_count=8, evaluation_episodes=EVALUATION_AGENTS)
    run_ours_once(quick, 0, tmp_path)
    record = read_ours(quick, 0, tmp_path)
    assert record is not None
    assert record.steps >= 1_000
    assert record.parameter_count > 1_000


def test_the_trainer_launches_a_world_as_it_does_any_program(tmp_path: Path) -> None:
    environment = f"{sys.executable} -m tools.bench.worlds --world Gathering --agents 8 --report none"
    command = [sys.executable, "-m", "trainer_process", "train", "--env", environment, "--results-dir", str(tmp_path)]
    settings = ("--total-steps", "512", "--run-id", "run", "--set", "steps_per_update=256")
    done = subprocess.run([*command, *settings], cwd=ROOT, capture_output=True, text=True, check=False, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "run" / "default" / "policy.lbp").exists()
