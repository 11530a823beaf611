"""Buffers go round; those that a trainer was given up with never come back."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk.collection.buffer_rotation import BufferRotation, CollectionCounts
from host_sdk.collection.episode_tally import EpisodeTally
from host_sdk.collection.lane_buffer import StepSizes
from host_sdk.collection.segment_log import ClosedSegments, FinalState
from protocol.collection_contract import CollectionContract
from protocol.errors import SharedMemoryError
from protocol.experience import STEP_FIELDS, ExperienceBatch, FloatArray

STEPS = 12


class Rotation:
    """Two buffers whose steps are filled with the batch's number.

    Attributes:
        pieces: the memory that was taken, in order.
        has_room: whether more can be had.
    """

    def __init__(self) -> None:
        self.pieces: list[FloatArray] = []
        self.has_room = True
        contract = CollectionContract(STEPS, 0, 2, STEP_FIELDS, False)
        self.buffers = BufferRotation(StepSizes(3, 2), contract, 1, 1, self.allocate)

    def allocate(self, count: int) -> FloatArray:
        if not self.has_room:
            raise SharedMemoryError("no room")
        self.pieces.append(np.zeros(count, np.float32))
        return self.pieces[-1]

    def fill(self, number: int) -> ExperienceBatch:
        """Records a batch and takes it."""
        self.buffers.lay_out(1)
        buffer = self.buffers.current
        assert buffer is not None
        for array in (buffer.observations, buffer.actions, buffer.rewards, buffer.log_probs):
            array[...] = number
        numbers = [np.array([value], np.int64) for value in (0, 0, STEPS, 0, number, 0)]
        final = FinalState(np.zeros((1, 3), np.float32))
        self.buffers.append(ClosedSegments(*numbers, np.zeros(1, np.uint8), np.ones(1, np.bool_), final))
        batch = self.buffers.take(CollectionCounts(), EpisodeTally(1))
        assert batch is not None
        return batch

    def owner(self, batch: ExperienceBatch) -> int:
        """Which piece of memory a batch lies in."""
        return next(index for index, piece in enumerate(self.pieces) if np.shares_memory(piece, batch.observations))


def test_a_released_buffer_is_used_again_and_no_memory_is_taken() -> None:
    rotation = Rotation()
    owners = []
    for number in range(1, 7):
        batch = rotation.fill(number)
        owners.append(rotation.owner(batch))
        assert rotation.buffers.release(batch.batch_id)
    assert sorted(set(owners)) == [0, 1]
    assert len(rotation.pieces) == 2


def test_a_retired_buffer_is_never_written_again_and_another_takes_its_place() -> None:
    rotation = Rotation()
    retired = [rotation.fill(number) for number in (1, 2)]
    assert rotation.buffers.current is None
    rotation.buffers.retire_in_flight()
    before = [piece.tobytes() for piece in rotation.pieces]
    assert all(rotation.buffers.release(batch.batch_id) for batch in retired)
    assert len(rotation.pieces) == 4
    for number in range(3, 9):
        batch = rotation.fill(number)
        assert rotation.owner(batch) >= 2
        assert rotation.buffers.release(batch.batch_id)
    assert [piece.tobytes() for piece in rotation.pieces[:2]] == before
    assert (retired[0].observations == 1).all()
    assert (retired[1].observations == 2).all()
    assert len(rotation.pieces) == 4


def test_only_what_was_in_flight_is_retired() -> None:
    rotation = Rotation()
    first = rotation.fill(1)
    rotation.buffers.retire_in_flight()
    second = rotation.fill(2)
    assert rotation.buffers.release(second.batch_id)
    assert rotation.buffers.release(first.batch_id)
    third, fourth = rotation.fill(3), rotation.fill(4)
    assert {rotation.owner(third), rotation.owner(fourth)} == {1, 2}


def test_what_is_retired_twice_is_replaced_once() -> None:
    rotation = Rotation()
    batch = rotation.fill(1)
    rotation.buffers.retire_in_flight()
    rotation.buffers.retire_in_flight()
    assert rotation.buffers.release(batch.batch_id)
    assert not rotation.buffers.release(batch.batch_id)
    assert len(rotation.pieces) == 3


def test_no_room_for_another_in_its_place_is_an_error() -> None:
    rotation = Rotation()
    batch = rotation.fill(1)
    rotation.buffers.retire_in_flight()
    rotation.has_room = False
    with pytest.raises(SharedMemoryError):
        rotation.buffers.release(batch.batch_id)


def test_batches_are_numbered_after_what_was_sent_between_them() -> None:
    rotation = Rotation()
    assert rotation.fill(1).batch_id == 1
    rotation.buffers.number_from(7)
    second = rotation.fill(2)
    assert second.batch_id == 7
    assert rotation.buffers.release(7)
    rotation.buffers.number_from(3)
    assert rotation.fill(3).batch_id == 8
