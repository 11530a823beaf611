"""A table with a bar for each behavior, which stays at the foot of a terminal."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TextIO

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from trainer_process.progress_report import ProgressReport, ShownProgress, duration, number, short_count

REFRESH_S = 0.2
"""Numbers that change more often can't be read."""

RECENT_REPORTS = 30
"""That the time to the end is judged by."""

MIN_BAR_WIDTH = 8
MAX_BAR_WIDTH = 50
TITLE_SHARE = 0.2
"""Of the width of the terminal, for the longest name."""

GAP = 2


@dataclass(frozen=True)
class _Column:
    """A column of numbers.

    Attributes:
        heading: above it.
        rank: of narrow terminals, those with the highest are left out first.
        width: of the usual texts in it; where one is wider, so is the column from then on, and never narrower again,
            since columns that come and go can't be read.
        cell: its text for a report and the time to its end; empty where that isn't known.
    """

    heading: str
    rank: int
    width: int
    cell: Callable[[ProgressReport, str], str]


_COLUMNS = (
    _Column("steps", 3, 12, lambda report, end: _steps(report)),
    _Column("return", 0, 13, lambda report, end: report.returns()),
    _Column("length", 5, 6, lambda report, end: report.described("episode_length_mean", "")),
    _Column("policy loss", 6, 11, lambda report, end: report.described("policy_loss", "")),
    _Column("value loss", 7, 10, lambda report, end: report.described("value_loss", "")),
    _Column("lesson", 4, 6, lambda report, end: report.lessons),
    _Column("steps/s", 2, 7, lambda report, end: _rate(report)),
    _Column("left", 1, 7, lambda report, end: end),
)


class LiveTable:
    """Keeps the newest report of each title on the terminal; for one thread."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        """
        Args:
            stream: a terminal.
            clock: seconds that only rise.
        """
        self.console = Console(file=stream)
        self._clock = clock
        self._reports: dict[str, ShownProgress] = {}
        self._seen: dict[str, deque[tuple[float, int]]] = {}
        self._drawn_s = -REFRESH_S
        self._widths = [0] * len(_COLUMNS)
        self._live = Live(_AtWidth(self._draw), console=self.console, auto_refresh=False, transient=False)

    def start(self) -> None:
        """Takes the foot of the terminal."""
        self._live.start()

    def stop(self) -> None:
        """Leaves the newest numbers where they are."""
        self._live.stop()

    def show(self, report: ShownProgress) -> None:
        """Takes a report in; the terminal is drawn at most a few times a second."""
        now_s = self._clock()
        before = self._reports.get(report.title)
        if isinstance(report, ProgressReport) and report.is_summary is False and isinstance(before, ProgressReport):
            report = replace(report, metrics=before.metrics)
        self._reports[report.title] = report
        self._seen.setdefault(report.title, deque(maxlen=RECENT_REPORTS)).append((now_s, report.steps))
        if now_s - self._drawn_s >= REFRESH_S:
            self._drawn_s = now_s
            self._live.refresh()

    def _draw(self, width: int) -> RenderableType:
        trainings = [report for report in self._reports.values() if isinstance(report, ProgressReport)]
        others = [report for report in self._reports.values() if not isinstance(report, ProgressReport)]
        parts: list[RenderableType] = []
        if trainings:
            parts.append(self._trainings(trainings, width))
        if others:
            parts.append(_counted(others))
        return Group(*parts)

    def _trainings(self, reports: list[ProgressReport], width: int) -> Table:
        cells = [self._cells(report) for report in reports]
        title_width = min(round(TITLE_SHARE * width), max(len("behavior"), *(len(report.title) for report in reports)))
        for texts in cells:
            self._widths = [_column_width(*each) for each in zip(_COLUMNS, texts, self._widths, strict=True)]
        shown = _chosen_columns(self._widths, width - title_width - MIN_BAR_WIDTH - len("100%") - 3 * GAP)
        table = _frame()
        table.add_column("behavior", no_wrap=True, width=title_width, overflow="ellipsis")
        table.add_column("", ratio=1, min_width=MIN_BAR_WIDTH, max_width=MAX_BAR_WIDTH)
        table.add_column("", justify="right", no_wrap=True)
        for index in shown:
            table.add_column(_COLUMNS[index].heading, justify="right", no_wrap=True, width=self._widths[index])
        for report, texts in zip(reports, cells, strict=True):
            share = f"{report.share:.0%}" if report.share is not None else ""
            table.add_row(
                Text(report.title), _bar(report), Text(share, style="bold"), *(Text(texts[index]) for index in shown)
            )
        return table

    def _cells(self, report: ProgressReport) -> list[str]:
        return [column.cell(report, self._time_left(report)) for column in _COLUMNS]

    def _time_left(self, report: ProgressReport) -> str:
        seen = self._seen[report.title]
        (first_s, first), (last_s, last) = seen[0], seen[-1]
        if report.total_steps <= 0 or last >= report.total_steps or last_s <= first_s or last <= first:
            return "done" if 0 < report.total_steps <= last else ""
        return duration((report.total_steps - last) * (last_s - first_s) / (last - first))


def _column_width(column: _Column, text: str, before: int) -> int:
    """0 as long as nothing was in it."""
    return max(before, column.width, len(text)) if text else before


def _chosen_columns(widths: list[int], room: int) -> list[int]:
    """Those that have something to say, and fit beside each other."""
    chosen: list[int] = []
    for index in sorted(range(len(_COLUMNS)), key=lambda index: _COLUMNS[index].rank):
        if widths[index]:
            room -= widths[index] + GAP
            if room < 0:
                break
            chosen.append(index)
    return sorted(chosen)


class _AtWidth:
    """Draws anew for the width that the terminal has at that moment."""

    def __init__(self, draw: Callable[[int], RenderableType]) -> None:
        self._draw = draw

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._draw(options.max_width)


def _frame() -> Table:
    return Table(box=None, expand=True, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")


def _counted(reports: list[ShownProgress]) -> Table:
    table = _frame()
    table.show_header = False
    table.add_column(no_wrap=True, max_width=24, overflow="ellipsis")
    table.add_column(ratio=1, min_width=MIN_BAR_WIDTH)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis")
    for report in reports:
        table.add_row(
            Text(report.title), _bar(report), Text(f"{report.steps:,} {report.unit}"), Text(report.describe())
        )
    return table


def _bar(report: ShownProgress) -> ProgressBar:
    """Empty where nobody knows how long the way is."""
    total = report.total_steps
    return ProgressBar(total=max(1, total), completed=min(report.steps, total))


def _steps(report: ProgressReport) -> str:
    total = f" / {short_count(report.total_steps)}" if report.total_steps else ""
    return f"{short_count(report.steps)}{total}"


def _rate(report: ProgressReport) -> str:
    rate = report.metrics.get("steps_per_second")
    return "" if rate is None else short_count(rate) if rate >= 10 else number(rate)
