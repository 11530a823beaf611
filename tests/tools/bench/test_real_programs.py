"""The benches' programs with the real trainer, for a moment each."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tools.bench.end_to_end import Race, run_ours
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
