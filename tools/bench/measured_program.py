"""A program that runs when it is told to, so that several can be measured in turn: one at a time, the others at rest.

The program calls `run_on_request`; whoever measures it starts it as a `MeasuredProgram`. Between them go lines: a
duration there, a `Turn` as JSON back.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from types import TracebackType

from tools.bench.options import ROOT

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
READY = "ready"
STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Turn:
    """What a program did while it ran.

    Attributes:
        ticks: of its loop.
        steps: agent-steps that the trainer got.
        played_steps: agent-steps of all ticks.
        wall_s: seconds on the clock.
        cpu_s: processor seconds of this process, all its threads.
    """

    ticks: int
    steps: int
    played_steps: int
    wall_s: float
    cpu_s: float

    @property
    def steps_per_second(self) -> float:
        """Agent-steps by the clock."""
        return self.steps / self.wall_s


class MeasuredProgramError(Exception):
    """A measured program ended too early; the message has its last words."""


def leave_with_parent() -> None:
    """Ends this process when its standard input does; for the other end of a measured program."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def run_on_request(
    tick: Callable[[], object], agent_count: int, unrecorded_steps: Callable[[], int] = lambda: 0
) -> None:
    """Answers each line of standard input, a duration, by ticking so long; returns at its end.

    Args:
        tick: one pass of the loop.
        agent_count: agents of a tick.
        unrecorded_steps: agent-steps so far that never reach the trainer.
    """
    print(READY, flush=True)
    for line in sys.stdin:
        duration_s = float(line)
        ticks, unrecorded = 0, unrecorded_steps()
        cpu_s, started_s = time.process_time(), time.perf_counter()
        while (wall_s := time.perf_counter() - started_s) < duration_s:
            tick()
            ticks += 1
        cpu_s = time.process_time() - cpu_s
        played = ticks * agent_count
        turn = Turn(ticks, played - (unrecorded_steps() - unrecorded), played, wall_s, cpu_s)
        print(json.dumps(asdict(turn)), flush=True)


class MeasuredProgram:
    """A program that `run_on_request` runs, in a process of its own with one BLAS thread; use it in a `with` block."""

    def __init__(self, command: Sequence[str], *, name: str = "") -> None:
        """
        Args:
            command: what to start, in the project's root.
            name: for messages; the last part of the command where it is left away.
        """
        self.name = name or command[-1]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def process_id(self) -> int:
        """Of the program itself."""
        return self._process.pid

    def await_ready(self) -> None:
        """Waits until the program can be measured. Raises MeasuredProgramError when it ends instead."""
        line = self._read()
        if line != READY:
            raise MeasuredProgramError(f"{self.name}: expected {READY!r}, got {line!r}")

    def begin(self, duration_s: float) -> None:
        """Lets it run; `end` must follow."""
        assert self._process.stdin is not None
        try:
            print(duration_s, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            self._read()

    def end(self) -> Turn:
        """What came of the turn that `begin` began. Raises MeasuredProgramError when the program ended."""
        return Turn(**json.loads(self._read()))

    def run(self, duration_s: float) -> Turn:
        """One turn."""
        self.begin(duration_s)
        return self.end()

    def close(self) -> None:
        """Ends the program: politely by the end of its input, then firmly."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            status = self._process.wait()
            raise MeasuredProgramError(f"{self.name}: expected an answer, got its end with exit status {status}")
        return line.strip()

    def __enter__(self) -> MeasuredProgram:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
