"""The curves of runs: their numbers, read from `metrics.jsonl`, grouped by behavior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from protocol.experience import Float64Array
from trainer_process.errors import RunFolderError
from trainer_process.metrics import METRICS_FILE, read_rows
from trainer_process.run_overview import behavior_folders, behavior_name

Axis: TypeAlias = Literal["steps", "time"]

PAGE = (
    "return_mean",
    "episode_length_mean",
    "learned_reward_mean",
    "policy_loss",
    "value_loss",
    "entropy",
    "neg_log_prob",
    "validation_neg_log_prob",
    "prob_true_action",
    "steps_per_second",
)
"""The important ones, of which a page has those that were measured."""

DEVIATIONS: Mapping[str, str] = {"return_mean": "return_deviation"}
"""For the metrics that have one, the metric that says how far apart its numbers are."""


@dataclass(frozen=True)
class Curve:
    """One number of one run.

    Attributes:
        run: its id.
        x: float64[n], agent-steps, or seconds since the run's first row.
        y: float64[n].
        deviation: float64[n], around y; None where it isn't known.
    """

    run: str
    x: Float64Array
    y: Float64Array
    deviation: Float64Array | None = None


@dataclass(frozen=True)
class BehaviorCurves:
    """The curves of one behavior.

    Attributes:
        behavior: its name.
        curves: for each metric those of all runs that have it.
    """

    behavior: str
    curves: Mapping[str, Sequence[Curve]]


def read_curves(
    runs: Sequence[Path], metrics: Sequence[str] = (), *, behavior: str = "", axis: Axis = "steps", smooth: float = 0.0
) -> list[BehaviorCurves]:
    """The curves of runs.

    Args:
        runs: their folders; runs of one name are told apart by their paths.
        metrics: their names; by default the important ones.
        behavior: only this one; empty takes all.
        axis: what x is.
        smooth: from 0, as they are, to below 1; the weight of what was before, as TensorBoard's slider.

    Raises:
        RunFolderError: a run has no metrics, or nobody has that behavior or one of the metrics.
    """
    rows = _rows_by_behavior(runs, behavior)
    known = {name for of_runs in rows.values() for each in of_runs.values() for row in each for name in row}
    for metric in metrics:
        if metric not in known:
            raise RunFolderError(f"metric: expected one of {', '.join(sorted(known))}, got {metric!r}")
    made = []
    for name, of_runs in rows.items():
        curves = {}
        for metric in metrics or PAGE:
            found = [_curve(run, each, metric, axis, smooth) for run, each in of_runs.items()]
            if shown := [curve for curve in found if len(curve.x)]:
                curves[metric] = shown
        if curves:
            made.append(BehaviorCurves(name, curves))
    return made


def _rows_by_behavior(runs: Sequence[Path], behavior: str) -> dict[str, dict[str, list[dict[str, float]]]]:
    names = [run.resolve().name for run in runs]
    rows: dict[str, dict[str, list[dict[str, float]]]] = {}
    others: set[str] = set()
    for run, name in zip(runs, names, strict=True):
        label = name if names.count(name) == 1 else str(run)
        for folder in behavior_folders(run):
            found = behavior_name(folder)
            others.add(found)
            if (not behavior or found == behavior) and (each := list(read_rows(folder / METRICS_FILE))):
                rows.setdefault(found, {})[label] = each
    if behavior and behavior not in others:
        raise RunFolderError(f"behavior: expected one of {', '.join(sorted(others)) or 'none'}, got {behavior!r}")
    if not rows:
        raise RunFolderError(f"runs: expected metrics in {', '.join(map(str, runs))}, got none")
    return dict(sorted(rows.items()))


def _curve(run: str, rows: Sequence[Mapping[str, float]], metric: str, axis: Axis, smooth: float) -> Curve:
    measured = [row for row in rows if metric in row and axis in row]
    y = np.array([row[metric] for row in measured])
    x = np.array([row[axis] for row in measured])
    if axis == "time" and len(x):
        x = x - next(row[axis] for row in rows if axis in row)
    around = DEVIATIONS.get(metric, "")
    deviation = np.array([row[around] for row in measured if around in row])
    return Curve(run, x, _smoothed(y, smooth), _smoothed(deviation, smooth) if 0 < len(deviation) == len(y) else None)


def _smoothed(values: Float64Array, weight: float) -> Float64Array:
    """An exponential mean that starts without a bias towards 0."""
    smoothed, total, share = np.empty_like(values), 0.0, 0.0
    for index, value in enumerate(values):
        total = weight * total + (1.0 - weight) * float(value)
        share = weight * share + (1.0 - weight)
        smoothed[index] = total / share
    return smoothed
