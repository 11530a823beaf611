"""Batches of several hosts laid out as flat steps, trajectory after trajectory.

Letters: S steps, K segments, O observation, A action.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from protocol.completion import Completion
from protocol.experience import ExperienceBatch, FloatArray, Int64Array, SegmentTable

BoolArray: TypeAlias = npt.NDArray[np.bool_]
Number = TypeVar("Number", np.float32, np.int64)


@dataclass(frozen=True)
class Rollout:
    """The steps of one update. Segments are sorted by host, agent, episode and step, so that parts of one episode
    that came in several segments, or several batches, lie one after the other and are learnt from as one.

    Attributes:
        observations: float32[S, O].
        actions: float32[S, A], as sampled.
        rewards: float32[S].
        log_probs: float32[S], under the policy that chose the action.
        versions: int64[S], of that policy.
        is_on_policy: bool[S], False where actions were set by hand or sampled with another noise scale.
        segment_starts: int64[K], index of each segment's first step.
        segment_lengths: int64[K].
        completions: int64[K].
        final_observations: float32[K, O].
        follows_previous: bool[K], whether the segment goes on where the one before it in these arrays was cut.
        lane_keys: K pairs (host index, agent id).
        episodes: int64[K].
        first_steps: int64[K], the step of the episode that a segment begins with.
    """

    observations: FloatArray
    actions: FloatArray
    rewards: FloatArray
    log_probs: FloatArray
    versions: Int64Array
    is_on_policy: BoolArray
    segment_starts: Int64Array
    segment_lengths: Int64Array
    completions: Int64Array
    final_observations: FloatArray
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
        actions=_scattered([step.actions for step in steps], rows),
        rewards=_scattered([step.rewards for step in steps], rows),
        log_probs=_scattered([step.log_probs for step in steps], rows),
        versions=_scattered([batch.policy_versions() for _, batch in batches], rows),
        is_on_policy=np.repeat(table.is_on_policy[order] != 0, lengths),
        segment_starts=starts,
        segment_lengths=lengths,
        completions=table.completion[order],
        final_observations=np.concatenate([batch.final_observations for _, batch in batches])[order],
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
    rewards: FloatArray
    log_probs: FloatArray


def _flat_steps(batch: ExperienceBatch) -> _FlatSteps:
    rows = batch.flat_rows()
    cells = batch.rewards.size
    return _FlatSteps(
        observations=batch.observations.reshape(cells, -1).take(rows, axis=0),
        actions=batch.actions.reshape(cells, -1).take(rows, axis=0),
        rewards=batch.rewards.reshape(cells).take(rows),
        log_probs=batch.log_probs.reshape(cells).take(rows),
    )


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
