"""Numbers of the game's own, until they are sent."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from host_sdk import StatAggregation, StatsRecorder, errors
from host_sdk.connection.statistics_outbox import StatisticsOutbox
from protocol.codec import encode
from protocol.limits import MAX_STATISTIC_VALUES, MAX_STATISTICS
from protocol.messages import Message, Statistics
from protocol.statistic import StatisticEntry


def test_numbers_of_a_name_become_their_mean_the_last_the_sum_or_a_histogram() -> None:
    stats = StatsRecorder()
    for value in (1.0, 2.0, 6.0):
        for aggregation in StatAggregation:
            stats.add(aggregation.value, value, aggregation)
    assert stats.entries() == {
        "average": StatisticEntry(StatAggregation.AVERAGE, 3, value=3.0),
        "most_recent": StatisticEntry(StatAggregation.MOST_RECENT, 3, value=6.0),
        "sum": StatisticEntry(StatAggregation.SUM, 3, value=9.0),
        "histogram": StatisticEntry(StatAggregation.HISTOGRAM, 3, values=(1.0, 2.0, 6.0)),
    }


def test_numbers_that_were_sent_are_forgotten_and_their_name_is_silent_until_the_next() -> None:
    stats = StatsRecorder()
    stats.add("jumps", 2, StatAggregation.SUM)
    stats.forget(stats.entries())
    assert stats.entries() == {}
    stats.add("jumps", 3, StatAggregation.SUM)
    assert stats.entries()["jumps"].value == 3.0


def test_of_very_many_values_a_histogram_keeps_a_fair_sample() -> None:
    stats = StatsRecorder()
    for value in range(20_000):
        stats.add("distance", value, StatAggregation.HISTOGRAM)
    entry = stats.entries()["distance"]
    assert (entry.count, len(entry.values)) == (20_000, MAX_STATISTIC_VALUES)
    assert 9000 < np.mean(entry.values) < 11_000


def test_a_message_never_exceeds_what_the_codec_takes_and_the_rest_follows() -> None:
    stats = StatsRecorder()
    for number in range(40):
        for value in range(MAX_STATISTIC_VALUES):
            stats.add(f"histogram {number}", value, StatAggregation.HISTOGRAM)
    seen: set[str] = set()
    while entries := stats.entries():
        encode(Statistics("", {name: entry.to_wire() for name, entry in entries.items()}), 1, 1)
        seen |= set(entries)
        stats.forget(entries)
    assert len(seen) == 40


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "3", None])
def test_what_is_no_finite_number_is_refused_by_its_name(value: Any) -> None:
    with pytest.raises(errors.StatisticError, match=r"statistic 'Player/Jumps': expected a finite number, got"):
        StatsRecorder().add("Player/Jumps", value)


@pytest.mark.parametrize("name", ["", "x" * 129, 7])
def test_a_name_that_can_not_be_used_is_refused(name: Any) -> None:
    with pytest.raises(errors.StatisticError, match="expected a name of 1 to 128 bytes"):
        StatsRecorder().add(name, 1.0)


def test_a_name_has_one_aggregation_and_there_are_not_too_many_names() -> None:
    stats = StatsRecorder()
    stats.add("jumps", 1.0)
    with pytest.raises(errors.StatisticError, match="expected the aggregation 'average' of its first number"):
        stats.add("jumps", 1.0, StatAggregation.SUM)
    with pytest.raises(errors.StatisticError, match="expected an aggregation of average, most_recent, sum, histogram"):
        stats.add("runs", 1.0, "median")  # type: ignore[arg-type]
    for number in range(MAX_STATISTICS - 1):
        stats.add(str(number), 1.0)
    with pytest.raises(errors.StatisticError, match="expected at most 256 different names"):
        stats.add("one more", 1.0)


def test_a_sum_too_great_for_a_float_stays_a_number() -> None:
    stats = StatsRecorder()
    for _ in range(3):
        stats.add("sum", 1.7e308, StatAggregation.SUM)
    assert math.isfinite(stats.entries()["sum"].value)


class Line:
    """Takes messages as long as it is up."""

    def __init__(self) -> None:
        self.is_up = True
        self.sent: list[Message] = []

    def send(self, message: Message) -> bool:
        if self.is_up:
            self.sent.append(message)
        return self.is_up


def test_numbers_wait_for_their_behavior_and_for_the_line() -> None:
    outbox, line = StatisticsOutbox(), Line()
    outbox.recorder("").add("fps", 60.0)
    outbox.recorder("walker").add("falls", 1, StatAggregation.SUM)
    outbox.send(line.send, [])
    assert line.sent == []
    line.is_up = False
    outbox.send(line.send, ["walker"])
    outbox.recorder("walker").add("falls", 1, StatAggregation.SUM)
    line.is_up = True
    outbox.send(line.send, ["walker"])
    outbox.send(line.send, ["walker"])
    assert line.sent == [
        Statistics("", {"fps": {"aggregation": "average", "count": 1, "value": 60.0}}),
        Statistics("walker", {"falls": {"aggregation": "sum", "count": 2, "value": 2.0}}),
    ]
