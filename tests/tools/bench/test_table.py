"""Rows judged against their targets, and drawn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.bench.row import BenchRow
from tools.bench.table import format_number, meets_target, table

ROW = BenchRow("update", "10,240 samples", 1.2, 1.1, 1.5, "s", "peer 2.0", 2.0, 0.6, "ratio <= 0.8", "a note")


@pytest.mark.parametrize(
    ("target", "verdict"),
    [("", None), ("ratio <= 0.8", True), ("ratio <= 0.5", False), ("high <= 1.5", True), ("low >= 1.2", False)],
)
def test_a_row_is_judged_by_its_target(target: str, verdict: bool | None) -> None:
    assert meets_target(replace(ROW, target=target)) is verdict


def test_a_ratio_without_a_peer_misses_its_target() -> None:
    assert meets_target(replace(ROW, ratio=None)) is False


def test_a_target_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="expected as 'ratio"):
        meets_target(replace(ROW, target="faster"))


def test_the_table_shows_verdicts_and_notes() -> None:
    text = table([ROW, replace(ROW, target="median <= 1", note="")])
    assert [line.rstrip(" |").rpartition(" ")[2] for line in text.splitlines()[2:4]] == ["pass", "FAIL"]
    assert text.endswith("* update, 10,240 samples: a note")


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (0.0, "0"), (0.83541, "0.8354"), (12345.6, "12,346"), (0.00012, "1.20e-04")]
)
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert format_number(value) == text
