"""The segments of one buffer, as they are closed."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.experience import SegmentTable

FloatArray: TypeAlias = npt.NDArray[np.float32]
Int64Array: TypeAlias = npt.NDArray[np.int64]


class ClosedSegments(NamedTuple):
    """k segments that are closed together; see `SegmentTable` for the fields that it shares.

    Attributes:
        final_observations: float32[k, O].
        final_memory: float32[k, H].
    """

    lane: Int64Array
    first_row: Int64Array
    length: Int64Array
    agent_id: Int64Array
    episode: Int64Array
    first_step: Int64Array
    completion: npt.NDArray[np.uint8]
    is_on_policy: npt.NDArray[np.bool_]
    final_observations: FloatArray
    final_memory: FloatArray


class SegmentLog:
    """A growing table of segments, whose memory is kept for the buffer's next use."""

    def __init__(self, observations: FloatArray, memory: FloatArray) -> None:
        """
        Args:
            observations: float32[capacity, O], where the first segments' final observations go; more of them move to
                memory of the log's own.
            memory: float32[capacity, H], likewise.
        """
        self._numbers: Int64Array = np.zeros((len(observations), 8), dtype=np.int64)
        self._observations = observations
        self._memory = memory
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def clear(self) -> None:
        """Forgets all segments."""
        self._count = 0

    def append(self, closed: ClosedSegments) -> None:
        """Adds segments at the end."""
        first, self._count = self._count, self._count + len(closed.lane)
        self._reserve(self._count)
        rows = slice(first, self._count)
        columns: tuple[npt.NDArray[np.integer | np.bool_], ...] = closed[:8]
        for index, column in enumerate(columns):
            self._numbers[rows, index] = column
        self._observations[rows] = closed.final_observations
        self._memory[rows] = closed.final_memory

    def table(self) -> SegmentTable:
        """All segments, copied."""
        return SegmentTable(self._numbers[: self._count].copy())

    def final_observations(self) -> FloatArray:
        """float32[K, O], a view that lasts until the next `clear`."""
        return self._observations[: self._count]

    def final_memory(self) -> FloatArray:
        """float32[K, H], likewise."""
        return self._memory[: self._count]

    def _reserve(self, count: int) -> None:
        capacity = len(self._numbers)
        if count <= capacity:
            return
        added = max(count, 2 * capacity) - capacity
        self._numbers = np.pad(self._numbers, ((0, added), (0, 0)))
        self._observations = np.pad(self._observations, ((0, added), (0, 0)))
        self._memory = np.pad(self._memory, ((0, added), (0, 0)))
