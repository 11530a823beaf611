"""What is left of what several trainers learnt, one after the other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.bench.learnt_line import follow, read_notes


def start(process: int, iteration: int) -> Mapping[str, Any]:
    return {"process": process, "what": "start", "iteration": iteration, "steps": 10 * iteration}


def taken(process: int, batch: int) -> Mapping[str, Any]:
    return {"process": process, "what": "taken", "batch": batch, "steps": 10}


def learnt(process: int, iteration: int, *batches: int) -> Mapping[str, Any]:
    return {"process": process, "what": "learnt", "iteration": iteration, "steps": 10 * iteration, "batches": batches}


FIRST = [start(1, 0), *(taken(1, batch) for batch in (1, 2, 3, 4)), *(learnt(1, batch, batch) for batch in (1, 2, 3))]


def test_one_trainer_s_line_is_all_that_it_learnt() -> None:
    line = follow(FIRST)
    assert line.batches == [1, 2, 3]
    assert (line.steps, line.counted_steps) == (30, 30)
    assert (line.repeated, line.skipped, line.lost) == (0, 0, set())


def test_what_was_learnt_after_the_checkpoint_is_undone_and_lost_unless_it_is_sent_again() -> None:
    line = follow([*FIRST, start(2, 1), taken(2, 3), taken(2, 4), learnt(2, 2, 3), learnt(2, 3, 4)])
    assert line.batches == [1, 3, 4]
    assert [update.batches for update in line.undone] == [(2,), (3,)]
    assert line.lost == {2}, "batch 3 was sent again"
    assert (line.steps, line.counted_steps) == (30, 30)
    assert (line.repeated, line.skipped, line.trainer_count) == (0, 0, 2)


def test_a_batch_that_comes_twice_shows() -> None:
    line = follow([*FIRST, start(2, 3), taken(2, 3), learnt(2, 4, 3)])
    assert line.repeated == 1


def test_a_batch_that_nobody_learnt_from_shows() -> None:
    line = follow([*FIRST, start(2, 3), taken(2, 5), learnt(2, 4, 5)])
    assert line.skipped == 1
    assert line.lost == set()


def test_steps_that_are_counted_otherwise_show() -> None:
    line = follow([*FIRST, start(2, 3), taken(2, 4), {**learnt(2, 4, 4), "steps": 45}])
    assert (line.steps, line.counted_steps) == (40, 45)


def test_notes_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("".join(json.dumps(note) + "\n" for note in FIRST))
    assert follow(read_notes(path)).batches == [1, 2, 3]
