"""Where a run's time goes."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from trainer_process.timers import TIMERS_FILE_NAME, RunTimers, Timed, set_gauges, write_timers


def block(timers: RunTimers, *names: str) -> dict[str, Any]:
    plain: Any = timers.to_plain()
    for name in names:
        plain = plain["children"][name]
    return dict(plain)


def test_blocks_are_counted_inside_those_around_them(tmp_path: Path) -> None:
    timers = RunTimers(tmp_path)
    with timers.follow("learner"):
        for _ in range(3):
            with Timed("update"), Timed("targets"):
                pass
    assert block(timers, "learner", "update")["count"] == 3
    assert block(timers, "learner", "update", "targets")["count"] == 3
    outer, inner = block(timers, "learner", "update"), block(timers, "learner", "update", "targets")
    assert outer["total"] >= inner["total"]
    assert outer["self"] <= outer["total"]


def test_each_thread_has_a_branch_and_one_that_goes_on_counts_up_to_now(tmp_path: Path) -> None:
    timers, begun, may_end = RunTimers(tmp_path), threading.Event(), threading.Event()

    def learn() -> None:
        with timers.follow("learner"), Timed("update"):
            begun.set()
            may_end.wait()

    thread = threading.Thread(target=learn)
    with timers.follow("server"), Timed("receive"):
        thread.start()
        begun.wait()
    plain: Any = timers.to_plain()
    may_end.set()
    thread.join()
    assert set(plain["children"]) == {"server", "learner"}
    assert plain["children"]["learner"]["total"] > 0
    assert block(timers, "learner", "update")["count"] == 1


def test_a_thread_that_belongs_to_no_run_is_not_counted(tmp_path: Path) -> None:
    timers = RunTimers(tmp_path)
    with Timed("update"):
        set_gauges("Walker", {"entropy": 1.0})
        write_timers()
    assert "children" not in timers.to_plain()
    assert list(tmp_path.iterdir()) == []


def test_a_block_that_raises_is_counted_and_left(tmp_path: Path) -> None:
    timers = RunTimers(tmp_path)
    with timers.follow("learner"):
        try:
            with Timed("update"):
                raise ValueError
        except ValueError:
            with Timed("save"):
                pass
    assert set(block(timers, "learner")["children"]) == {"update", "save"}


def test_the_file_has_what_ml_agents_has(tmp_path: Path) -> None:
    timers = RunTimers(tmp_path)
    with timers.follow("learner"):
        for value in (3.0, 1.0, 2.0):
            set_gauges("Walker", {"entropy": value})
        write_timers()
    plain = json.loads((tmp_path / TIMERS_FILE_NAME).read_text())
    assert (plain["name"], plain["count"]) == ("root", 1)
    assert plain["gauges"] == {"Walker.entropy": {"value": 2.0, "min": 1.0, "max": 3.0, "count": 3}}
    assert {"start_time_seconds", "end_time_seconds", "learning_bridge_version"} <= plain["metadata"].keys()


def test_nothing_is_written_before_the_runs_folder_is_there(tmp_path: Path) -> None:
    RunTimers(tmp_path / "run").write()
    assert list(tmp_path.iterdir()) == []
