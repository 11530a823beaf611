"""Numbers of a game's own on the wire."""

from __future__ import annotations

import math

import pytest

from protocol.codec import decode, encode
from protocol.errors import RemoteProtocolError
from protocol.limits import MAX_STATISTIC_VALUES, MAX_STATISTICS
from protocol.messages import Statistics
from protocol.statistic import StatAggregation, StatisticEntry, statistics_from_wire

MEAN = {"aggregation": "average", "count": 2, "value": 0.5}
SAMPLE = {"aggregation": "histogram", "count": 3, "values": [1.0, 2.0, 4.0]}


@pytest.mark.parametrize(
    "entry",
    [
        StatisticEntry(StatAggregation.AVERAGE, 3, value=0.5),
        StatisticEntry(StatAggregation.MOST_RECENT, 1, value=-2.0),
        StatisticEntry(StatAggregation.SUM, 7, value=1e9),
        StatisticEntry(StatAggregation.HISTOGRAM, 4, values=(1.0, 2.0)),
    ],
)
def test_every_aggregation_survives_the_way_through_the_codec(entry: StatisticEntry) -> None:
    message = Statistics("walker", {"Player/Jumps": entry.to_wire()})
    arrived = decode(encode(message, 1, 1)).message
    assert isinstance(arrived, Statistics)
    assert statistics_from_wire(arrived.entries) == {"Player/Jumps": entry}


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (1.0, "expected a map, got"),
        ({**MEAN, "aggregation": "median"}, r"\.aggregation: expected one of average, most_recent, sum, histogram"),
        ({**MEAN, "unit": "m"}, "expected aggregation, count and value, got"),
        ({"aggregation": "sum", "count": 1, "values": [1.0]}, "expected aggregation, count and value, got"),
        ({**MEAN, "count": 0}, r"\.count: expected an integer from 1 on"),
        ({**MEAN, "count": True}, r"\.count: expected an integer from 1 on"),
        ({**MEAN, "value": math.nan}, r"\.value: expected a finite number"),
        ({**MEAN, "value": True}, r"\.value: expected a finite number"),
        ({**SAMPLE, "values": []}, r"\.values: expected 1 to 3 numbers, got 0 of them"),
        ({**SAMPLE, "values": [1.0] * 4}, r"\.values: expected 1 to 3 numbers, got 4 of them"),
        ({**SAMPLE, "values": [1.0, math.inf]}, r"\.values\[1\]: expected a finite number"),
        ({**SAMPLE, "values": "abc"}, r"\.values: expected 1 to 3 numbers"),
        ({**SAMPLE, "count": 5000, "values": [0.0] * 1025}, r"expected 1 to 1024 numbers, got 1025 of them"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_its_path(entry: object, reason: str) -> None:
    with pytest.raises(RemoteProtocolError, match=reason):
        statistics_from_wire({"Player/Jumps": entry})


@pytest.mark.parametrize("name", ["", "x" * 129, "ü" * 65])
def test_names_have_1_to_128_bytes(name: str) -> None:
    with pytest.raises(RemoteProtocolError, match="expected names of 1 to 128 bytes"):
        statistics_from_wire({name: MEAN})


def test_the_limits_hold_at_their_edges() -> None:
    assert len(statistics_from_wire({str(number): MEAN for number in range(MAX_STATISTICS)})) == MAX_STATISTICS
    with pytest.raises(RemoteProtocolError, match="expected at most 256 names, got 257"):
        statistics_from_wire({str(number): MEAN for number in range(MAX_STATISTICS + 1)})
    most = {"aggregation": "histogram", "count": 10**6, "values": [0.5] * MAX_STATISTIC_VALUES}
    assert len(statistics_from_wire({"most": most})["most"].values) == MAX_STATISTIC_VALUES
