"""Numbers of the game's own, aggregated over messages and hosts until the next row."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from protocol.experience import Float64Array
from protocol.statistic import StatAggregation, StatisticEntry

MAX_NAMES = 1024
"""Between two rows, of all hosts: a host that names its numbers after agents must not fill the memory."""

MAX_HISTOGRAM_VALUES = 16_384
"""Of one name between two rows; of more, a fair sample."""

_logger = logging.getLogger(__name__)


@dataclass
class _Gathered:
    """The entries of one name."""

    aggregation: StatAggregation
    count: int = 0
    total: float = 0.0
    last: dict[int, float] = field(default_factory=dict)
    samples: list[Float64Array] = field(default_factory=list)
    weights: list[int] = field(default_factory=list)


class HostStatistics:
    """Takes entries on one thread and gives rows on another."""

    def __init__(self) -> None:
        self._gathered: dict[str, _Gathered] = {}
        self._lock = Lock()
        self._random = np.random.default_rng(0)
        self._has_warned = False

    def add(self, host_index: int, entries: Mapping[str, StatisticEntry]) -> None:
        """Takes a message's entries in; of a name with two aggregations, those with the first."""
        with self._lock:
            for name, entry in entries.items():
                gathered = self._gathered.get(name)
                if gathered is None and len(self._gathered) < MAX_NAMES:
                    gathered = self._gathered[name] = _Gathered(entry.aggregation)
                if gathered is None or gathered.aggregation is not entry.aggregation:
                    self._warn(name)
                else:
                    _add(gathered, host_index, entry)

    def take(self) -> tuple[dict[str, float], dict[str, Float64Array]]:
        """The numbers by name, and histograms of those that have one; gathering begins anew."""
        with self._lock:
            gathered, self._gathered = self._gathered, {}
        numbers = {name: _number(each) for name, each in gathered.items()}
        histograms = {name: self._pooled(each) for name, each in gathered.items() if each.samples}
        return numbers, histograms

    def _pooled(self, gathered: _Gathered) -> Float64Array:
        """The samples together, each as often as numbers stand behind it."""
        values = np.concatenate(gathered.samples)
        shares = [np.full(len(sample), weight / len(sample)) for sample, weight in _weighed(gathered)]
        weights = np.concatenate(shares)
        if len(values) <= MAX_HISTOGRAM_VALUES and np.all(weights == weights[0]):
            return values
        size = min(int(weights.sum()), MAX_HISTOGRAM_VALUES)
        return self._random.choice(values, size=size, p=weights / weights.sum())

    def _warn(self, name: str) -> None:
        if not self._has_warned:
            self._has_warned = True
            text = "a number of a host was left out: %r has two aggregations, or is one of more than %d names"
            _logger.warning(text, name, MAX_NAMES)


def _add(gathered: _Gathered, host_index: int, entry: StatisticEntry) -> None:
    gathered.count += entry.count
    match entry.aggregation:
        case StatAggregation.AVERAGE:
            gathered.total += entry.value * entry.count
        case StatAggregation.SUM:
            gathered.total += entry.value
        case StatAggregation.MOST_RECENT:
            gathered.last[host_index] = entry.value
        case StatAggregation.HISTOGRAM:
            sample = np.array(entry.values, dtype=np.float64)
            gathered.total += float(sample.mean()) * entry.count
            gathered.samples.append(sample)
            gathered.weights.append(entry.count)
            _bound(gathered)


def _bound(gathered: _Gathered) -> None:
    """Halves the samples where they have become too many; what they stand for stays."""
    while sum(map(len, gathered.samples)) > 2 * MAX_HISTOGRAM_VALUES:
        gathered.samples = [sample[::2] for sample in gathered.samples]


def _weighed(gathered: _Gathered) -> list[tuple[Float64Array, int]]:
    return list(zip(gathered.samples, gathered.weights, strict=True))


def _number(gathered: _Gathered) -> float:
    if gathered.last:
        return gathered.last[min(gathered.last)]
    return gathered.total if gathered.aggregation is StatAggregation.SUM else gathered.total / gathered.count
