from __future__ import annotations

import pytest

from trainer_process.algorithms.schedule import scheduled


@pytest.mark.parametrize(("steps", "expected"), [(0, 0.4), (25, 0.3), (100, 0.0), (150, 0.0)])
def test_a_linear_schedule_falls_to_zero_at_the_end_and_stays_there(steps, expected):
    assert scheduled(0.4, "linear", steps, 100) == pytest.approx(expected)


def test_a_constant_schedule_stays():
    assert scheduled(0.4, "constant", 1000, 100) == 0.4


@pytest.mark.parametrize(("steps", "expected"), [(0, 0.2), (250, 0.175), (500, 0.15), (1000, 0.1), (2000, 0.1)])
def test_a_linear_schedule_with_a_final_value_goes_there_and_no_further(steps, expected):
    """ML-Agents' epsilon: (0.2 - 0.1) (1 - steps / 1000) + 0.1."""
    assert scheduled(0.2, "linear", steps, 1000, 0.1) == pytest.approx(expected)


def test_a_linear_schedule_may_rise_to_its_final_value():
    assert scheduled(0.05, "linear", 50, 100, 0.1) == pytest.approx(0.075)
