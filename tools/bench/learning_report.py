"""Runs of several seeds judged: bench rows, and the table of FIGURES.md."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tools.bench.learning_record import PEER, LearningRecord
from tools.bench.learning_tasks import FlatPolicy, LearningTask
from tools.bench.row import BenchRow


@dataclass(frozen=True)
class TaskResult:
    """All seeds of one world.

    Attributes:
        task: the world.
        ours: our runs, at least one.
        peers: the peer's; empty where none was cached or made.
        flats: those of the policy without structure; empty where the task has none.
    """

    task: LearningTask
    ours: tuple[LearningRecord, ...]
    peers: tuple[LearningRecord, ...]
    flats: tuple[LearningRecord, ...] = ()


def deviation(values: Sequence[float]) -> float:
    """Sample standard deviation; 0 of a single value."""
    return statistics.stdev(values) if len(values) > 1 else 0.0


def pooled_standard_error(ours: Sequence[float], peers: Sequence[float]) -> float:
    """Of the difference of two means, with the variance pooled over both samples.

    s² = ((n−1)·s₁² + (m−1)·s₂²) / (n+m−2);  s·√(1/n + 1/m)
    """
    freedom = len(ours) + len(peers) - 2
    if freedom < 1:
        return 0.0
    squares = (len(ours) - 1) * deviation(ours) ** 2 + (len(peers) - 1) * deviation(peers) ** 2
    return math.sqrt(squares / freedom * (1 / len(ours) + 1 / len(peers)))


def returns(records: Sequence[LearningRecord]) -> list[float]:
    """The final mean return of each run."""
    return [record.return_mean for record in records]


def seeds_needed(task: LearningTask, run_count: int) -> int:
    """How many of so many runs must reach the threshold; the same share where not all seeds were run."""
    return math.ceil(task.seeds_needed * run_count / len(task.seeds))


def rows(result: TaskResult) -> list[BenchRow]:
    """The bench's rows: seeds that reach the threshold, or the mean beside the peer's; and those of a flat policy."""
    own = _mean_row(result) if result.task.threshold is None else _seeds_row(result, result.task.threshold)
    return [own] if result.task.flat is None else [own, _flat_row(result, result.task.flat)]


def _seeds_row(result: TaskResult, threshold: float) -> BenchRow:
    task, ours, peers = result.task, returns(result.ours), returns(result.peers)
    reached = sum(value >= threshold for value in ours)
    return BenchRow(
        bench="learning",
        name=f"{task.env_id}, seeds at {threshold:g} or above",
        median=reached,
        low=reached,
        high=reached,
        unit=f"of {len(ours)}",
        peer_name=_peer_name(result),
        peer_median=sum(value >= threshold for value in peers) if peers else None,
        target=f"median >= {seeds_needed(task, len(ours))}",
        note=_note(task, result.ours),
    )


def _mean_row(result: TaskResult) -> BenchRow:
    ours, peers = returns(result.ours), returns(result.peers)
    least = statistics.fmean(peers) - pooled_standard_error(ours, peers) if peers else None
    return BenchRow(
        bench="learning",
        name=f"{result.task.env_id}, mean return over seeds",
        median=statistics.fmean(ours),
        low=min(ours),
        high=max(ours),
        unit="return",
        peer_name=_peer_name(result),
        peer_median=statistics.fmean(peers) if peers else None,
        target=f"median >= {least:.1f}" if least is not None else "",
        note=f"{_note(result.task, result.ours)}; the target is the peer's mean less one pooled standard error",
    )


def _flat_row(result: TaskResult, flat: FlatPolicy) -> BenchRow:
    """How many seeds of the flat policy stay under its ceiling: all must, or structure wouldn't matter here."""
    under = sum(value < flat.ceiling for value in returns(result.flats))
    return BenchRow(
        bench="learning",
        name=f"{result.task.env_id}, seeds of a flat policy under {flat.ceiling:g}",
        median=under,
        low=under,
        high=under,
        unit=f"of {len(result.flats)}",
        target=f"median >= {len(result.flats)}",
        note=_note(result.task, result.flats),
    )


def _peer_name(result: TaskResult) -> str:
    return f"{PEER} {result.peers[0].versions[PEER]}" if result.peers else ""


def _note(task: LearningTask, records: Sequence[LearningRecord]) -> str:
    wall_s = statistics.median(record.wall_s for record in records)
    seeds = ", ".join(f"{value:.1f}" for value in returns(records))
    counts = {record.parameter_count for record in records if record.parameter_count}
    size = f"; {max(counts):,} parameters" if counts else ""
    return f"{len(records)} seeds, {seeds}; {task.total_steps:,} steps in {wall_s:.0f} s{size}"


def mean_and_deviation(records: Sequence[LearningRecord]) -> str:
    """As `498.0 ± 2.1`."""
    values = returns(records)
    return f"{statistics.fmean(values):,.1f} ± {deviation(values):,.1f}" if values else ""


def seconds_of(records: Sequence[LearningRecord]) -> str:
    """The median wall-clock time of a run."""
    return f"{statistics.median(record.wall_s for record in records):,.0f} s" if records else ""


def goal_of(result: TaskResult) -> str:
    """What must be reached, and whether it was."""
    task, ours, peers = result.task, returns(result.ours), returns(result.peers)
    if task.threshold is not None:
        reached = sum(value >= task.threshold for value in ours)
        return f"{task.threshold:g} on {seeds_needed(task, len(ours))} of {len(ours)}: {reached} did"
    return f"{statistics.fmean(peers) - pooled_standard_error(ours, peers):,.1f}" if peers else ""


def flat_of(result: TaskResult) -> str:
    """What a flat policy got, and what it must stay under."""
    if result.task.flat is None or not result.flats:
        return ""
    ceiling = result.task.flat.ceiling
    under = sum(value < ceiling for value in returns(result.flats))
    return f"{mean_and_deviation(result.flats)}; under {ceiling:g}: {under} of {len(result.flats)}"


def markdown(results: Sequence[TaskResult]) -> str:
    """The table of FIGURES.md: mean ± standard deviation over seeds of the final deterministic return."""
    lines = [
        "| world | steps | seeds | return | must reach | flat policy | Stable-Baselines3 | wall-clock "
        "| its wall-clock |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        task, ours, peers = result.task, result.ours, result.peers
        lines.append(
            f"| {task.env_id} | {task.total_steps:,} | {', '.join(str(record.seed) for record in ours)} "
            f"| {mean_and_deviation(ours)} | {goal_of(result)} | {flat_of(result)} | {mean_and_deviation(peers)} "
            f"| {seconds_of(ours)} | {seconds_of(peers)} |"
        )
    note = "Wall-clock is the median of a seed's training; the two sides ran at different times, so compare it loosely."
    return "\n".join([*lines, "", *versions(results), note])


def versions(results: Sequence[TaskResult]) -> list[str]:
    """One line of versions for us and one for the peer."""
    ours = [(*result.ours, *result.flats) for result in results]
    sides = {"Ours": ours, "The peer": [result.peers for result in results]}
    lines = []
    for name, groups in sides.items():
        found = {f"{key} {value}" for records in groups for record in records for key, value in record.versions.items()}
        if found:
            lines.append(f"{name}: {', '.join(sorted(found))}.")
    return lines
