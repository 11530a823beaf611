"""When a lesson ends, with numbers worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from trainer_process.curriculum import CompletionCriteria


def criteria(**changes: Any) -> CompletionCriteria:
    return CompletionCriteria(**{"behavior": "Jumper", "threshold": 1.0, **changes})


def returns(*values: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)


@pytest.mark.parametrize(
    ("wanted", "progress", "episodes", "smoothing", "expected"),
    [
        # 0.25 * 0 + 0.75 * mean(2, 4) = 2.25 > 1
        ({}, 0.0, (2.0, 4.0), 0.0, (True, 2.25)),
        # 0.25 * 0 + 0.75 * 1 = 0.75
        ({}, 0.0, (1.0,), 0.0, (False, 0.75)),
        # 0.25 * 2 + 0.75 * 0.75 = 1.0625 > 1
        ({}, 0.0, (0.5, 1.0), 2.0, (True, 1.0625)),
        # 0.25 * 4 + 0.75 * 0 = 1, which doesn't exceed 1
        ({}, 0.0, (0.0,), 4.0, (False, 1.0)),
        # the plain mean; what was smoothed before stays as it was
        ({"signal_smoothing": False}, 0.0, (1.0, 2.0), -3.0, (True, -3.0)),
        ({"signal_smoothing": False}, 0.0, (1.0, 1.0), -3.0, (False, -3.0)),
        ({"threshold": -1.0, "signal_smoothing": False}, 0.0, (-0.5,), 0.0, (True, 0.0)),
        # too few episodes: nothing is looked at
        ({"min_lesson_length": 3}, 0.9, (9.0, 9.0), 0.5, (False, 0.5)),
        # 0.25 * 0.5 + 0.75 * 9 = 6.875
        ({"min_lesson_length": 2}, 0.0, (9.0, 9.0), 0.5, (True, 6.875)),
        ({}, 0.9, (), 0.5, (False, 0.5)),
        ({}, 0.0, (9.0, math.nan), 0.5, (False, 0.5)),
        ({"measure": "progress", "threshold": 0.3}, 0.3, (9.0,), 0.5, (False, 0.5)),
        ({"measure": "progress", "threshold": 0.3}, 0.30001, (), 0.5, (True, 0.5)),
        ({"measure": "progress", "threshold": 0.3, "min_lesson_length": 1}, 0.9, (), 0.5, (False, 0.5)),
        ({"measure": "progress", "threshold": 0.0}, 0.0, (9.0,), 0.5, (False, 0.5)),
    ],
)
def test_a_lesson_ends_when_its_measure_exceeds_the_threshold(
    wanted: dict[str, Any],
    progress: float,
    episodes: tuple[float, ...],
    smoothing: float,
    expected: tuple[bool, float],
) -> None:
    assert criteria(**wanted).need_increment(progress, returns(*episodes), smoothing) == expected


def test_unchanged_episodes_converge_to_their_plain_mean() -> None:
    smoothing, seen = 0.0, []
    for _ in range(4):
        _, smoothing = criteria(threshold=1.6).need_increment(0.0, returns(1.6), smoothing)
        seen.append(smoothing)
    # 1.6 * (1 - 0.25 ** n)
    assert seen == pytest.approx([1.2, 1.5, 1.575, 1.59375], abs=1e-12)


def test_a_sequence_of_episodes_is_smoothed_from_one_to_the_next() -> None:
    # after each episode the mean of the newest two, and a quarter of the value before:
    # 0.75 * 1 = 0.75; 0.1875 + 0.75 * 1.5 = 1.3125; 0.328125 + 0.75 * 3 = 2.578125 > 2
    newest: list[float] = []
    smoothing, results = 0.0, []
    for episode in (1.0, 2.0, 4.0):
        newest = [*newest, episode][-2:]
        ends, smoothing = criteria(threshold=2.0).need_increment(0.0, returns(*newest), smoothing)
        results.append((ends, smoothing))
    assert results == [(False, 0.75), (False, 1.3125), (True, 2.578125)]
