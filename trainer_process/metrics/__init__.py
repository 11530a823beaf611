"""Metrics of a behavior: their names, how they are summed up, and where they are written.

A row of metrics is plain data: finite numbers by name. Rows go to `metrics.jsonl`, one line each, and to the writers
that a run asks for: a table, TensorBoard under ML-Agents' tags, MLflow, Weights & Biases.
"""

from __future__ import annotations

from trainer_process.metrics.csv_table import CSV_FILE
from trainer_process.metrics.json_lines import METRICS_FILE, read_rows
from trainer_process.metrics.metric import LESSON_PREFIX, METRICS, finite_metrics
from trainer_process.metrics.metrics_row import MetricsRow
from trainer_process.metrics.metrics_writer import NO_RETURNS, MetricsWriter
from trainer_process.metrics.tensorboard_tag import tensorboard_tag
from trainer_process.metrics.writer_choice import check_writers

__all__ = [
    "CSV_FILE",
    "LESSON_PREFIX",
    "METRICS",
    "METRICS_FILE",
    "NO_RETURNS",
    "MetricsRow",
    "MetricsWriter",
    "check_writers",
    "finite_metrics",
    "read_rows",
    "tensorboard_tag",
]
