from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer_process.data.running_statistics import RunningStatistics


def rows_of(count: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal((count, 3)) * [1, 100, 0.01] + [0, 1e3, -5]).astype(np.float32)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.integers(0, 100))
def test_statistics_do_not_depend_on_how_rows_were_cut(sizes, seed):
    rows = rows_of(sum(sizes) + 1, seed)
    whole, parts = RunningStatistics(3), RunningStatistics(3)
    whole.add(rows)
    for part in np.split(rows, np.cumsum(sizes)):
        parts.add(part)
    assert parts.count == whole.count
    np.testing.assert_allclose(parts.mean, whole.mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(parts.variance, whole.variance, rtol=1e-9, atol=1e-12)


def test_statistics_are_those_of_the_population():
    rows = rows_of(100)
    statistics = RunningStatistics(3)
    statistics.add(rows)
    np.testing.assert_allclose(statistics.mean, rows.mean(0, dtype=np.float64))
    np.testing.assert_allclose(statistics.variance, rows.var(0, dtype=np.float64))


def test_one_host_and_four_give_the_same_statistics():
    rows = rows_of(400)
    one, four = RunningStatistics(3), RunningStatistics(3)
    one.add(rows)
    for host in range(4):
        of_host = RunningStatistics(3)
        of_host.add(rows[host::4])
        four.merge(of_host.count, of_host.mean, of_host.squared_deviations)
    np.testing.assert_allclose(four.mean, one.mean, rtol=1e-12)
    np.testing.assert_allclose(four.variance, one.variance, rtol=1e-10)


def test_a_large_offset_does_not_cost_precision():
    statistics = RunningStatistics(1)
    for start in range(0, 1000, 100):
        statistics.add(1e6 + np.arange(start, start + 100, dtype=np.float64)[:, None])
    np.testing.assert_allclose(statistics.variance, np.arange(1000).var(), rtol=1e-9)


def test_features_that_are_not_active_keep_mean_0_and_variance_1():
    statistics = RunningStatistics(3, np.array([True, False, True]))
    statistics.add(rows_of(10))
    assert (statistics.mean[1], statistics.variance[1]) == (0.0, 1.0)
    assert statistics.mean[0] != 0.0


def test_statistics_without_rows_are_those_of_a_standard_normal():
    statistics = RunningStatistics(2)
    statistics.add(np.zeros((0, 2), np.float32))
    assert statistics.count == 0
    np.testing.assert_array_equal(statistics.variance, [1.0, 1.0])


def test_loaded_statistics_go_on_as_if_never_stopped():
    whole, resumed, first = RunningStatistics(3), RunningStatistics(3), RunningStatistics(3)
    rows = rows_of(60)
    whole.add(rows)
    first.add(rows[:20])
    resumed.load(first.count, first.mean, first.variance)
    resumed.add(rows[20:])
    np.testing.assert_allclose(resumed.variance, whole.variance, rtol=1e-10)
