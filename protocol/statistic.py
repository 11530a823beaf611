"""Numbers of the game's own for the metrics, and how the wire says them.

An entry of the message Statistics is a map, by the statistic's name:

    {"aggregation": "average" | "most_recent" | "sum", "count": n, "value": their mean, the last, or their sum}
    {"aggregation": "histogram", "count": n, "values": [..]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from protocol.errors import RemoteProtocolError
from protocol.field_rule import byte_length, describe
from protocol.finite_number import is_finite_number
from protocol.limits import MAX_INT64, MAX_NAME_BYTES, MAX_STATISTIC_VALUES, MAX_STATISTICS


class StatAggregation(StrEnum):
    """What becomes of the numbers that are added under one name until the next row of metrics."""

    AVERAGE = "average"
    MOST_RECENT = "most_recent"
    SUM = "sum"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class StatisticEntry:
    """What was added under one name since the last message.

    Attributes:
        aggregation: what becomes of it.
        count: numbers that were added, at least 1.
        value: their mean, the last of them, or their sum; 0 of a histogram.
        values: of a histogram, a fair sample of them.
    """

    aggregation: StatAggregation
    count: int
    value: float = 0.0
    values: tuple[float, ...] = ()

    def to_wire(self) -> dict[str, object]:
        """As the message holds it."""
        head: dict[str, object] = {"aggregation": self.aggregation.value, "count": self.count}
        if self.aggregation is StatAggregation.HISTOGRAM:
            return {**head, "values": list(self.values)}
        return {**head, "value": self.value}


def statistics_from_wire(entries: Mapping[str, object]) -> dict[str, StatisticEntry]:
    """What a message of statistics holds.

    Raises:
        RemoteProtocolError: it breaks the rules; with the path of what is wrong.
    """
    if len(entries) > MAX_STATISTICS:
        raise RemoteProtocolError(f"$.entries: expected at most {MAX_STATISTICS} names, got {len(entries)}")
    return {name: _entry(name, plain) for name, plain in entries.items()}


def _entry(name: str, plain: object) -> StatisticEntry:
    if not 1 <= byte_length(name) <= MAX_NAME_BYTES:
        raise RemoteProtocolError(f"$.entries: expected names of 1 to {MAX_NAME_BYTES} bytes, got {name!r:.200}")
    path = f"$.entries[{name!r}]"
    if not isinstance(plain, Mapping):
        raise RemoteProtocolError(f"{path}: expected a map, got {describe(plain)}")
    kinds = [kind.value for kind in StatAggregation]
    if (kind := plain.get("aggregation")) not in kinds:
        raise RemoteProtocolError(f"{path}.aggregation: expected one of {', '.join(kinds)}, got {describe(kind)}")
    aggregation = StatAggregation(kind)
    number = "values" if aggregation is StatAggregation.HISTOGRAM else "value"
    if set(plain) != {"aggregation", "count", number}:
        raise RemoteProtocolError(f"{path}: expected aggregation, count and {number}, got {sorted(plain)!r:.200}")
    count = plain["count"]
    if type(count) is not int or not 1 <= count <= MAX_INT64:
        raise RemoteProtocolError(f"{path}.count: expected an integer from 1 on, got {describe(count)}")
    if number == "value":
        return StatisticEntry(aggregation, count, value=_number(f"{path}.value", plain["value"]))
    return StatisticEntry(aggregation, count, values=_sample(f"{path}.values", plain["values"], count))


def _sample(path: str, values: object, count: int) -> tuple[float, ...]:
    most = min(count, MAX_STATISTIC_VALUES)
    if not isinstance(values, list | tuple) or not 1 <= len(values) <= most:
        got = f"{len(values)} of them" if isinstance(values, list | tuple) else describe(values)
        raise RemoteProtocolError(f"{path}: expected 1 to {most} numbers, got {got}")
    return tuple(_number(f"{path}[{index}]", value) for index, value in enumerate(values))


def _number(path: str, value: object) -> float:
    if not isinstance(value, int | float) or not is_finite_number(value):
        raise RemoteProtocolError(f"{path}: expected a finite number, got {describe(value)}")
    return float(value)
