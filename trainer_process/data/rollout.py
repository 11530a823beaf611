"""Batches of several hosts laid out as flat steps, trajectory after trajectory.

Letters: S steps, K segments, O observation, I bytes of images, A action, M action modifier, H memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from protocol.completion import Completion
from protocol.experience import ByteArray, ExperienceBatch, FloatArray, Int64Array, SegmentTable

BoolArray: TypeAlias = npt.NDArray[np.bool_]
Number = TypeVar("Number", np.float32, np.int64)


@dataclass(frozen=True)
class Rollout:
    """The steps of one update. Segments are sorted by host, agent, episode and step, so that parts of one episode
    that came in several segments, or several batches, lie one after the other and are learnt from as one.

    Attributes:
        observations: float32[S, O].
        images: uint8[S, I].
        actions: float32[S, A], as sampled.
        action_modifiers: float32[S, M]; of a host that makes none zeros, where another one makes some.
        rewards: float32[S].
        log_probs: float32[S], under the policy that chose the action.
        memory: float32[S, H], before the policy's evaluation.
        versions: int64[S], of that policy.
        is_on_policy: bool[S], False where actions were set by hand or sampled with another noise scale.
        segment_starts: int64[K], index of each segment's first step.
        segment_lengths: int64[K].
        completions: int64[K].
        final_observations: float32[K, O].
        final_images: uint8[K, I].
        final_memory: float32[K, H], after the evaluation of each segment's last step.
        follows_previous: bool[K], whether the segment goes on where the one before it in these arrays was cut.
        lane_keys: K pairs (host index, agent id).
        episodes: int64[K].
        first_steps: int64[K], the step of the episode that a segment begins with.
    """

    observations: FloatArray
    images: ByteArray
    actions: FloatArray
    action_modifiers: FloatArray
    rewards: FloatArray
    log_probs: FloatArray
    memory: FloatArray
    versions: Int64Array
    is_on_policy: BoolArray
    segment_starts: Int64Array
    segment_lengths: Int64Array
    completions: Int64Array
    final_observations: FloatArray
    final_images: ByteArray
    final_memory: FloatArray
    follows_previous: BoolArray
    lane_keys: list[tuple[int, int]]
    episodes: Int64Array
    first_steps: Int64Array

    @property
    def step_count(self) -> int:
        """S."""
        return len(self.rewards)

    @property
    def segment_ends(self) -> Int64Array:
        """int64[K], index of each segment's last step."""
        ends: Int64Array = self.segment_starts + self.segment_lengths - 1
        return ends

    def followed_by_next(self) -> BoolArray:
        """bool[S], whether the next step of the arrays is the next step of the same trajectory."""
        followed = np.ones(self.step_count, dtype=np.bool_)
        followed[self.segment_ends] = np.append(self.follows_previous[1:], False)
        return followed

    def ends_stretch(self, length: int) -> BoolArray:
        """bool[S], whether a step is the last of a stretch, where episodes are cut into such of `length` steps."""
        within = np.arange(self.step_count) - np.repeat(self.segment_starts, self.segment_lengths)
        episode_steps = np.repeat(self.first_steps, self.segment_lengths) + within
        ends: BoolArray = episode_steps % length == length - 1
        return ends

    def next_values(self, values: FloatArray, final_values: FloatArray) -> FloatArray:
        """float32[S], the value of what was seen after each step: 0 after a termination, else bootstrapped.

        Args:
            values: float32[S], of `observations`.
            final_values: float32[K], of `final_observations`.
        """
        following = np.append(values[1:], np.float32(0.0))
        terminated = self.completions == Completion.TERMINATION
        following[self.segment_ends] = np.where(terminated, np.float32(0.0), final_values)
        return following


