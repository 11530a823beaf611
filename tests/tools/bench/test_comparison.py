"""Two runs beside each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.bench.comparison import RowChange, changes, compare, machine_differences
from tools.bench.row import BenchRow
from tools.bench.saved_run import SavedRun

ROW = BenchRow("tick", "1 agent", 100.0, 90.0, 110.0, "µs", "peer", 50.0, 2.0, "median <= 80")
FASTER = replace(ROW, median=75.0, low=70.0, high=79.0, ratio=1.5)


def saved(*rows: BenchRow, **machine: object) -> SavedRun:
    return SavedRun("all", "2030-01-01T00:00:00+00:00", machine, rows)


def test_a_change_is_told_in_percent_of_median_and_ratio() -> None:
    change = RowChange(ROW, FASTER)
    assert change.median_change == pytest.approx(-0.25)
    assert change.ratio_change == pytest.approx(-0.25)


@pytest.mark.parametrize(("high", "overlaps"), [(79.0, False), (90.0, True), (200.0, True)])
def test_spreads_that_share_a_value_overlap(high: float, overlaps: bool) -> None:
    assert RowChange(ROW, replace(FASTER, high=high)).spreads_overlap is overlaps


def test_a_median_of_nothing_has_no_change_in_percent() -> None:
    assert RowChange(replace(ROW, median=0.0), ROW).median_change is None


def test_rows_are_matched_by_bench_and_name() -> None:
    other = replace(ROW, bench="memory")
    assert [change.after for change in changes(saved(ROW), saved(other, FASTER))] == [FASTER]


def test_the_text_tells_what_now_passes_and_what_is_only_in_one() -> None:
    gone, new = replace(ROW, name="gone"), replace(ROW, name="new")
    text = compare(saved(ROW, gone), saved(FASTER, new))
    assert "-25.0 %" in text
    assert "FAIL -> pass" in text
    assert "now passes:\n* tick, 1 agent" in text
    assert "only before:\n* tick, gone" in text
    assert "only after:\n* tick, new" in text
    assert "now FAILS" not in text


def test_another_machine_is_noted_and_another_commit_is_none() -> None:
    before = {"processor": "old", "commit": "a", "load_before": 0.5, "versions": {"numpy": "2.0"}}
    after = {"processor": "new", "commit": "b", "load_before": 1.5, "versions": {"numpy": "2.1"}}
    assert machine_differences(before, after) == ["processor: old -> new", "versions.numpy: 2.0 -> 2.1"]
    assert "Not the same machine" in compare(saved(ROW, **before), saved(ROW, **after))
    assert "Not the same machine" not in compare(saved(ROW, **before), saved(ROW, **{**before, "commit": "b"}))


def test_runs_with_nothing_in_common_say_so() -> None:
    assert "No row is in both." in compare(saved(ROW), saved(replace(ROW, name="new")))
