"""Agent-steps a second over numbers of agents in one host, and of hosts on one trainer.

A no-op world; the trainer is the real one with a learner that only counts, so that what is measured is collecting and
carrying. Every row tells what its processes cost a step and which of them had no time left.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from tools.bench.measured_program import MeasuredProgram
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow
from tools.bench.scaling_point import Point, Sample, describe, explain, where_it_stops
from tools.bench.trainer_program import TrainerProgram

AGENT_COUNTS = (1, 16, 256, 1024, 4096)
HOST_COUNTS = (1, 2, 4, 8)
AGENTS_PER_HOST = 256
STEPS_PER_HAND_OFF = 10_000
LEAST_ROWS = 16
"""Rows that a hand-off has at the least: nobody with 4,096 agents would send two at a time."""

TURN_S = 1.0
MOST_ROUNDS = 5


@dataclass(frozen=True)
class _Case:
    axis: str
    x: int
    host_count: int
    agent_count: int

    @property
    def name(self) -> str:
        hosts = "" if self.axis == "agents" else f"{self.host_count} host{'s' if self.host_count > 1 else ''} of "
        return f"{hosts}{self.agent_count:,} agent{'s' if self.agent_count > 1 else ''}"


CASES = (
    *(_Case("agents", count, 1, count) for count in AGENT_COUNTS),
    *(_Case("hosts", count, count, AGENTS_PER_HOST) for count in HOST_COUNTS),
)


def measure(case: _Case, rounds: int) -> Point:
    """All hosts at once, for a second a round, after one round to warm up."""
    steps = max(STEPS_PER_HAND_OFF, LEAST_ROWS * case.agent_count)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lb-")))
        trainer = stack.enter_context(TrainerProgram("tools.bench.consuming_trainer", folder, steps_per_update=steps))
        command = (sys.executable, "-m", "tools.bench.noop_host", "--agents", str(case.agent_count))
        hosts = [
            stack.enter_context(MeasuredProgram((*command, "--endpoint", trainer.endpoint), name=f"host {index}"))
            for index in range(case.host_count)
        ]
        for host in hosts:
            host.await_ready()
        process = psutil.Process(trainer.process_id)
        samples = [_sample(hosts, process) for _ in range(rounds + 1)]
    return Point(case.axis, case.x, case.name, tuple(samples[1:]))


def _sample(hosts: Sequence[MeasuredProgram], trainer: psutil.Process) -> Sample:
    before, machine_s = _thread_times(trainer), _machine_seconds()
    for host in hosts:
        host.begin(TURN_S)
    turns = [host.end() for host in hosts]
    after, machine_s = _thread_times(trainer), _machine_seconds() - machine_s
    wall_s = max(turn.wall_s for turn in turns)
    spent = {thread: seconds - before.get(thread, 0.0) for thread, seconds in after.items()}
    return Sample(
        steps=sum(turn.steps for turn in turns),
        played_steps=sum(turn.played_steps for turn in turns),
        wall_s=wall_s,
        host_cpu_s=tuple(turn.cpu_s for turn in turns),
        trainer_cpu_s=sum(spent.values()),
        trainer_main_cpu_s=spent.get(trainer.pid, 0.0),
        machine_cpu_s=machine_s,
        core_count=os.cpu_count() or 1,
    )


def _thread_times(process: psutil.Process) -> dict[int, float]:
    """Processor seconds of each thread; the main thread's id is the process's, on Linux."""
    return {thread.id: thread.user_time + thread.system_time for thread in process.threads()}


def _machine_seconds() -> float:
    """Processor seconds of everything since the machine started, those that its own host took from it too."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


def rows_of(points: Sequence[Point]) -> list[BenchRow]:
    """The points of one axis as lines of the table; the one at which it stops says why."""
    stop = where_it_stops(points)
    rows = []
    for index, point in enumerate(points):
        spread = point.steps_per_second
        reason = f"; {explain(points, index)}" if index == stop else ""
        rows.append(
            BenchRow(
                bench="scaling",
                name=point.name,
                median=spread.median,
                low=spread.low,
                high=spread.high,
                unit="steps/s",
                note=f"{describe(point)}{reason}",
                axis=point.axis,
                x=float(point.x),
            )
        )
    return rows


def run(options: BenchOptions) -> list[BenchRow]:
    """Every point of both curves."""
    points = [measure(case, min(options.rounds, MOST_ROUNDS)) for case in CASES]
    axes = dict.fromkeys(point.axis for point in points)
    return [row for axis in axes for row in rows_of([point for point in points if point.axis == axis])]
