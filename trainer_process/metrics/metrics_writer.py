"""A behavior's metrics, from what updates measured to where they are written."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from protocol.experience import Float64Array
from trainer_process.metrics.host_statistics import HostStatistics
from trainer_process.metrics.json_lines import METRICS_FILE, JsonLinesWriter, cut_rows
from trainer_process.metrics.metric import finite_metrics
from trainer_process.metrics.metrics_row import STEPS, MetricsRow
from trainer_process.metrics.row_writer import RowWriter
from trainer_process.metrics.summary import Summary
from trainer_process.metrics.tracking_place import TrackingPlace
from trainer_process.metrics.writer_choice import EnduringWriter, check_writers, make_writer

NO_RETURNS: Float64Array = np.zeros(0)


class MetricsWriter:
    """Sums updates up in rows, and gives the rows to all writers. For one thread, but for `statistics`.

    Attributes:
        statistics: takes numbers of the game's own, which go into the next row.
    """

    def __init__(
        self,
        folder: Path,
        writers: Collection[str] = (),
        *,
        settings: Mapping[str, object] | None = None,
        summary_steps: int = 0,
        from_steps: int | None = None,
    ) -> None:
        """
        Args:
            folder: of the behavior; exists.
            writers: names of `LIBRARIES`, for where rows go beside `metrics.jsonl`.
            settings: every one in force, for those who show them.
            summary_steps: agent-steps between rows; 0 writes one for every update.
            from_steps: where an earlier training goes on: rows beyond are of a time that is undone, and are cut away.
                None where nothing goes on; then rows follow those that are there.

        Raises:
            MetricsError: there is no such writer, or its library isn't installed.
            OSError: the folder can't be written to.
        """
        check_writers(writers)
        path = folder / METRICS_FILE
        if from_steps is not None:
            cut_rows(path, from_steps)
        self.statistics = HostStatistics()
        self._summary = Summary(summary_steps, from_steps or 0)
        place = TrackingPlace(folder, settings or {}, goes_on=from_steps is not None)
        self._writers: list[RowWriter] = [EnduringWriter(path, JsonLinesWriter(folder))]
        self._writers += [make_writer(name, place, from_steps) for name in dict.fromkeys(writers)]
        self._latest: dict[str, float] = {}

    def write(self, metrics: Mapping[str, float], episode_returns: Float64Array = NO_RETURNS) -> MetricsRow | None:
        """Takes in what an update measured.

        Args:
            metrics: its numbers; `steps` is its place, and what is not finite is left out.
            episode_returns: float64[E], of the episodes that ended in what it learnt from.

        Returns:
            The row that was written; None where none is due yet.
        """
        finite = finite_metrics(metrics)
        self._latest = {name: finite[name] for name in (STEPS, "iteration") if name in finite}
        if not self._summary.add(finite, episode_returns):
            return None
        return self._write_summary()

    def record(self, metrics: Mapping[str, float]) -> None:
        """Writes a row of its own at once, as for an evaluation."""
        self._give(MetricsRow(time.time(), finite_metrics(metrics)))

    def close(self) -> None:
        """Writes what is in no row yet, and ends all records; further calls do nothing."""
        if self._writers and not self._summary.is_empty:
            self._write_summary()
        elif self._writers and self._latest:
            self._write_remaining_statistics()
        for writer in self._writers:
            writer.close()
        self._writers = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_summary(self) -> MetricsRow:
        metrics, returns = self._summary.take()
        statistics, histograms = self.statistics.take()
        if len(returns) and "return_mean" in metrics:
            histograms = {"return_mean": returns, **histograms}
        row = MetricsRow(time.time(), metrics, finite_metrics(statistics), histograms)
        self._give(row)
        return row

    def _write_remaining_statistics(self) -> None:
        statistics, histograms = self.statistics.take()
        if statistics:
            self._give(MetricsRow(time.time(), self._latest, finite_metrics(statistics), histograms))

    def _give(self, row: MetricsRow) -> None:
        for writer in self._writers:
            writer.write(row)
