"""A writer that may take its time, on a thread of its own: what waits for a network holds up no update."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from trainer_process.metrics.metrics_row import MetricsRow
from trainer_process.metrics.row_writer import RowWriter

ROWS_AHEAD = 1000
"""Rows that may wait; those beyond are left out."""

CLOSE_S = 15.0
"""How long the end of a run waits for what is still to be written."""

_logger = logging.getLogger(__name__)


class BackgroundWriter(RowWriter):
    """Makes a writer and feeds it on a daemon thread; one that fails is given up, with one line in the log."""

    def __init__(self, name: str, make: Callable[[], RowWriter], *, close_s: float = CLOSE_S) -> None:
        """
        Args:
            name: as in the log.
            make: runs on the thread, too.
            close_s: how long `close` waits.
        """
        self._name = name
        self._make = make
        self._close_s = close_s
        self._rows: queue.Queue[MetricsRow | None] = queue.Queue()
        self._is_behind = False
        self._thread = threading.Thread(target=self._work, name=f"metrics-{name}", daemon=True)
        self._thread.start()

    def write(self, row: MetricsRow) -> None:
        if not self._thread.is_alive():
            return
        if self._rows.qsize() < ROWS_AHEAD:
            self._rows.put(row)
        elif not self._is_behind:
            self._is_behind = True
            _logger.warning(
                "metrics for %s: %d rows wait; some are left out until it has caught up", self._name, ROWS_AHEAD
            )

    def close(self) -> None:
        self._rows.put(None)
        self._thread.join(self._close_s)
        if self._thread.is_alive():
            _logger.warning("metrics for %s: not all were written within %.0f s", self._name, self._close_s)

    def _work(self) -> None:
        try:
            writer = self._make()
            try:
                while (row := self._rows.get()) is not None:
                    writer.write(row)
                    self._is_behind = False
            finally:
                writer.close()
        except Exception as error:
            text = "metrics for %s end here, and training goes on without: %s: %s"
            _logger.error(text, self._name, type(error).__name__, error)
