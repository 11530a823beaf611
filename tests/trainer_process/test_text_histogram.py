"""Histograms in text count every value once."""

from __future__ import annotations

import numpy as np
import pytest

from trainer_process.text_histogram import text_histogram


def counted(lines: list[str]) -> int:
    return sum(int(line.rsplit(" ", 1)[1]) for line in lines)


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0], [1, 2, 3, 3], np.linspace(-1, 1, 77), [1e9, -1e9, 0.5]])
def test_every_value_is_in_one_bin(values: list[float]) -> None:
    lines = text_histogram(values)
    assert counted(lines) == len(values)
    assert len(lines) <= 10


def test_whole_numbers_of_a_small_range_have_a_bin_each() -> None:
    assert [line.split(" │")[0].strip() for line in text_histogram([3, 5, 5])] == ["3", "4", "5"]


def test_no_values_are_no_lines() -> None:
    assert text_histogram([]) == []
