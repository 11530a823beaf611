"""What a host program says of its training: one line an update and a summary, for people or for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TextIO

PROGRESS_METRICS = (
    "return_mean",
    "return_deviation",
    "episode_length_mean",
    "policy_loss",
    "value_loss",
    "neg_log_prob",
    "validation_neg_log_prob",
    "steps_per_second",
    "unrecorded_steps",
    "policy_lag_mean",
)


class ReportFormat(StrEnum):
    """How a report is written: `json-lines` for programs, `plain` for people, `none` for silence."""

    JSON_LINES = "json-lines"
    PLAIN = "plain"
    NONE = "none"


class TrainingReport:
    """Writes progress whenever the iteration has changed, and what came of it all at the end."""

    def __init__(self, report_format: ReportFormat = ReportFormat.PLAIN, stream: TextIO | None = None) -> None:
        self._format = report_format
        self._stream = sys.stdout if stream is None else stream
        self._last_iteration = 0

    def progress(self, iteration: int, policy_version: int, metrics: Mapping[str, float]) -> None:
        """One line for a new iteration; nothing where it is the one of the last line.

        Args:
            iteration: updates that reached this host.
            policy_version: the version that acts now.
            metrics: the learner's; `steps` and those of `PROGRESS_METRICS` are shown where they are.
        """
        if iteration == self._last_iteration:
            return
        self._last_iteration = iteration
        line: dict[str, object] = {"iteration": iteration, "steps": round(metrics.get("steps", 0.0))}
        line |= {name: metrics[name] for name in PROGRESS_METRICS if name in metrics}
        line["policy_version"] = policy_version
        self._write(line)

    def event(self, name: str, values: Mapping[str, object]) -> None:
        """A named line, as `summary` or `failure`."""
        self._write({name: dict(values)} if self._format is ReportFormat.JSON_LINES else {"event": name, **values})

    def _write(self, line: Mapping[str, object]) -> None:
        if self._format is ReportFormat.NONE:
            return
        if self._format is ReportFormat.JSON_LINES:
            text = json.dumps(_jsonable(line))
        else:
            text = "  ".join(f"{name} {_short(value)}" for name, value in line.items())
        print(text, file=self._stream, flush=True)


def _jsonable(value: object) -> object:
    """The value with numbers that JSON lacks (NaN, infinity) as null."""
    if isinstance(value, Mapping):
        return {str(key): _jsonable(part) for key, part in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _short(value: object) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
