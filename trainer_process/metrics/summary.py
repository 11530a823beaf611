"""Several updates in one row, as ML-Agents' `summary_freq`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from protocol.experience import Float64Array
from trainer_process.metrics.metric import Summing, summing_of
from trainer_process.metrics.metrics_row import STEPS


class Summary:
    """Collects what updates measured until a row is due."""

    def __init__(self, summary_steps: int, from_steps: int = 0) -> None:
        """
        Args:
            summary_steps: agent-steps between rows, at their multiples; 0 makes one of every update.
            from_steps: where training stands.
        """
        self._summary_steps = summary_steps
        self._row_steps = from_steps
        self._collected: list[Mapping[str, float]] = []
        self._returns: list[Float64Array] = []

    @property
    def is_empty(self) -> bool:
        """Whether there was no update since the last row."""
        return not self._collected

    def add(self, metrics: Mapping[str, float], episode_returns: Float64Array) -> bool:
        """Takes an update in; whether a row is due.

        Args:
            metrics: what it measured.
            episode_returns: float64[E], of the episodes that ended in what it learnt from.
        """
        self._collected.append(metrics)
        self._returns.append(episode_returns)
        interval, steps = self._summary_steps, int(metrics.get(STEPS, 0))
        return interval <= 0 or steps // interval > self._row_steps // interval

    def take(self) -> tuple[dict[str, float], Float64Array]:
        """The row's metrics and all returns; collecting begins anew."""
        rows, returns = self._collected, np.concatenate([np.zeros(0), *self._returns])
        self._collected, self._returns = [], []
        self._row_steps = max([self._row_steps, *(int(row.get(STEPS, 0)) for row in rows)])
        if len(rows) == 1:
            return dict(rows[0]), returns
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: _summed(name, [row[name] for row in rows if name in row]) for name in names}, returns


def _summed(name: str, values: Sequence[float]) -> float:
    match summing_of(name):
        case Summing.SUM:
            return float(sum(values))
        case Summing.LAST:
            return values[-1]
        case Summing.MAX:
            return max(values)
        case Summing.MEAN:
            return float(sum(values) / len(values))
