"""Numbers of the game's own, collected until they are sent to the trainer's metrics."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Mapping

from host_sdk.errors import StatisticError
from protocol.field_rule import byte_length
from protocol.limits import MAX_NAME_BYTES, MAX_STATISTIC_VALUES, MAX_STATISTICS
from protocol.statistic import StatAggregation, StatisticEntry

VALUES_PER_MESSAGE = 16 * MAX_STATISTIC_VALUES
"""Of all histograms together: 16 full ones take some 150 KiB of a header that may have one MiB."""


class StatsRecorder:
    """Takes numbers by name and hands them over aggregated, about once a second, as ML-Agents' `StatsRecorder`.

    In TensorBoard each name is a curve of its own: `stats.add("Player/Jumps", 3, StatAggregation.SUM)`. While the
    trainer is away, numbers are kept, aggregated, and so in memory that doesn't grow.
    """

    def __init__(self) -> None:
        self._collected: dict[str, _Collected] = {}
        self._random = random.Random(0)

    def add(self, name: str, value: float, aggregation: StatAggregation = StatAggregation.AVERAGE) -> None:
        """Adds one number; may be called several times a tick, and takes about a microsecond.

        Args:
            name: of the curve, 1 to 128 bytes of UTF-8; slashes group curves, as in `Player/Jumps`.
            value: finite.
            aggregation: what becomes of the numbers until the next row of metrics: their mean, the last one (of the
                host with the lowest index), their sum, or a histogram with their mean. The same at every call.

        Raises:
            StatisticError: the value is not finite, or the name can't be used, or was used with another aggregation.
        """
        collected = self._collected.get(name)
        if collected is None:
            collected = self._begin(name, aggregation)
        if not _is_finite(value):
            raise StatisticError(f"statistic {name!r}: expected a finite number, got {value!r}")
        if collected.aggregation != aggregation:
            raise StatisticError(
                f"statistic {name!r}: expected the aggregation {collected.aggregation.value!r} of its first number, "
                f"got {aggregation!r}; give one of them another name"
            )
        collected.take(float(value))

    def entries(self) -> dict[str, StatisticEntry]:
        """What was added and not forgotten; of very many histograms those that fit into one message."""
        made: dict[str, StatisticEntry] = {}
        room = VALUES_PER_MESSAGE
        for name, collected in self._collected.items():
            if collected.count and len(collected.values) <= room:
                made[name] = collected.entry()
                room -= len(collected.values)
        return made

    def forget(self, sent: Mapping[str, StatisticEntry]) -> None:
        """Forgets the numbers of entries that were sent; nothing may have been added meanwhile."""
        for name in sent:
            self._collected[name].clear()

    def _begin(self, name: str, aggregation: StatAggregation) -> _Collected:
        if not isinstance(name, str) or not 1 <= byte_length(name) <= MAX_NAME_BYTES:
            raise StatisticError(f"statistic: expected a name of 1 to {MAX_NAME_BYTES} bytes, got {name!r:.200}")
        if len(self._collected) >= MAX_STATISTICS:
            raise StatisticError(
                f"statistic {name!r}: expected at most {MAX_STATISTICS} different names, got one more; names with "
                "numbers in them, as of an agent or an episode, are none of a curve"
            )
        if aggregation not in tuple(StatAggregation):
            known = ", ".join(kind.value for kind in StatAggregation)
            raise StatisticError(f"statistic {name!r}: expected an aggregation of {known}, got {aggregation!r}")
        collected = self._collected[name] = _Collected(StatAggregation(aggregation), self._random.randrange)
        return collected


def _is_finite(value: object) -> bool:
    try:
        return math.isfinite(value)  # type: ignore[arg-type]
    except TypeError:
        return False


class _Collected:
    """The numbers of one name since they were last sent."""

    __slots__ = ("_choose", "aggregation", "count", "number", "values")

    def __init__(self, aggregation: StatAggregation, choose: Callable[[int], int]) -> None:
        self.aggregation = aggregation
        self.count = 0
        self.number = 0.0
        self.values: list[float] = []
        self._choose = choose

    def take(self, value: float) -> None:
        self.count += 1
        if self.aggregation is StatAggregation.MOST_RECENT:
            self.number = value
        elif self.aggregation is not StatAggregation.HISTOGRAM:
            self.number += value
        elif len(self.values) < MAX_STATISTIC_VALUES:
            self.values.append(value)
        elif (place := self._choose(self.count)) < MAX_STATISTIC_VALUES:  # a reservoir: each is kept as likely
            self.values[place] = value

    def entry(self) -> StatisticEntry:
        if self.aggregation is StatAggregation.HISTOGRAM:
            return StatisticEntry(self.aggregation, self.count, values=tuple(self.values))
        largest = sys.float_info.max
        total = max(-largest, min(largest, self.number))  # a sum of finite numbers need not be finite
        is_mean = self.aggregation is StatAggregation.AVERAGE
        return StatisticEntry(self.aggregation, self.count, value=total / self.count if is_mean else total)

    def clear(self) -> None:
        self.count = 0
        self.number = 0.0
        self.values.clear()
