"""A run's folder as a training leaves it, for tests of what shows runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trainer_process.metrics import MetricsWriter
from trainer_process.run_folder import RunFolder
from trainer_process.run_status import BehaviorStatus, CheckpointStatus


def record_run(
    results: Path,
    run_id: str = "walkers",
    behaviors: tuple[str, ...] = ("Walker",),
    *,
    rows: int = 3,
    is_complete: bool = False,
    more: Mapping[str, float] | None = None,
) -> Path:
    """Makes the folder: row k has 100 k steps, a mean return of k squared but the last, and a checkpoint at 200."""
    run = RunFolder(results, run_id)
    for name in behaviors:
        folder = run.behavior(name)
        folder.create()
        settings = {
            "behavior": name,
            "trainer_type": "ppo",
            "settings": {"total_steps": 400, "epochs": 4, "unreal": {}},
        }
        sources = {"total_steps": "walker.yaml:3", "epochs": "default", "minibatch_size": "default (ML-Agents)"}
        folder.write_settings({**settings, "sources": sources})
        with MetricsWriter(folder.path, ["csv"]) as writer:
            for index in range(1, rows + 1):
                mean = float(index * index if index < 3 else 3)
                numbers = {
                    "steps": 100.0 * index,
                    "iteration": float(index),
                    "return_mean": mean,
                    "entropy": 1.0 / index,
                }
                writer.write({**numbers, "return_deviation": 0.5, "lesson/gravity": 1.0, **(more or {})})
        checkpoint = CheckpointStatus(2, 200, 2, 0.0, f"{folder.path.name}/checkpoints/000000002", 4.0)
        status = BehaviorStatus(
            folder.path.name, "ppo", 2, 200, 400, 2, 4.0, is_complete=is_complete, checkpoints=(checkpoint,)
        )
        assert folder.status is not None
        folder.status.report(name, status, {"lessons": {"gravity": {"number": 1, "name": "Heavy"}}})
    return run.path


def write_line(folder: Path, text: str) -> None:
    """Adds to a behavior's metrics what a killed process may have left."""
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(text)
