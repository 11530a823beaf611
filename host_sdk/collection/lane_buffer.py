"""One buffer of experience: lanes of steps, and the segments in them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from host_sdk.collection.segment_log import FinalState, SegmentLog
from protocol.experience import ExperienceBatch, ExperienceStatistics, SegmentTable
from protocol.limits import MAX_BATCH_STEPS

FloatArray: TypeAlias = npt.NDArray[np.float32]
Int64Array: TypeAlias = npt.NDArray[np.int64]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
AllocateFloats: TypeAlias = Callable[[int], FloatArray]
_Number = TypeVar("_Number", np.float32, np.uint8)

CACHE_LINE_FLOATS = 16


@dataclass(frozen=True)
class StepSizes:
    """Floats of a step, O, A, M and H, and bytes of its images, I."""

    observation: int
    action: int
    action_modifier: int = 0
    memory: int = 0
    image: int = 0

    @property
    def step_bytes(self) -> int:
        """Bytes of a step in a batch: the vectors, a reward and a log-prob."""
        return 4 * (self.observation + self.action + self.action_modifier + self.memory + 2) + self.image

    @property
    def final_bytes(self) -> int:
        """Bytes of a segment's final state in a batch."""
        return 4 * (self.observation + self.memory) + self.image


def touched_floats(count: int) -> FloatArray:
    """Floats whose pages are in memory already, so that no tick pays for that."""
    array: FloatArray = np.empty(count, dtype=np.float32)
    array.fill(0.0)
    return array


class LaneBuffer:
    """Room for a number of steps, shaped anew as T rows of N lanes at each use.

    Memory is taken once, in one piece; a batch is made of views, without copying steps.

    Attributes:
        observations: float32[T, N, O]; and so on as in `ExperienceBatch`.
        versions: int64[T, N], the policy's version at each step.
        segments: the segments closed so far.
    """

    def __init__(
        self, sizes: StepSizes, capacity: int, agent_count: int, allocate: AllocateFloats = touched_floats
    ) -> None:
        """
        Args:
            sizes: of one step.
            capacity: steps, at least T · N of every use.
            agent_count: agent slots, by which the first room for segments is measured.
            allocate: makes float32[n]; called once. Another one may put the steps where the trainer reads them.
        """
        self._sizes = sizes
        segments = 2 * agent_count
        (
            self._observations,
            self._actions,
            self._action_modifiers,
            self._memory,
            self._rewards,
            self._log_probs,
            images,
            final_observations,
            final_memory,
            final_images,
        ) = _divided(
            allocate,
            [
                *[capacity * size for size in (sizes.observation, sizes.action, sizes.action_modifier, sizes.memory)],
                *[capacity, capacity, _floats_of(capacity * sizes.image)],
                *[segments * sizes.observation, segments * sizes.memory, _floats_of(segments * sizes.image)],
            ],
        )
        self._images: ByteArray = images.view(np.uint8)
        self._versions: Int64Array = np.zeros(capacity, dtype=np.int64)
        self.segments = SegmentLog(
            FinalState(
                _shaped(final_observations, (segments, sizes.observation)),
                _shaped(final_images.view(np.uint8), (segments, sizes.image)) if sizes.image else None,
                _shaped(final_memory, (segments, sizes.memory)) if sizes.memory else None,
            )
        )
        self.shape_lanes(0, 1)

    def shape_lanes(self, row_count: int, lane_count: int) -> None:
        """Begins a new use as T rows of N lanes, without segments."""
        sizes, steps = self._sizes, (row_count, lane_count)
        self.observations = _shaped(self._observations, (*steps, sizes.observation))
        self.images = _shaped(self._images, (*steps, sizes.image))
        self.actions = _shaped(self._actions, (*steps, sizes.action))
        self.action_modifiers = _shaped(self._action_modifiers, (*steps, sizes.action_modifier))
        self.memory = _shaped(self._memory, (*steps, sizes.memory))
        self.rewards = _shaped(self._rewards, steps)
        self.log_probs = _shaped(self._log_probs, steps)
        self.versions: Int64Array = self._versions[: row_count * lane_count].reshape(steps)
        self.segments.clear()

    def batch(self, batch_id: int, statistics: ExperienceStatistics) -> ExperienceBatch:
        """What was recorded, as views up to the last row in use; valid until the next `shape_lanes`."""
        table = self.segments.table()
        rows = int((table.first_row + table.length).max())
        return ExperienceBatch(
            batch_id=batch_id,
            observations=self.observations[:rows],
            images=self.images[:rows],
            actions=self.actions[:rows],
            action_modifiers=self.action_modifiers[:rows],
            rewards=self.rewards[:rows],
            log_probs=self.log_probs[:rows],
            memory=self.memory[:rows],
            segments=table,
            initial_memory=self._initial_memory(table),
            final_observations=self.segments.final_observations(),
            final_images=self.segments.final_images(),
            final_memory=self.segments.final_memory(),
            version_runs=_version_runs(self.versions[:rows], table),
            statistics=statistics,
        )

    def seen_at(self, rows: Int64Array, lanes: Int64Array) -> FinalState:
        """What stands in some cells as the state before their steps, copied."""
        return FinalState(
            self.observations[rows, lanes],
            self.images[rows, lanes] if self._sizes.image else None,
            self.memory[rows, lanes] if self._sizes.memory else None,
        )

    def _initial_memory(self, table: SegmentTable) -> FloatArray:
        """float32[K, H], copied."""
        if not self._sizes.memory:
            return np.zeros((len(table), 0), dtype=np.float32)
        return self.memory[table.first_row, table.lane]


