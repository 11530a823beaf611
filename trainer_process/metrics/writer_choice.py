"""Which writers there are beside `metrics.jsonl`, and what they need."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from trainer_process.errors import MetricsError
from trainer_process.metrics.background_writer import BackgroundWriter
from trainer_process.metrics.csv_table import CsvWriter
from trainer_process.metrics.metrics_row import MetricsRow
from trainer_process.metrics.mlflow_writer import MlflowWriter
from trainer_process.metrics.row_writer import RowWriter
from trainer_process.metrics.tensorboard_writer import TensorboardWriter
from trainer_process.metrics.tracking_place import TrackingPlace
from trainer_process.metrics.wandb_writer import WandbWriter

LIBRARIES: Mapping[str, tuple[str, str]] = {
    "csv": ("", ""),
    "mlflow": ("mlflow", "mlflow"),
    "tensorboard": ("tensorboardX", "trainer"),
    "wandb": ("wandb", "wandb"),
}
"""For each writer the library that it needs, and the extra that has it."""

_logger = logging.getLogger(__name__)


def check_writers(names: Collection[str]) -> None:
    """Makes sure that the writers of these names can be made; imports nothing.

    Raises:
        MetricsError: there is none of a name, or its library isn't installed.
    """
    for name in names:
        if name not in LIBRARIES:
            raise MetricsError(f"metrics writers: expected {', '.join(sorted(LIBRARIES))}, got {name!r}")
        library, extra = LIBRARIES[name]
        if library and find_spec(library) is None:
            raise MetricsError(
                f"metrics writer {name!r}: expected the library {library}, got none; "
                f'pip install "learning-bridge[{extra}]", or leave the writer out'
            )


def make_writer(name: str, place: TrackingPlace, from_steps: int | None) -> RowWriter:
    """One of the writers of `LIBRARIES`, which never raises for a row."""
    if name == "mlflow":
        return BackgroundWriter(name, partial(MlflowWriter, place))
    if name == "wandb":
        return BackgroundWriter(name, partial(WandbWriter, place))
    if name == "csv":
        return DroppingWriter(name, CsvWriter(place.folder))
    return DroppingWriter(name, TensorboardWriter(place.folder, place.settings, from_steps))


class DroppingWriter(RowWriter):
    """Gives a writer up that fails, with one line in the log: a record is no reason to end a training."""

    def __init__(self, name: str, writer: RowWriter) -> None:
        self._name = name
        self._writer: RowWriter | None = writer

    def write(self, row: MetricsRow) -> None:
        if self._writer is None:
            return
        try:
            self._writer.write(row)
        except Exception as error:
            text = "metrics for %s end here, and training goes on without: %s: %s"
            _logger.error(text, self._name, type(error).__name__, error)
            self._writer = None

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class EnduringWriter(RowWriter):
    """Tries again at the next row where one could not be written, as on a disk that was full; says so once."""

    def __init__(self, path: Path, writer: RowWriter) -> None:
        self._path = path
        self._writer = writer
        self._has_failed = False

    def write(self, row: MetricsRow) -> None:
        try:
            self._writer.write(row)
        except OSError as error:
            if not self._has_failed:
                _logger.error("%s: a row of metrics could not be written: %s", self._path, error)
            self._has_failed = True
        else:
            self._has_failed = False

    def close(self) -> None:
        self._writer.close()
