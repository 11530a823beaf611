"""Returns and wall-clock: on Gymnasium's worlds beside Stable-Baselines3's with the same hyperparameters, on worlds of
our own, in which structure matters, beside a policy without structure.

Each seed is kept in a file of its own when it is done, so that a run that was stopped goes on where it was. A seed is
run again when its hyperparameters change, not when the code does: delete its file to measure a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tools.bench.learning_record import LearningRecord, fingerprint, read_peer, read_record, record_path
from tools.bench.learning_report import TaskResult, markdown, rows
from tools.bench.learning_run import policy_settings, run_ours, run_peer
from tools.bench.learning_tasks import LEARNING_TASKS, LearningTask, flat_task
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow


def read_ours(task: LearningTask, seed: int, folder: Path) -> LearningRecord | None:
    """Our finished run of a seed, if it was made with the settings that the task has now."""
    expected = {"fingerprint": fingerprint(task, policy_settings(task))}
    return read_record(record_path(folder, task.record_name, seed), expected)


def finish(task: LearningTask, seed: int, folder: Path, peer_python: Path | None) -> None:
    """Runs what is missing of one seed."""
    if peer_python is not None and not task.is_own_world and read_peer(task, seed) is None:
        print(f"  {task.env_id} seed {seed}: the peer", flush=True)
        run_peer(task, seed, peer_python)
    for side in (task, *([flat_task(task)] if task.flat is not None else [])):
        if read_ours(side, seed, folder) is None:
            print(f"  {side.record_name} seed {seed}: ours", flush=True)
            run_ours(side, seed, folder)
        record = read_ours(side, seed, folder)
        assert record is not None
        print(f"  {side.record_name} seed {seed}: {record.return_mean:.1f} after {record.wall_s:.0f} s", flush=True)


def task_result(task: LearningTask, seeds: Sequence[int], folder: Path) -> TaskResult:
    """All that is there of one world."""

    def records_of(side: LearningTask) -> tuple[LearningRecord, ...]:
        found = [read_ours(side, seed, folder) for seed in seeds]
        return tuple(record for record in found if record is not None)

    peers = [] if task.is_own_world else [read_peer(task, seed) for seed in seeds]
    return TaskResult(
        task,
        records_of(task),
        tuple(record for record in peers if record is not None),
        records_of(flat_task(task)) if task.flat is not None else (),
    )


def run(options: BenchOptions) -> list[BenchRow]:
    """Runs every seed that is missing, then judges all; also writes the table of FIGURES.md beside the records."""
    folder = options.results / "learning"
    results = []
    for env_id in options.tasks or tuple(LEARNING_TASKS):
        task = LEARNING_TASKS[env_id]
        seeds = options.seeds or task.seeds
        for seed in seeds:
            finish(task, seed, folder, options.peer_python)
        results.append(task_result(task, seeds, folder))
    text = markdown(results)
    (folder / "table.md").write_text(text + "\n", encoding="utf-8")
    print(text + "\n")
    return [row for result in results for row in rows(result)]