def _divided(allocate: AllocateFloats, counts: list[int]) -> list[FloatArray]:
    """So many floats each, out of one piece; each begins a cache line where the piece does."""
    starts = [0, *accumulate(-(-count // CACHE_LINE_FLOATS) * CACHE_LINE_FLOATS for count in counts)]
    piece = allocate(starts[-1])
    return [piece[start : start + count] for start, count in zip(starts, counts, strict=False)]


def _floats_of(byte_count: int) -> int:
    """Floats that have room for so many bytes."""
    return -(-byte_count // 4)


def _shaped(flat: npt.NDArray[_Number], shape: tuple[int, ...]) -> npt.NDArray[_Number]:
    return flat[: math.prod(shape)].reshape(shape)


def _version_runs(versions: Int64Array, table: SegmentTable) -> Int64Array:
    """int64[R, 3]: segment, first step within it, version; one row for each segment and each change inside one.

    Args:
        versions: int64[T, N], of the rows in use; what lies outside of segments may be anything.
        table: K segments, in any order.
    """
    count = len(table)
    begins = np.arange(count, dtype=np.int64)
    row, lane = np.nonzero(versions[1:] != versions[:-1])
    row += 1
    inside = np.zeros((0, 2), dtype=np.int64)
    if len(row):
        inside = _steps_inside(row, lane, table)
    runs: Int64Array = np.zeros((count + len(inside), 3), dtype=np.int64)
    runs[:count, 0] = begins
    runs[count:, :2] = inside
    if len(inside):
        runs = runs[np.lexsort((runs[:, 1], runs[:, 0]))]
    segment = runs[:, 0]
    runs[:, 2] = versions[table.first_row[segment] + runs[:, 1], table.lane[segment]]
    return runs


def _steps_inside(row: Int64Array, lane: Int64Array, table: SegmentTable) -> Int64Array:
    """int64[k, 2]: segment and step of those cells that lie in a segment and are not its first step."""
    order = np.lexsort((table.first_row, table.lane))
    key = table.lane[order] * MAX_BATCH_STEPS + table.first_row[order]
    place = np.searchsorted(key, lane * MAX_BATCH_STEPS + row, side="right") - 1
    segment = order[place]  # the last one that begins at or before the cell; that of another lane ends before it
    step = row - table.first_row[segment]
    is_inside = (place >= 0) & (table.lane[segment] == lane) & (step > 0) & (step < table.length[segment])
    return np.stack([segment[is_inside], step[is_inside]], axis=1)
