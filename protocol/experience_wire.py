"""Experience batches as messages, and the check of a batch that came from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from protocol.completion import Completion
from protocol.errors import RemoteProtocolError
from protocol.experience import ExperienceBatch, ExperienceStatistics, SegmentTable, VectorSizes
from protocol.limits import MAX_BATCH_STEPS
from protocol.messages import Experience

_Number = TypeVar("_Number", np.float32, np.uint8)

_STATISTIC_FIELDS = tuple(field.name for field in fields(ExperienceStatistics))
_BATCH_ARRAYS = ("observations", "actions", "rewards", "log_probs", "final_observations", "version_runs")
_LANE_ARRAYS = ("observations", "actions", "action_modifiers", "rewards", "log_probs", "memory")
_SEGMENT_ARRAYS = ("initial_memory", "final_observations", "final_memory")


def experience_to_message(behavior: str, batch: ExperienceBatch) -> Experience:
    """The message of a batch; the arrays are the batch's own, and those whose rows are empty are left out."""
    return Experience(
        behavior=behavior,
        batch_id=batch.batch_id,
        segments=batch.segments.rows,
        images=_unless_empty(batch.images),
        action_modifiers=_unless_empty(batch.action_modifiers),
        memory=_unless_empty(batch.memory),
        initial_memory=_unless_empty(batch.initial_memory),
        final_images=_unless_empty(batch.final_images),
        final_memory=_unless_empty(batch.final_memory),
        **{name: getattr(batch, name) for name in _BATCH_ARRAYS},
        **{name: getattr(batch.statistics, name) for name in _STATISTIC_FIELDS},
    )


def experience_from_message(message: Experience) -> ExperienceBatch:
    """The batch of a message; the arrays are the message's own. Call `validate_batch` before using it."""
    values = vars(message)
    steps, segments = message.rewards.shape, len(message.segments)
    return ExperienceBatch(
        batch_id=message.batch_id,
        segments=SegmentTable(message.segments),
        statistics=ExperienceStatistics(**{name: values[name] for name in _STATISTIC_FIELDS}),
        images=_given(message.images, steps, np.uint8),
        action_modifiers=_given(message.action_modifiers, steps, np.float32),
        memory=_given(message.memory, steps, np.float32),
        initial_memory=_given(message.initial_memory, (segments,), np.float32),
        final_images=_given(message.final_images, (segments,), np.uint8),
        final_memory=_given(message.final_memory, (segments,), np.float32),
        **{name: values[name] for name in _BATCH_ARRAYS},
    )


def _unless_empty(array: npt.NDArray[_Number]) -> npt.NDArray[_Number] | None:
    return array if array.shape[-1] else None


def _given(array: npt.NDArray[_Number] | None, rows: tuple[int, ...], dtype: type[_Number]) -> npt.NDArray[_Number]:
    """The array, or empty rows where there is none."""
    return array if array is not None else np.zeros((*rows, 0), dtype=dtype)


def validate_batch(batch: ExperienceBatch, sizes: VectorSizes) -> None:
    """Check everything about a batch that the codec can't know.

    Shapes and dtypes agree among the arrays already (the codec's work); here the sizes are held against the
    behavior's, every index against the array that it points into, and every number that will be used is finite.

    Args:
        batch: as `experience_from_message` made it.
        sizes: the behavior's.

    Raises:
        RemoteProtocolError: names the array, the segment and the row.
    """
    _check_sizes(batch, sizes)
    _check_segments(batch)
    _check_version_runs(batch)
    _check_finite(batch)
    if batch.action_modifiers.shape[-1]:
        _check_modifier_flags(batch, sizes.first_flag)
    if np.any(batch.statistics.episode_lengths < 0) or not np.isfinite(batch.statistics.episode_returns).all():
        raise RemoteProtocolError(
            "Experience.episode_lengths and episode_returns: expected lengths from 0 and finite returns, got others"
        )


def _check_sizes(batch: ExperienceBatch, sizes: VectorSizes) -> None:
    expected = (
        ("observations", sizes.observation, "numbers"),
        ("images", sizes.image, "bytes"),
        ("final_images", sizes.image, "bytes"),
        ("actions", sizes.action, "numbers"),
        ("memory", sizes.memory, "numbers"),
        ("initial_memory", sizes.memory, "numbers"),
        ("final_memory", sizes.memory, "numbers"),
    )
    for name, size, unit in expected:
        received = getattr(batch, name).shape[-1]
        if received != size:
            raise RemoteProtocolError(f"Experience.{name}: expected {size} {unit} in a row, got {received}")
    received = batch.action_modifiers.shape[-1]
    if received not in (0, sizes.modifier):
        raise RemoteProtocolError(
            f"Experience.action_modifiers: expected {sizes.modifier} numbers in a row, or no such array, got {received}"
        )


def _check_rows(
    name: str,
    values: npt.NDArray[np.integer],
    is_right: Callable[[npt.NDArray[np.integer]], npt.NDArray[np.bool_]],
    wanted: str,
) -> None:
    """Refuse the first value that isn't right, by its row."""
    right = is_right(values)
    if not right.all():
        row = int(np.argmin(right))
        raise RemoteProtocolError(f"Experience.{name}[{row}]: expected {wanted}, got {values[row]}")


