"""The memory of recorded steps: one piece, in which everything begins a cache line."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk.collection.lane_buffer import CACHE_LINE_FLOATS, LaneBuffer, StepSizes, touched_floats
from protocol.experience import FloatArray

NAMES = ("observations", "actions", "action_modifiers", "memory", "rewards", "log_probs")


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


@pytest.mark.parametrize("sizes", [StepSizes(3, 2), StepSizes(7, 5, 3, 1), StepSizes(16, 16, 0, 16)])
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
    buffer = LaneBuffer(StepSizes(3, 2, 1, 4), 20, 4, Allocation())
    buffer.shape_lanes(5, 4)
    for number, name in enumerate(NAMES):
        getattr(buffer, name)[...] = number
    for number, name in enumerate(NAMES):
        assert (getattr(buffer, name) == number).all()


def test_the_usual_memory_is_zeros() -> None:
    assert touched_floats(100).dtype == np.float32
    assert not touched_floats(100).any()
