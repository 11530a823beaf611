"""What was measured at one number of agents or hosts, and what it tells about where more would not help."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tools.bench.timing import Spread

BUSY = 0.9
"""A thread, or all cores, that worked so much of the time had none left."""

WORTHWHILE = 1.25
"""Twice as many that bring less than this are no scaling any more."""


@dataclass(frozen=True)
class Sample:
    """One round.

    Attributes:
        steps: agent-steps that were recorded.
        played_steps: agent-steps that were played, the trainer being behind or not.
        wall_s: seconds of the round.
        host_cpu_s: processor seconds of each host.
        trainer_cpu_s: of the trainer, all its threads.
        trainer_main_cpu_s: of the trainer's main thread, which talks to the hosts.
        machine_cpu_s: of everything on the machine, these processes included.
        core_count: of the machine.
    """

    steps: int
    played_steps: int
    wall_s: float
    host_cpu_s: tuple[float, ...]
    trainer_cpu_s: float
    trainer_main_cpu_s: float
    machine_cpu_s: float
    core_count: int

    @property
    def busy_cores(self) -> float:
        """Cores that these processes kept busy."""
        return (sum(self.host_cpu_s) + self.trainer_cpu_s) / self.wall_s


@dataclass(frozen=True)
class Point:
    """One place of a curve.

    Attributes:
        axis: what the curve runs over.
        x: where on it.
        name: for people.
        samples: at least one.
    """

    axis: str
    x: int
    name: str
    samples: tuple[Sample, ...]

    @property
    def steps_per_second(self) -> Spread:
        """Recorded agent-steps."""
        return Spread.of([sample.steps / sample.wall_s for sample in self.samples])

    @property
    def host_us(self) -> float:
        """Microseconds of processor that a host spends on a step it plays."""
        return 1e6 * statistics.median(sum(item.host_cpu_s) / max(item.played_steps, 1) for item in self.samples)

    @property
    def trainer_us(self) -> float:
        """Microseconds of processor that the trainer spends on a step."""
        return 1e6 * statistics.median(item.trainer_cpu_s / max(item.steps, 1) for item in self.samples)

    @property
    def unrecorded_share(self) -> float:
        """Of the steps played, those that the trainer was too far behind for."""
        return statistics.median(1 - item.steps / max(item.played_steps, 1) for item in self.samples)

    @property
    def limit(self) -> str:
        """What had no time left."""
        cores = self.samples[0].core_count
        if statistics.median(item.busy_cores / cores for item in self.samples) >= BUSY:
            return f"all {cores} cores are busy with it"
        if statistics.median(item.trainer_main_cpu_s / item.wall_s for item in self.samples) >= BUSY:
            return "the trainer's main thread is busy all the time"
        if statistics.median(min(item.host_cpu_s) / item.wall_s for item in self.samples) >= BUSY:
            return "the host's one thread is busy all the time" if self.is_one_host else "every host's thread is busy"
        if statistics.median(item.machine_cpu_s / item.wall_s / cores for item in self.samples) >= BUSY:
            return f"all {cores} cores are busy, with other programs too"
        return "nothing is busy all the time: the processes wait for each other"

    @property
    def is_one_host(self) -> bool:
        """Whether there was one host."""
        return len(self.samples[0].host_cpu_s) == 1


def describe(point: Point) -> str:
    """A point's note."""
    busy = statistics.median(item.busy_cores for item in point.samples)
    lost = f"; {100 * point.unrecorded_share:.0f} % unrecorded" if point.unrecorded_share >= 0.005 else ""
    return (
        f"host {point.host_us:.2f} and trainer {point.trainer_us:.2f} µs of processor a step, "
        f"{busy:.1f} cores busy; {point.limit}{lost}"
    )


def where_it_stops(points: Sequence[Point]) -> int | None:
    """The index of the point from which on twice as many bring little; None where they still bring more at the last.

    Args:
        points: of one axis, in rising order.
    """
    rates = [point.steps_per_second.median for point in points]
    for index in range(len(points) - 1):
        doublings = math.log2(points[index + 1].x / points[index].x)
        if rates[index + 1] / rates[index] < WORTHWHILE**doublings:
            return index
    return None


def explain(points: Sequence[Point], index: int) -> str:
    """Why more than this brings little: what is at its limit, and what a step costs there."""
    first, point = points[0], points[index]
    text = f"more bring little from here on, since {point.limit}"
    if point.axis != "agents":
        return f"{text}: {point.host_us + point.trainer_us:.2f} µs of processor a step on both sides together"
    share = first.host_us * first.x / (point.host_us * point.x)
    return (
        f"{text}: of its tick, the {first.host_us * first.x:.0f} µs that one with {first.x:,} costs are "
        f"{100 * share:.0f} %, and the rest is the agents' own (the network's arithmetic, the copies of their rows)"
    )
