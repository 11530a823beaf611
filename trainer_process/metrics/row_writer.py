"""The seam of the places to which metrics go."""

from __future__ import annotations

from abc import ABC, abstractmethod

from trainer_process.metrics.metrics_row import MetricsRow


class RowWriter(ABC):
    """Takes rows, one after the other."""

    @abstractmethod
    def write(self, row: MetricsRow) -> None:
        """Writes one row. What it raises ends this writer, and never the training."""

    @abstractmethod
    def close(self) -> None:
        """Ends the record; further calls do nothing."""
