"""TensorBoard's event files, by tensorboardX."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainer_process.metrics.metrics_row import HOST_PREFIX, MetricsRow
from trainer_process.metrics.row_writer import RowWriter
from trainer_process.metrics.tensorboard_tag import (
    HISTOGRAM_ENDING,
    HYPERPARAMETERS_TAG,
    tagged_metrics,
    tensorboard_tag,
)

HISTOGRAM_BINS = 30
FLUSH_S = 10
"""How old what TensorBoard shows may be."""


class TensorboardWriter(RowWriter):
    """One event a row, in the folder itself: `tensorboard --logdir results` names its curves run/behavior."""

    def __init__(self, folder: Path, settings: Mapping[str, object], from_steps: int | None) -> None:
        """
        Args:
            folder: exists.
            settings: shown as text; may be empty.
            from_steps: what lies beyond is forgotten, where training goes on from there; None forgets nothing.
        """
        from tensorboardX import SummaryWriter

        purge_step = None if from_steps is None else from_steps + 1
        self._writer: SummaryWriter | None = SummaryWriter(str(folder), purge_step=purge_step, flush_secs=FLUSH_S)
        if settings:
            self._writer.add_text(HYPERPARAMETERS_TAG, _as_text(settings), from_steps or 0)

    def write(self, row: MetricsRow) -> None:
        """All metrics in one event: one each, by `add_scalar`, would hold an update up for more than a millisecond, and
        takes the spaces out of tags."""
        from tensorboardX.proto.summary_pb2 import Summary

        if self._writer is None:
            return
        tagged = tagged_metrics(row.metrics)
        own = {name: _own_tag(name, tagged) for name in row.statistics}
        tagged |= {own[name]: value for name, value in row.statistics.items()}
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in tagged.items()]
        for name, distribution in row.histograms.items():
            tag = own.get(name) or tensorboard_tag(name)
            values.append(Summary.Value(tag=tag + HISTOGRAM_ENDING, histo=_histogram(distribution)))
        self._writer.file_writer.add_summary(Summary(value=values), row.steps, row.time_s)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _own_tag(name: str, taken: Mapping[str, float]) -> str:
    return f"{HOST_PREFIX}{name}" if name in taken else name


def _histogram(values: Any) -> Any:
    from tensorboardX.summary import make_histogram

    return make_histogram(values, HISTOGRAM_BINS)


def _as_text(settings: Mapping[str, object]) -> str:
    """As TensorBoard's Markdown shows it line by line."""
    return "".join(f"    {line}\n" for line in json.dumps(settings, indent=2, default=str).splitlines())
