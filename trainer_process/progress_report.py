"""How far something is, as displays show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from trainer_process.metrics import LESSON_PREFIX


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


@dataclass(frozen=True)
class ProgressReport:
    """How far a training is.

    Attributes:
        title: what is trained.
        iteration: updates so far.
        steps: agent-steps so far.
        total_steps: agent-steps at the end; 0 where that isn't known.
        metrics: what was measured, by name.
        is_summary: whether the metrics are a summary's, where a run makes summaries; None where it makes none.
        unit: what `steps` counts.
    """

    title: str
    iteration: int
    steps: int
    total_steps: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    is_summary: bool | None = None
    unit: str = "steps"

    @property
    def share(self) -> float | None:
        """Of the way, from 0 to 1; None where its length isn't known."""
        return min(1.0, self.steps / self.total_steps) if self.total_steps > 0 else None

    @property
    def lessons(self) -> str:
        """The lesson of each parameter that has some, as `gravity 2`."""
        found = {name: value for name, value in self.metrics.items() if name.startswith(LESSON_PREFIX)}
        return ", ".join(f"{name.removeprefix(LESSON_PREFIX)} {round(value)}" for name, value in found.items())

    def returns(self) -> str:
        """The mean return and its deviation; empty before the first episode ended."""
        if "return_mean" not in self.metrics:
            return ""
        mean = number(self.metrics["return_mean"])
        if (deviation := self.metrics.get("return_deviation")) is None:
            return mean
        if "e" in mean:
            return f"{mean} ± {number(deviation)}"
        return f"{mean} ± {deviation:,.{len(mean.partition('.')[2])}f}"

    def described(self, name: str, text: str) -> str:
        """A metric with words before it; empty where it isn't known."""
        return f"{text}{number(self.metrics[name])}" if name in self.metrics else ""

    def describe(self) -> str:
        """All numbers on one line."""
        returns = self.returns()
        parts = [
            f"mean return {returns}" if returns else "",
            self.described("episode_length_mean", "length "),
            self.described("policy_loss", "policy loss "),
            self.described("value_loss", "value loss "),
            f"lesson {self.lessons}" if self.lessons else "",
            f"{self.metrics['steps_per_second']:,.0f} steps/s" if "steps_per_second" in self.metrics else "",
        ]
        return "  ".join(part for part in parts if part)


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


def number(value: float) -> str:
    """Three or four digits that say something: `1,421`, `123.4`, `1.23`, `0.012`, `3.1e-05`."""
    size = abs(value)
    if size >= 1e7 or 0 < size < 1e-3:
        return f"{value:.1e}"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 100 else f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.3f}"


def short_count(count: float) -> str:
    """A count in as few letters as its size needs: `950`, `12.3k`, `1.25M`."""
    if count < 1000:
        return f"{count:.0f}"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            scaled = count / size
            digits = 2 if letter != "k" and scaled < 100 else 1 if scaled < 100 else 0
            text = f"{scaled:.{digits}f}"
            return (text.rstrip("0").rstrip(".") if "." in text else text) + letter
    return f"{count:.0f}"


def duration(seconds: float) -> str:
    """A time span: `12s`, `4m 05s`, `3h 20m`, `2d 3h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86_400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86_400}d {whole % 86_400 // 3600}h"