def _check_segments(batch: ExperienceBatch) -> None:
    segments = batch.segments
    row_count, lane_count = batch.rewards.shape
    _check_rows(
        "segments.lane", segments.lane, lambda lane: (lane >= 0) & (lane < lane_count), f"0 to {lane_count - 1}"
    )
    _check_rows(
        "segments.first_row", segments.first_row, lambda row: (row >= 0) & (row < row_count), f"0 to {row_count - 1}"
    )
    room = row_count - segments.first_row
    _check_rows(
        "segments.length",
        segments.length,
        lambda length: (length >= 1) & (length <= room),
        "1 to the rows left in the lane",
    )
    _check_rows("segments.agent_id", segments.agent_id, lambda agent: agent >= 0, "at least 0")
    _check_rows("segments.episode", segments.episode, lambda episode: episode >= 0, "at least 0")
    _check_rows("segments.first_step", segments.first_step, lambda step: step >= 0, "at least 0")
    _check_rows(
        "segments.completion", segments.completion, lambda code: (code >= 0) & (code <= max(Completion)), "0, 1 or 2"
    )
    _check_rows("segments.is_on_policy", segments.is_on_policy, lambda flag: (flag >= 0) & (flag <= 1), "0 or 1")
    step_count = int(segments.length.sum())
    if step_count > MAX_BATCH_STEPS:
        raise RemoteProtocolError(
            f"Experience: expected at most {MAX_BATCH_STEPS} steps in all segments, got {step_count}"
        )
    _check_overlap(segments)


def _check_overlap(segments: SegmentTable) -> None:
    """A row belongs to one segment at most."""
    order = np.lexsort((segments.first_row, segments.lane))
    lane, first = segments.lane[order], segments.first_row[order]
    end = first + segments.length[order]
    overlaps = (lane[1:] == lane[:-1]) & (first[1:] < end[:-1])
    if overlaps.any():
        place = int(np.argmax(overlaps))
        raise RemoteProtocolError(
            f"Experience.segments: expected each row in one segment at most, got row {first[place + 1]} of lane "
            f"{lane[place]} in segments {order[place]} and {order[place + 1]}"
        )


def _check_version_runs(batch: ExperienceBatch) -> None:
    segment_count = len(batch.segments)
    segment, first, version = batch.version_runs.T
    _check_rows("version_runs", segment, lambda index: (index >= 0) & (index < segment_count), "an existing segment")
    lengths = batch.segments.length[segment]
    _check_rows("version_runs", first, lambda step: (step >= 0) & (step < lengths), "a first step within its segment")
    _check_rows("version_runs", version, lambda number: number >= 0, "a version of at least 0")
    starts_segment = np.diff(segment, prepend=-1)
    is_next_run = (starts_segment == 0) & (np.diff(first, prepend=-1) > 0)
    is_next_segment = (starts_segment == 1) & (first == 0)
    covered = int(segment[-1]) + 1 if len(segment) else 0
    if covered != segment_count or not np.all(is_next_run | is_next_segment):
        raise RemoteProtocolError(
            "Experience.version_runs: expected runs sorted by segment and first step, with one at step 0 of each of "
            f"the {segment_count} segments, got others"
        )


def _check_finite(batch: ExperienceBatch) -> None:
    """Only rows that a segment names have to be finite, but mostly all are, and that is quicker to see."""
    for name in _SEGMENT_ARRAYS:
        values = getattr(batch, name)
        finite = np.isfinite(values)
        if not finite.all():
            segment, element = np.argwhere(~finite)[0]
            raise RemoteProtocolError(
                f"Experience.{name}: expected finite numbers, got {values[segment, element]} in segment {segment} "
                f"(agent {batch.segments.agent_id[segment]}), element {element}"
            )
    for name in _LANE_ARRAYS:
        values = getattr(batch, name)
        if not np.isfinite(values).all():
            _check_finite_rows(batch, name, values)


def _check_finite_rows(batch: ExperienceBatch, name: str, values: npt.NDArray[np.float32]) -> None:
    used = _used_rows(batch, values)
    finite = np.isfinite(used)
    if not finite.all():
        step, element = np.argwhere(~finite)[0]
        raise RemoteProtocolError(
            f"Experience.{name}: expected finite numbers, got {used[step, element]} in {_place(batch, step)}, element "
            f"{element}"
        )


def _check_modifier_flags(batch: ExperienceBatch, first_flag: int) -> None:
    """What is neither 0 nor 1 would mask an option by half."""
    flags = batch.action_modifiers[..., first_flag:]
    if ((flags == 0) | (flags == 1)).all():
        return
    used = _used_rows(batch, flags)
    right = (used == 0) | (used == 1)
    if not right.all():
        step, flag = np.argwhere(~right)[0]
        raise RemoteProtocolError(
            f"Experience.action_modifiers: expected flags that are 0 or 1, got {used[step, flag]} in "
            f"{_place(batch, step)}, element {first_flag + flag}"
        )


def _used_rows(batch: ExperienceBatch, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """float32[S, n], the rows that segments name, of an array of lanes."""
    row_count, lane_count = batch.rewards.shape
    used: npt.NDArray[np.float32] = values.reshape(row_count * lane_count, -1)[batch.flat_rows()]
    return used


def _place(batch: ExperienceBatch, step: int) -> str:
    """The segment that holds one of the rows in use, and the step within it."""
    ends = np.cumsum(batch.segments.length)
    segment = int(np.searchsorted(ends, step, side="right"))
    within = int(step - ends[segment] + batch.segments.length[segment])
    return f"segment {segment} (agent {batch.segments.agent_id[segment]}), step {within}"
