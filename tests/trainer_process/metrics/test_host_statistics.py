"""Numbers of several hosts in one row."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from protocol.statistic import StatAggregation, StatisticEntry
from trainer_process.metrics.host_statistics import MAX_HISTOGRAM_VALUES, MAX_NAMES, HostStatistics


def test_means_are_weighted_by_count_sums_are_added_and_the_first_hosts_last_number_is_taken() -> None:
    statistics = HostStatistics()
    for host, value, count in ((2, 1.0, 1), (1, 4.0, 3), (2, 1.0, 2)):
        statistics.add(
            host,
            {
                "mean": StatisticEntry(StatAggregation.AVERAGE, count, value=value),
                "sum": StatisticEntry(StatAggregation.SUM, count, value=value),
                "last": StatisticEntry(StatAggregation.MOST_RECENT, count, value=value),
            },
        )
    numbers, histograms = statistics.take()
    assert numbers == {"mean": 2.5, "sum": 6.0, "last": 4.0}
    assert histograms == {}
    assert statistics.take() == ({}, {})


def test_histograms_are_put_together_and_samples_stand_for_as_many_numbers_as_there_were() -> None:
    statistics = HostStatistics()
    statistics.add(0, {"height": StatisticEntry(StatAggregation.HISTOGRAM, 2, values=(1.0, 2.0))})
    statistics.add(1, {"height": StatisticEntry(StatAggregation.HISTOGRAM, 1, values=(6.0,))})
    numbers, histograms = statistics.take()
    assert (numbers["height"], sorted(histograms["height"])) == (3.0, [1.0, 2.0, 6.0])
    statistics.add(0, {"height": StatisticEntry(StatAggregation.HISTOGRAM, 3000, values=(1.0,) * 1000)})
    statistics.add(1, {"height": StatisticEntry(StatAggregation.HISTOGRAM, 1000, values=(5.0,) * 1000)})
    numbers, histograms = statistics.take()
    assert numbers["height"] == pytest.approx(2.0)
    assert np.mean(histograms["height"]) == pytest.approx(2.0, abs=0.15)


def test_what_hosts_send_between_two_rows_takes_bounded_memory(caplog: pytest.LogCaptureFixture) -> None:
    statistics = HostStatistics()
    with caplog.at_level(logging.WARNING):
        for number in range(MAX_NAMES + 5):
            statistics.add(0, {str(number): StatisticEntry(StatAggregation.SUM, 1, value=1.0)})
    assert len(caplog.records) == 1
    assert len(statistics.take()[0]) == MAX_NAMES
    for _ in range(100):
        statistics.add(0, {"height": StatisticEntry(StatAggregation.HISTOGRAM, 9999, values=(1.0, 3.0) * 512)})
    numbers, histograms = statistics.take()
    assert numbers["height"] == pytest.approx(2.0)
    assert len(histograms["height"]) <= MAX_HISTOGRAM_VALUES


def test_a_name_keeps_the_aggregation_that_came_first() -> None:
    statistics = HostStatistics()
    statistics.add(0, {"jumps": StatisticEntry(StatAggregation.SUM, 1, value=1.0)})
    statistics.add(1, {"jumps": StatisticEntry(StatAggregation.AVERAGE, 1, value=50.0)})
    assert statistics.take()[0] == {"jumps": 1.0}
