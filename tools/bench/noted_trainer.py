"""The real trainer, which notes what PPO learns from: `python -m tools.bench.noted_trainer NOTES`, then its arguments.

A line of JSON for each batch that it takes, each update, and where it begins; see `learnt_line`. The file goes on with
the trainer that takes a dead one's place.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import ClassVar

from protocol.experience import ExperienceBatch
from trainer_process.algorithms import registry
from trainer_process.algorithms.base import (
    AlgorithmSettings,
    BehaviorSpec,
    ReportProgress,
    UpdateReport,
)
from trainer_process.algorithms.ppo.algorithm import PPO
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.cli import main


class NotedPPO(PPO):
    """PPO of one host, which notes where it begins, what it takes and what it learns from."""

    notes: ClassVar[Path]

    def __init__(self, behavior: BehaviorSpec, settings: AlgorithmSettings) -> None:
        if not isinstance(settings, PPOSettings):
            raise TypeError(f"expected PPOSettings, got {type(settings).__name__}")
        super().__init__(behavior, settings)
        self._has_begun = False

    def add_experience(self, batch: ExperienceBatch, host_index: int) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._note(what="start", iteration=self.iteration, steps=self.steps)
        super().add_experience(batch, host_index)
        self._note(what="taken", batch=batch.batch_id, steps=batch.step_count)

    def update(self, report_progress: ReportProgress) -> UpdateReport:
        report = super().update(report_progress)
        batches = [consumed.batch_id for consumed in report.consumed]
        self._note(what="learnt", iteration=self.iteration, steps=self.steps, batches=batches)
        return report

    def _note(self, **values: object) -> None:
        """In one write, so that a line is whole or not there."""
        handle = os.open(self.notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, (json.dumps({"process": os.getpid(), **values}) + "\n").encode())
        finally:
            os.close(handle)


if __name__ == "__main__":
    NotedPPO.notes = Path(sys.argv.pop(1))
    entry = registry.AlgorithmEntry(PPOSettings, NotedPPO)
    registry.ALGORITHMS = {**registry.ALGORITHMS, "ppo": entry}
    main()
