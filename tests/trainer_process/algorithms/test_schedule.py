from __future__ import annotations

import pytest

from trainer_process.algorithms.schedule import scheduled


@pytest.mark.parametrize(("steps", "expected"), [(0, 0.4), (25, 0.3), (100, 0.0), (150, 0.0)])
def test_a_linear_schedule_falls_to_zero_at_the_end_and_stays_there(steps, expected):
    assert scheduled(0.4, "linear", steps, 100) == pytest.approx(expected)


def test_a_constant_schedule_stays():
    assert scheduled(0.4, "constant", 1000, 100) == 0.4
