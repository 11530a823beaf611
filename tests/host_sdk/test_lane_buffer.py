"""The memory of recorded steps: one piece, in which everything begins a cache line."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk.collection.lane_buffer import CACHE_LINE_FLOATS, LaneBuffer, StepSizes, touched_floats
from host_sdk.collection.segment_log import ClosedSegments, FinalState
from protocol.experience import FloatArray

NAMES = ("observations", "images", "actions", "action_modifiers", "memory", "rewards", "log_probs")


class Allocation:
    """Memory that begins a cache line, and what was asked of it."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.piece: FloatArray = np.zeros(0, np.float32)

    def __call__(self, count: int) -> FloatArray:
        self.counts.append(count)
        spare = np.full(count + CACHE_LINE_FLOATS, np.nan, np.float32)
        skipped = -(address(spare) // 4) % CACHE_LINE_FLOATS
        self.piece = spare[skipped : skipped + count]
        return self.piece


def address(array: FloatArray) -> int:
    return int(array.__array_interface__["data"][0])


@pytest.mark.parametrize(
    "sizes",
    [
        StepSizes(3, 2),
        StepSizes(7, 5, 3, 1),
        StepSizes(16, 16, 0, 16),
        StepSizes(3, 2, image=5),
        StepSizes(0, 1, 0, 2, 64),
    ],
)
def test_memory_is_asked_for_once_and_each_array_begins_a_cache_line(sizes: StepSizes) -> None:
    allocation = Allocation()
    buffer = LaneBuffer(sizes, 33, 3, allocation)
    assert len(allocation.counts) == 1
    for rows, lanes in ((11, 3), (1, 33), (33, 1), (4, 5)):
        buffer.shape_lanes(rows, lanes)
        for name in NAMES:
            array = getattr(buffer, name)
            assert array.shape[:2] == (rows, lanes)
            if array.size:
                assert np.shares_memory(array, allocation.piece)
                assert (address(array) - address(allocation.piece)) % (4 * CACHE_LINE_FLOATS) == 0
                assert array.flags.c_contiguous
    assert len(allocation.counts) == 1


def test_no_array_reaches_into_another() -> None:
    buffer = LaneBuffer(StepSizes(3, 2, 1, 4, 7), 20, 4, Allocation())
    buffer.shape_lanes(5, 4)
    for number, name in enumerate(NAMES):
        getattr(buffer, name)[...] = number
    for number, name in enumerate(NAMES):
        assert (getattr(buffer, name) == number).all()


def test_final_images_lie_in_the_same_piece_and_move_out_of_it_where_there_are_too_many() -> None:
    allocation = Allocation()
    log = LaneBuffer(StepSizes(1, 1, image=3), 20, 2, allocation).segments
    numbers = [np.zeros(3, np.int64) for _ in range(6)]
    for first in (0, 3):
        images = np.arange(3 * first, 3 * first + 9, dtype=np.uint8).reshape(3, 3)
        final = FinalState(np.full((3, 1), first, np.float32), images)
        log.append(ClosedSegments(*numbers, np.zeros(3, np.uint8), np.ones(3, np.bool_), final))
        assert np.shares_memory(log.final_images(), allocation.piece) == (first == 0)
    np.testing.assert_array_equal(log.final_images(), np.arange(18).reshape(6, 3))
    np.testing.assert_array_equal(log.final_observations(), [[0], [0], [0], [3], [3], [3]])


def test_a_step_counts_with_all_its_bytes() -> None:
    assert StepSizes(3, 2).step_bytes == 4 * (3 + 2 + 2)
    assert StepSizes(3, 2, 6, 4, 75).step_bytes == 4 * (3 + 2 + 6 + 4 + 2) + 75
    assert StepSizes(3, 2, 6, 4, 75).final_bytes == 4 * (3 + 4) + 75


def test_the_usual_memory_is_zeros() -> None:
    assert touched_floats(100).dtype == np.float32
    assert not touched_floats(100).any()
