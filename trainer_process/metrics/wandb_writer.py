"""Weights & Biases, by its own library."""

from __future__ import annotations

import os
import secrets
from typing import Any

from trainer_process.metrics.metrics_row import STEPS, MetricsRow
from trainer_process.metrics.row_writer import RowWriter
from trainer_process.metrics.tracking_place import PROJECT, TrackingPlace, flat_settings


class WandbWriter(RowWriter):
    """A run of Weights & Biases' with a curve for each number, and histograms.

    The library's own variables rule: `WANDB_MODE` (`offline` unless it says `online`; later `wandb sync` uploads),
    `WANDB_PROJECT` (`learning-bridge` unless it says another), `WANDB_ENTITY`, `WANDB_API_KEY`. Files go into the
    behavior's folder. What lies beyond the checkpoint of a run that goes on can't be taken out there.
    """

    def __init__(self, place: TrackingPlace) -> None:
        """Begins a run, or goes on with one; what the library raises is passed on."""
        import wandb

        self._histogram: Any = wandb.Histogram
        run_id = place.known_id("wandb") or secrets.token_hex(4)
        self._run: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or PROJECT,
            name=place.name,
            group=place.run,
            id=run_id,
            resume="allow",
            dir=str(place.folder),
            config=flat_settings(place.settings),
            mode=os.environ.get("WANDB_MODE") or "offline",
            reinit="create_new",
            settings=wandb.Settings(console="off", silent=True),
        )
        place.keep_id("wandb", run_id)
        self._run.define_metric("*", step_metric=STEPS)

    def write(self, row: MetricsRow) -> None:
        numbers: dict[str, object] = {name: value for name, value in row.columns.items() if name != "time"}
        numbers |= {f"{name}_hist": self._histogram(list(values)) for name, values in row.histograms.items()}
        self._run.log(numbers)

    def close(self) -> None:
        self._run.finish()
