"""Rows as pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tools.bench.chart import LONGEST, draw_curves, draw_targets, margin
from tools.bench.row import BenchRow

ROW = BenchRow("tick", "1 agent", 100.0, 90.0, 110.0, "µs", ratio=2.0)
PNG = b"\x89PNG"


@pytest.mark.parametrize(
    ("target", "expected"),
    [("", None), ("median <= 200", 2.0), ("median <= 50", 0.5), ("ratio >= 1", 2.0), ("ratio >= 4", 0.5)],
)
def test_a_margin_of_one_is_the_target_itself(target: str, expected: float | None) -> None:
    assert margin(replace(ROW, target=target)) == expected


def test_less_than_nothing_is_as_good_as_can_be() -> None:
    assert margin(replace(ROW, median=-0.5, target="median <= 5")) == LONGEST


def test_a_ratio_that_was_not_taken_has_no_margin() -> None:
    assert margin(replace(ROW, ratio=None, target="ratio <= 1")) is None


def test_targets_are_drawn_whether_reached_missed_or_not_measured(tmp_path: Path) -> None:
    rows = [
        replace(ROW, target="ratio >= 1"),
        replace(ROW, target="median <= 50"),
        replace(ROW, ratio=None, target="ratio <= 0.5"),
        ROW,
    ]
    assert draw_targets(rows, tmp_path / "all.png", "all")
    assert (tmp_path / "all.png").read_bytes().startswith(PNG)


def test_curves_are_drawn_with_peers_and_without(tmp_path: Path) -> None:
    ours = [replace(ROW, axis="hosts", x=x, median=100 * x, low=90 * x, high=110 * x) for x in (1.0, 2.0)]
    beside = [replace(row, axis="agents", peer_name="p", peer_median=3.0) for row in ours]
    assert draw_curves([*ours, *beside], tmp_path / "curves.png", "curves")
    assert (tmp_path / "curves.png").read_bytes().startswith(PNG)


def test_nothing_to_draw_makes_no_file(tmp_path: Path) -> None:
    assert not draw_targets([ROW], tmp_path / "a.png", "")
    assert not draw_curves([ROW], tmp_path / "b.png", "")
    assert list(tmp_path.iterdir()) == []
