"""One row of metrics, as all writers get it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from protocol.experience import Float64Array
from trainer_process.metrics.metric import METRICS

STEPS = "steps"
TIME = "time"
HOST_PREFIX = "host/"
"""Before a statistic of the game's own whose name is a metric's."""


@dataclass(frozen=True)
class MetricsRow:
    """What was measured up to one moment.

    Attributes:
        time_s: since 1970.
        metrics: finite numbers by name; `steps` is the row's place.
        statistics: numbers of the game's own, by its names.
        histograms: float64[n] each, n above 0, of metrics or statistics by name; their means are among those.
    """

    time_s: float
    metrics: Mapping[str, float]
    statistics: Mapping[str, float] = field(default_factory=dict)
    histograms: Mapping[str, Float64Array] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Agent-steps at this moment."""
        return int(self.metrics.get(STEPS, 0))

    @cached_property
    def columns(self) -> dict[str, float]:
        """Time, metrics and statistics by the names that they have in files; to be left as it is."""
        columns = {TIME: round(self.time_s, 3), **self.metrics}
        for name, value in self.statistics.items():
            columns[column_of_statistic(name)] = value
        return columns


def column_of_statistic(name: str) -> str:
    """The name of a game's own number in files: its own, unless it is a metric's."""
    return f"{HOST_PREFIX}{name}" if name in METRICS or name == TIME else name
