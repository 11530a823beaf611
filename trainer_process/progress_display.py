"""Progress for people: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

PLAIN_INTERVAL_S = 5.0
"""Lines in a log file need not come as often as a bar moves."""


@dataclass(frozen=True)
class ProgressReport:
    """How far a training is.

    Attributes:
        title: what is trained.
        iteration: updates so far.
        steps: agent-steps so far.
        total_steps: agent-steps at the end; 0 where that isn't known.
        mean_return: of the last episodes, None before the first ended.
        steps_per_second: of late, None where that isn't known.
        policy_version: the newest weights.
        unit: what `steps` counts.
    """

    title: str
    iteration: int
    steps: int
    total_steps: int
    mean_return: float | None
    steps_per_second: float | None
    policy_version: int
    unit: str = "steps"

    @classmethod
    def from_metrics(
        cls, title: str, metrics: Mapping[str, float], *, iteration: int, steps: int, total_steps: int, version: int
    ) -> ProgressReport:
        """A report out of a behavior's metrics."""
        return cls(
            title=title,
            iteration=iteration,
            steps=steps,
            total_steps=total_steps,
            mean_return=metrics.get("return_mean"),
            steps_per_second=metrics.get("steps_per_second"),
            policy_version=version,
        )

    def describe(self) -> str:
        """The numbers beside the bar."""
        parts = [f"iteration {self.iteration}"]
        if self.mean_return is not None:
            parts.append(f"return {self.mean_return:.2f}")
        if self.steps_per_second is not None:
            parts.append(f"{self.steps_per_second:,.0f} steps/s")
        parts.append(f"policy v{self.policy_version}")
        return "  ".join(parts)


@dataclass(frozen=True)
class CountedProgress:
    """How far something is that can be counted.

    Attributes:
        title: what is done.
        steps: so far, counted in `unit`.
        total_steps: at the end; 0 where that isn't known.
        unit: what is counted.
        text: beside the bar.
    """

    title: str
    steps: int
    total_steps: int
    unit: str
    text: str

    def describe(self) -> str:
        """The text beside the bar."""
        return self.text


class ShownProgress(Protocol):
    """What a display shows; see `ProgressReport` and `CountedProgress`."""

    @property
    def title(self) -> str:
        """What is done."""

    @property
    def steps(self) -> int:
        """So far."""

    @property
    def total_steps(self) -> int:
        """At the end; 0 where that isn't known."""

    @property
    def unit(self) -> str:
        """What is counted."""

    def describe(self) -> str:
        """The text beside the bar."""


class ProgressDisplay:
    """Shows reports as they come; to be used in a `with`."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """
        Args:
            stream: where to; standard output unless given.
        """
        self._stream = stream or sys.stdout
        self._console: Console | None = None
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._printed_s: dict[str, float] = {}
        if self._stream.isatty():
            self._console, self._bar = _make_bar(self._stream)

    @property
    def console(self) -> Console | None:
        """Where to write beside the bar without breaking it; None without a terminal."""
        return self._console

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, report: ShownProgress) -> None:
        """Shows one report; without a terminal at most one line every few seconds, and the last."""
        if self._bar is None:
            self._print(report)
            return
        if report.title not in self._tasks:
            self._tasks[report.title] = self._bar.add_task(report.title, total=None, numbers="")
        self._bar.update(
            self._tasks[report.title],
            total=report.total_steps or None,
            completed=min(report.steps, report.total_steps or report.steps),
            numbers=f"{report.steps:,} {report.unit}  {report.describe()}",
        )

    def say(self, text: str) -> None:
        """Writes lines beside the bar."""
        if self._console is not None:
            self._console.print(text, markup=False, highlight=False)
        else:
            print(text, file=self._stream, flush=True)

    def _print(self, report: ShownProgress) -> None:
        now_s = time.monotonic()
        is_last = 0 < report.total_steps <= report.steps
        if not is_last and now_s - self._printed_s.get(report.title, -PLAIN_INTERVAL_S) < PLAIN_INTERVAL_S:
            return
        self._printed_s[report.title] = now_s
        share = f" ({min(1.0, report.steps / report.total_steps):.0%})" if report.total_steps else ""
        text = f"{report.title}: {report.steps:,} {report.unit}{share}  {report.describe()}"
        print(text, file=self._stream, flush=True)


def _make_bar(stream: TextIO) -> tuple[Console, Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    console = Console(file=stream)
    bar = Progress(
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[numbers]}", table_column=Column(no_wrap=True)),
        console=console,
        expand=True,
    )
    return console, bar
