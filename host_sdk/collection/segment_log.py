"""The segments of one buffer, as they are closed."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.experience import SegmentTable

FloatArray: TypeAlias = npt.NDArray[np.float32]
Int64Array: TypeAlias = npt.NDArray[np.int64]
ByteArray: TypeAlias = npt.NDArray[np.uint8]


class FinalState(NamedTuple):
    """What k agents see and remember after the last action of a segment each, before any reset.

    Attributes:
        observations: float32[k, O].
        images: uint8[k, I]; None where I is 0.
        memory: float32[k, H], after the last evaluation; None where H is 0.
    """

    observations: FloatArray
    images: ByteArray | None = None
    memory: FloatArray | None = None

    def at(self, rows: npt.NDArray[np.generic]) -> FinalState:
        """Some of the agents, by a mask or by their places; copied."""
        return FinalState(
            self.observations[rows],
            None if self.images is None else self.images[rows],
            None if self.memory is None else self.memory[rows],
        )


class ClosedSegments(NamedTuple):
    """k segments that are closed together; see `SegmentTable` for the fields that it shares."""

    lane: Int64Array
    first_row: Int64Array
    length: Int64Array
    agent_id: Int64Array
    episode: Int64Array
    first_step: Int64Array
    completion: npt.NDArray[np.uint8]
    is_on_policy: npt.NDArray[np.bool_]
    final: FinalState


class SegmentLog:
    """A growing table of segments, whose memory is kept for the buffer's next use."""

    def __init__(self, room: FinalState) -> None:
        """
        Args:
            room: where the first segments' final states go; more of them move to memory of the log's own.
        """
        self._numbers: Int64Array = np.zeros((len(room.observations), 8), dtype=np.int64)
        self._room = room
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
        room, final = self._room, closed.final
        room.observations[rows] = final.observations
        if room.images is not None and final.images is not None:
            room.images[rows] = final.images
        if room.memory is not None and final.memory is not None:
            room.memory[rows] = final.memory

    def table(self) -> SegmentTable:
        """All segments, copied."""
        return SegmentTable(self._numbers[: self._count].copy())

    def final_observations(self) -> FloatArray:
        """float32[K, O], a view that lasts until the next `clear`."""
        return self._room.observations[: self._count]

    def final_images(self) -> ByteArray:
        """uint8[K, I], likewise."""
        images = self._room.images
        return np.zeros((self._count, 0), dtype=np.uint8) if images is None else images[: self._count]

    def final_memory(self) -> FloatArray:
        """float32[K, H], likewise."""
        memory = self._room.memory
        return np.zeros((self._count, 0), dtype=np.float32) if memory is None else memory[: self._count]

    def _reserve(self, count: int) -> None:
        capacity = len(self._numbers)
        if count <= capacity:
            return
        added = ((0, max(count, 2 * capacity) - capacity), (0, 0))
        self._numbers = np.pad(self._numbers, added)
        room = self._room
        self._room = FinalState(
            np.pad(room.observations, added),
            None if room.images is None else np.pad(room.images, added),
            None if room.memory is None else np.pad(room.memory, added),
        )
