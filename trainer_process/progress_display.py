"""Progress for people: a table with bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from trainer_process.progress_report import ProgressReport, ShownProgress

if TYPE_CHECKING:
    from rich.console import Console

    from trainer_process.progress_table import LiveTable

PLAIN_INTERVAL_S = 5.0
"""Lines in a log file need not come as often as a bar moves; the summaries of a run come when they are made."""

NO_EPISODE = "no episode ended since the last summary"


class ProgressDisplay:
    """Shows reports as they come; to be used in a `with`."""

    def __init__(self, stream: TextIO | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            stream: where to; standard output unless given.
            clock: seconds that only rise.
        """
        self._stream = stream or sys.stdout
        self._clock = clock
        self._table: LiveTable | None = None
        self._lines = _PlainLines(self._stream, clock)
        if self._stream.isatty():
            from trainer_process.progress_table import LiveTable

            self._table = LiveTable(self._stream, clock)

    @property
    def console(self) -> Console | None:
        """Where to write above the table without breaking it; None without a terminal."""
        return self._table.console if self._table is not None else None

    def __enter__(self) -> Self:
        if self._table is not None:
            self._table.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._table is not None:
            self._table.stop()

    def show(self, report: ShownProgress) -> None:
        """Shows one report; without a terminal one line for each summary, or every few seconds, and the last."""
        if self._table is not None:
            self._table.show(report)
        else:
            self._lines.show(report)

    def say(self, text: str) -> None:
        """Writes lines above the table."""
        if self.console is not None:
            self.console.print(text, markup=False, highlight=False)
        else:
            print(text, file=self._stream, flush=True)


class _PlainLines:
    """A line now and then, as ML-Agents' console writer."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._began_s = clock()
        self._printed_s: dict[str, float] = {}
        self._episodes: dict[str, float] = {}

    def show(self, report: ShownProgress) -> None:
        if isinstance(report, ProgressReport) and report.is_summary is not False and "episodes" in report.metrics:
            self._episodes[report.title] = self._episodes.get(report.title, 0) + report.metrics["episodes"]
        if not self._is_due(report):
            return
        self._printed_s[report.title] = self._clock()
        print(self._line(report), file=self._stream, flush=True)
        self._episodes.pop(report.title, None)

    def _is_due(self, report: ShownProgress) -> bool:
        if 0 < report.total_steps <= report.steps:
            return True
        if isinstance(report, ProgressReport) and report.is_summary is not None:
            return report.is_summary
        return self._clock() - self._printed_s.get(report.title, -PLAIN_INTERVAL_S) >= PLAIN_INTERVAL_S

    def _line(self, report: ShownProgress) -> str:
        share = f" ({min(1.0, report.steps / report.total_steps):.0%})" if report.total_steps else ""
        if not isinstance(report, ProgressReport):
            return f"{report.title}: {report.steps:,} {report.unit}{share}  {report.describe()}"
        parts = [f"{report.title}: step {report.steps:,}{share}", f"{self._clock() - self._began_s:.1f} s"]
        has_none = self._episodes.get(report.title, 1) == 0 or "return_mean" not in report.metrics
        return "  ".join([*parts, *([NO_EPISODE] if has_none else []), report.describe()]).rstrip()
