"""One training in a process of its own, followed from outside: when it got how far.

The process prints a line of JSON when it begins to collect, `{}`, and one after each update, with `steps`, `episodes`
and `return_mean`, the mean return of the last training episodes, or null before there were enough.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.bench.options import ROOT


class TrainingRunError(Exception):
    """A training ended without a result; the message has its command and its last words."""


@dataclass(frozen=True)
class Progress:
    """Where a training was after an update.

    Attributes:
        wall_s: since the process was started.
        steps: environment steps so far.
        return_mean: of the last training episodes; None before enough of them ended.
    """

    wall_s: float
    steps: int
    return_mean: float | None


@dataclass(frozen=True)
class TrainingRun:
    """A training that ended, at its level or at its last step.

    Attributes:
        startup_s: from the start of the process until it collected.
        progress: after each update; at least one.
    """

    startup_s: float
    progress: tuple[Progress, ...]

    @property
    def last(self) -> Progress:
        """The end."""
        return self.progress[-1]

    def reached_s(self, level: float) -> float | None:
        """When the mean return first was at the level, in seconds since the process's start; None: never."""
        for item in self.progress:
            if item.return_mean is not None and item.return_mean >= level:
                return item.wall_s
        return None

    def seconds_for(self, steps: int) -> float:
        """From the beginning of collecting until so many steps were collected and learnt from, in a straight line."""
        before_s, before_steps = self.startup_s, 0
        for item in self.progress:
            if item.steps >= steps:
                share = (steps - before_steps) / (item.steps - before_steps)
                return before_s + share * (item.wall_s - before_s) - self.startup_s
            before_s, before_steps = item.wall_s, item.steps
        raise ValueError(f"expected at most {before_steps} steps, got {steps}")


def follow(command: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> TrainingRun:
    """Runs a training to its end.

    Raises:
        TrainingRunError: it failed, said nothing, or took longer than the time.
    """
    started_s = time.perf_counter()
    startup_s: float | None = None
    progress: list[Progress] = []
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                wall_s, content = time.perf_counter() - started_s, json.loads(line)
                if startup_s is None:
                    startup_s = wall_s
                if "steps" in content:
                    progress.append(Progress(wall_s, content["steps"], content.get("return_mean")))
                if wall_s > timeout_s:
                    process.terminate()
                    raise TrainingRunError(f"expected an end within {timeout_s:g} s of {' '.join(command)}")
        if process.returncode == 0 and startup_s is not None and progress:
            return TrainingRun(startup_s, tuple(progress))
        errors.seek(0)
        tail = "\n".join(errors.read().splitlines()[-20:])
        raise TrainingRunError(
            f"expected a training, got exit status {process.returncode} of {' '.join(command)}\n{tail}"
        )
