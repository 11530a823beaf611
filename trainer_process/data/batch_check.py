"""Whether a batch that came over the bridge may be laid out and learnt from."""

from __future__ import annotations

import numpy as np

from protocol.completion import Completion
from protocol.experience import ExperienceBatch, FloatArray
from protocol.vector_layout import ActionLayout, ObservationLayout
from trainer_process.errors import ExperienceError


def check_batch(batch: ExperienceBatch, observation: ObservationLayout, action: ActionLayout) -> None:
    """Checks everything that later code takes for granted; unused cells of the lanes may hold anything.

    Raises:
        ExperienceError: naming the array, what was expected and what came.
    """
    _check_shapes(batch, observation.size, action.vector_size)
    _check_segments(batch)
    _check_version_runs(batch)
    _check_finite(batch, observation)


def _check_shapes(batch: ExperienceBatch, observation_size: int, action_size: int) -> None:
    lanes = batch.rewards.shape
    if len(lanes) != 2:
        raise ExperienceError(f"batch {batch.batch_id}: rewards must be [rows, lanes], got the shape {lanes}")
    segment_count = len(batch.segments)
    expected = {
        "observations": (*lanes, observation_size),
        "actions": (*lanes, action_size),
        "log_probs": lanes,
        "final_observations": (segment_count, observation_size),
    }
    for name, shape in expected.items():
        received = getattr(batch, name).shape
        if received != shape:
            raise ExperienceError(f"batch {batch.batch_id}: {name} must have the shape {shape}, got {received}")


def _check_segments(batch: ExperienceBatch) -> None:
    segments, (row_count, lane_count) = batch.segments, batch.rewards.shape
    where = f"batch {batch.batch_id}: segments"
    if len(segments) == 0:
        raise ExperienceError(f"{where} must be at least one, got none")
    last_row = segments.first_row.astype(np.int64) + segments.length
    rules = (
        ("lane", (segments.lane >= 0) & (segments.lane < lane_count), f"in [0, {lane_count})"),
        ("length", segments.length >= 1, "at least 1"),
        ("first_row", (segments.first_row >= 0) & (last_row <= row_count), f"with its length within {row_count} rows"),
        ("completion", segments.completion <= Completion.TERMINATION, "0, 1 or 2"),
    )
    for name, holds, expectation in rules:
        if not holds.all():
            index = int(np.argmin(holds))
            received = getattr(segments, name)[index]
            raise ExperienceError(f"{where}[{index}].{name} must be {expectation}, got {received}")
    if batch.step_count > batch.rewards.size:
        raise ExperienceError(f"{where} name {batch.step_count} steps, but the lanes hold {batch.rewards.size}")


def _check_version_runs(batch: ExperienceBatch) -> None:
    runs, lengths = batch.version_runs, batch.segments.length
    where = f"batch {batch.batch_id}: version_runs"
    if runs.ndim != 2 or runs.shape[1] != 3 or len(runs) == 0:
        raise ExperienceError(f"{where} must have the shape (runs, 3) with at least one run, got {runs.shape}")
    segment, first = runs[:, 0], runs[:, 1]
    in_range = (segment >= 0) & (segment < len(lengths))
    if not in_range.all():
        raise ExperienceError(f"{where} must name segments in [0, {len(lengths)}), got {segment[~in_range][0]}")
    in_segment = (first >= 0) & (first < lengths[segment]) & (runs[:, 2] >= 0)
    ascending = (np.diff(segment) > 0) | ((np.diff(segment) == 0) & (np.diff(first) > 0))
    covered = np.array_equal(segment[first == 0], np.arange(len(lengths)))
    if not (in_segment.all() and ascending.all() and covered):
        raise ExperienceError(f"{where} must rise, stay inside their segments and begin at each segment's step 0")


def _check_finite(batch: ExperienceBatch, observation: ObservationLayout) -> None:
    for name in ("observations", "actions", "rewards", "log_probs"):
        lanes = getattr(batch, name)
        if _is_finite(lanes):
            continue
        cells = lanes.reshape(batch.rewards.size, -1)[batch.flat_rows()]
        bad = np.argwhere(~np.isfinite(cells))
        if len(bad) == 0:
            continue
        step, element = int(bad[0, 0]), int(bad[0, 1])
        index = int(np.searchsorted(np.cumsum(batch.segments.length), step, side="right"))
        agent = batch.segments.agent_id[index]
        detail = f", element {observation.path_of(element)}" if name == "observations" else ""
        raise ExperienceError(f"batch {batch.batch_id}: {name} of agent {agent}{detail} must be finite, got {cells[step, element]}")
    if not np.isfinite(batch.final_observations).all():
        index = int(np.argwhere(~np.isfinite(batch.final_observations))[0, 0])
        agent = batch.segments.agent_id[index]
        raise ExperienceError(f"batch {batch.batch_id}: the final observation of agent {agent} must be finite")


def _is_finite(array: FloatArray) -> bool:
    """One pass without a mask; may say False of finite numbers whose sum overflows, never True of others."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(array.sum()))
