"""Trainings followed from outside, and rows out of them."""

from __future__ import annotations

import os
import sys

import pytest

from tools.bench.end_to_end import SYNCHRONOUS, Race, rows_of, run
from tools.bench.options import BenchOptions
from tools.bench.table import meets_target
from tools.bench.training_run import Progress, TrainingRun, TrainingRunError, follow

RACE = Race("CartPole-v1", 400.0, (0,), 10)
SPEAKER = """
import json
print(json.dumps({}))
print(json.dumps({"steps": 10, "episodes": 0, "return_mean": None}))
print(json.dumps({"steps": 20, "episodes": 3, "return_mean": 7.5}))
"""


def training(*progress: tuple[float, int, float], startup_s: float = 1.0) -> TrainingRun:
    return TrainingRun(startup_s, tuple(Progress(*item) for item in progress))


def test_a_training_is_followed_line_by_line() -> None:
    followed = follow((sys.executable, "-c", SPEAKER), os.environ, 60.0)
    assert [(item.steps, item.return_mean) for item in followed.progress] == [(10, None), (20, 7.5)]
    assert 0 < followed.startup_s <= followed.last.wall_s


def test_a_training_that_fails_is_shown_with_its_last_words() -> None:
    program = "import sys; print('{}'); sys.exit('the wheel is round')"
    with pytest.raises(TrainingRunError, match=r"(?s)exit status 1.*the wheel is round"):
        follow((sys.executable, "-c", program), os.environ, 60.0)


def test_the_level_is_reached_at_the_first_update_that_has_it() -> None:
    followed = training((2.0, 100, 300.0), (3.0, 200, 410.0), (4.0, 300, 500.0))
    assert followed.reached_s(400.0) == 3.0
    assert followed.reached_s(501.0) is None


def test_seconds_for_steps_lie_on_a_straight_line_between_updates() -> None:
    followed = training((2.0, 100, 0.0), (4.0, 200, 0.0))
    assert followed.seconds_for(100) == 1.0
    assert followed.seconds_for(150) == 2.0
    with pytest.raises(ValueError, match="expected at most 200 steps"):
        followed.seconds_for(201)


def test_rows_hold_time_to_the_level_with_and_without_the_start() -> None:
    ours, peers = [training((3.0, 200, 410.0))], [training((6.0, 100, 420.0), startup_s=2.0)]
    level, with_startup, same_steps = rows_of(RACE, SYNCHRONOUS, ours, peers, "peer", "")
    assert (level.median, level.peer_median, level.ratio) == (2.0, 4.0, 0.5)
    assert meets_target(level) is True
    assert (with_startup.median, with_startup.ratio) == (3.0, 0.5)
    assert (same_steps.median, same_steps.peer_median) == (1.0, 4.0)


def test_a_level_that_was_never_reached_is_told() -> None:
    level, *_ = rows_of(RACE, SYNCHRONOUS, [training((3.0, 200, 10.0))], [], "", "")
    assert "1 never reached the level" in level.note
    assert level.ratio is None


def test_a_world_that_is_no_part_of_the_race_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected tasks among CartPole-v1.*got Pendulum-v1"):
        run(BenchOptions(tasks=("Pendulum-v1",)))
