"""Imitation of a recording in this process, for people to watch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer_process.offline_imitation import Imitation, ImitationOptions, ImitationProgress, imitate
from trainer_process.progress_display import ProgressDisplay

SHOWN_METRICS = {
    "neg_log_prob": "-log p",
    "validation_neg_log_prob": "validation -log p",
    "validation_accuracy": "accuracy",
}


@dataclass(frozen=True)
class EpochProgress:
    """How far an imitation is, as a display shows it."""

    title: str
    steps: int
    total_steps: int
    text: str
    unit: str = "steps"

    @classmethod
    def of(cls, progress: ImitationProgress) -> EpochProgress:
        """What there is to show."""
        shown = [
            f"{text} {progress.metrics[name]:.3f}"
            for name, text in SHOWN_METRICS.items()
            if math.isfinite(progress.metrics.get(name, math.nan))
        ]
        total = progress.steps if progress.is_complete else progress.total_steps
        return cls(progress.behavior, progress.steps, total, "  ".join([f"epoch {progress.iteration}", *shown]))

    def describe(self) -> str:
        """The text beside the bar."""
        return self.text


def imitate_shown(
    recording: Path, results_directory: Path, settings: Mapping[str, object], options: ImitationOptions
) -> Imitation:
    """Clones what is in a recording while a bar moves; raises what `imitate` raises."""
    with ProgressDisplay() as display:
        return imitate(
            recording,
            results_directory,
            settings=settings,
            options=options,
            on_update=lambda progress: display.show(EpochProgress.of(progress)),
        )