def assemble_rollout(batches: Sequence[tuple[int, ExperienceBatch]]) -> Rollout:
    """Copies the recorded steps of (host index, batch) pairs out of their lanes; at least one segment is needed."""
    batches = [(host, batch) for host, batch in batches if len(batch.segments)]
    table = _SegmentColumns(batches)
    order = np.lexsort((table.first_step, table.episode, table.agent_id, table.host))
    lengths = table.length[order]
    starts = np.cumsum(lengths) - lengths
    start_of_segment = np.empty_like(starts)
    start_of_segment[order] = starts
    rows = _destination_rows(start_of_segment, table.length)
    steps = [_flat_steps(batch) for _, batch in batches]
    previous, current = order[:-1], order[1:]
    follows = (
        (table.host[current] == table.host[previous])
        & (table.agent_id[current] == table.agent_id[previous])
        & (table.episode[current] == table.episode[previous])
        & (table.first_step[current] == table.first_step[previous] + table.length[previous])
        & (table.completion[previous] == Completion.RUNNING)
    )
    return Rollout(
        observations=_scattered([step.observations for step in steps], rows),
        images=_flat_images([batch for _, batch in batches], start_of_segment),
        actions=_scattered([step.actions for step in steps], rows),
        action_modifiers=_scattered(_as_wide_as_the_widest([step.action_modifiers for step in steps]), rows),
        rewards=_scattered([step.rewards for step in steps], rows),
        log_probs=_scattered([step.log_probs for step in steps], rows),
        memory=_scattered([step.memory for step in steps], rows),
        versions=_scattered([batch.policy_versions() for _, batch in batches], rows),
        is_on_policy=np.repeat(table.is_on_policy[order] != 0, lengths),
        segment_starts=starts,
        segment_lengths=lengths,
        completions=table.completion[order],
        final_observations=np.concatenate([batch.final_observations for _, batch in batches])[order],
        final_images=np.concatenate([batch.final_images for _, batch in batches])[order],
        final_memory=np.concatenate([batch.final_memory for _, batch in batches])[order],
        follows_previous=np.append(np.zeros(1, dtype=np.bool_), follows),
        lane_keys=list(zip(table.host[order].tolist(), table.agent_id[order].tolist(), strict=True)),
        episodes=table.episode[order],
        first_steps=table.first_step[order],
    )


class _SegmentColumns:
    """The segment tables of all batches as one, with the host of each segment."""

    def __init__(self, batches: Sequence[tuple[int, ExperienceBatch]]) -> None:
        tables = [batch.segments for _, batch in batches]
        self.host = np.repeat([host for host, _ in batches], [len(table) for table in tables])
        rows = np.concatenate([table.rows for table in tables])
        joined = SegmentTable(rows)
        self.agent_id = joined.agent_id
        self.episode = joined.episode
        self.first_step = joined.first_step
        self.length = joined.length
        self.completion = joined.completion
        self.is_on_policy = joined.is_on_policy


@dataclass(frozen=True)
class _FlatSteps:
    observations: FloatArray
    actions: FloatArray
    action_modifiers: FloatArray
    rewards: FloatArray
    log_probs: FloatArray
    memory: FloatArray


def _flat_steps(batch: ExperienceBatch) -> _FlatSteps:
    rows = batch.flat_rows()
    cells = batch.rewards.size

    def taken(lanes: FloatArray) -> FloatArray:
        width = lanes.shape[2]
        return lanes.reshape(cells, width).take(rows, axis=0) if width else np.empty((len(rows), 0), np.float32)

    return _FlatSteps(
        observations=taken(batch.observations),
        actions=taken(batch.actions),
        action_modifiers=taken(batch.action_modifiers),
        rewards=batch.rewards.reshape(cells).take(rows),
        log_probs=batch.log_probs.reshape(cells).take(rows),
        memory=taken(batch.memory),
    )


def _flat_images(batches: Sequence[ExperienceBatch], starts: Int64Array) -> ByteArray:
    """uint8[S, I], copied once and straight to their places, since they are by far the largest.

    Args:
        batches: with segments.
        starts: int64[K], where each segment begins, batch after batch.
    """
    step_count, image_size = sum(batch.step_count for batch in batches), batches[0].images.shape[2]
    images = np.empty((step_count, image_size), dtype=np.uint8)
    if image_size == 0:
        return images
    places = iter(starts.tolist())
    for batch in batches:
        table = batch.segments
        for lane, row, length in zip(table.lane, table.first_row, table.length, strict=True):
            place = next(places)
            images[place : place + length] = batch.images[row : row + length, lane]
    return images


def _as_wide_as_the_widest(parts: list[FloatArray]) -> list[FloatArray]:
    """The same arrays, those of no width filled with zeros; there is one other width at most."""
    width = max(part.shape[1] for part in parts)
    return [part if part.shape[1] == width else np.zeros((len(part), width), np.float32) for part in parts]


def _destination_rows(starts: Int64Array, lengths: Int64Array) -> Int64Array:
    """int64[S], where each step goes, when steps come segment after segment in the order of `starts`."""
    source_starts = np.cumsum(lengths) - lengths
    within = np.arange(int(lengths.sum()), dtype=np.int64) - np.repeat(source_starts, lengths)
    rows: Int64Array = np.repeat(starts, lengths) + within
    return rows


def _scattered(parts: list[npt.NDArray[Number]], rows: Int64Array) -> npt.NDArray[Number]:
    """The joined rows of `parts`, each moved to its place."""
    joined = np.concatenate(parts)
    result = np.empty_like(joined)
    result[rows] = joined
    return result
