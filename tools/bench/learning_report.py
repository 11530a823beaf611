"""Runs of several seeds judged: bench rows, and the table of the README."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tools.bench.learning_record import PEER, LearningRecord
from tools.bench.learning_tasks import LearningTask
from tools.bench.row import BenchRow


@dataclass(frozen=True)
class TaskResult:
    """All seeds of one world.

    Attributes:
        task: the world.
        ours: our runs, at least one.
        peers: the peer's; empty where none was cached or made.
    """

    task: LearningTask
    ours: tuple[LearningRecord, ...]
    peers: tuple[LearningRecord, ...]


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


def row(result: TaskResult) -> BenchRow:
    """The bench's row: seeds that reach the threshold, or the mean beside the peer's."""
    task, ours, peers = result.task, returns(result.ours), returns(result.peers)
    seeds = f"{len(ours)} seeds, " + ", ".join(f"{value:.1f}" for value in ours)
    wall_s = statistics.median(record.wall_s for record in result.ours)
    peer_name = f"{PEER} {result.peers[0].versions[PEER]}" if peers else ""
    if task.threshold is not None:
        reached = sum(value >= task.threshold for value in ours)
        return BenchRow(
            bench="learning",
            name=f"{task.env_id}, seeds at {task.threshold:g} or above",
            median=reached,
            low=reached,
            high=reached,
            unit=f"of {len(ours)}",
            peer_name=peer_name,
            peer_median=sum(value >= task.threshold for value in peers) if peers else None,
            target=f"median >= {seeds_needed(task, len(ours))}",
            note=f"{seeds}; {task.total_steps:,} steps in {wall_s:.0f} s",
        )
    least = statistics.fmean(peers) - pooled_standard_error(ours, peers) if peers else None
    return BenchRow(
        bench="learning",
        name=f"{task.env_id}, mean return over seeds",
        median=statistics.fmean(ours),
        low=min(ours),
        high=max(ours),
        unit="return",
        peer_name=peer_name,
        peer_median=statistics.fmean(peers) if peers else None,
        target=f"median >= {least:.1f}" if least is not None else "",
        note=f"{seeds}; {task.total_steps:,} steps in {wall_s:.0f} s; the target is the peer's mean less one pooled "
        "standard error",
    )


def mean_and_deviation(records: Sequence[LearningRecord]) -> str:
    """As `498.0 ± 2.1`."""
    values = returns(records)
    return f"{statistics.fmean(values):,.1f} ± {deviation(values):,.1f}" if values else ""


def seconds_of(records: Sequence[LearningRecord]) -> str:
    """The median wall-clock time of a run."""
    return f"{statistics.median(record.wall_s for record in records):,.0f} s" if records else ""


def markdown(results: Sequence[TaskResult]) -> str:
    """The table of the README: mean ± standard deviation over seeds of the final deterministic return."""
    lines = [
        "| world | steps | seeds | return | must reach | Stable-Baselines3 | wall-clock | its wall-clock |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        task, ours, peers = result.task, result.ours, result.peers
        if task.threshold is not None:
            reached = sum(value >= task.threshold for value in returns(ours))
            goal = f"{task.threshold:g} on {seeds_needed(task, len(ours))} of {len(ours)}: {reached} did"
        else:
            error = pooled_standard_error(returns(ours), returns(peers))
            goal = f"{statistics.fmean(returns(peers)) - error:,.1f}" if peers else ""
        lines.append(
            f"| {task.env_id} | {task.total_steps:,} | {', '.join(str(record.seed) for record in ours)} "
            f"| {mean_and_deviation(ours)} | {goal} | {mean_and_deviation(peers)} "
            f"| {seconds_of(ours)} | {seconds_of(peers)} |"
        )
    note = "Wall-clock is the median of a seed's training; the two sides ran at different times, so compare it loosely."
    return "\n".join([*lines, "", *versions(results), note])


def versions(results: Sequence[TaskResult]) -> list[str]:
    """One line of versions for us and one for the peer."""
    sides = {"Ours": [result.ours for result in results], "The peer": [result.peers for result in results]}
    lines = []
    for name, groups in sides.items():
        found = {f"{key} {value}" for records in groups for record in records for key, value in record.versions.items()}
        if found:
            lines.append(f"{name}: {', '.join(sorted(found))}.")
    return lines
