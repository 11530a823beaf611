"""Weights lie in slots that are written only while nobody reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import decode, encode
from protocol.errors import SharedMemoryError
from protocol.messages import PolicyUpdate, Release
from protocol.shared_memory import ArenaCarrier, WeightSlots, arena_carrier
from protocol.shared_memory.weight_slots import SLOT_COUNT

SIZE = 37


def make_update(version: int, size: int = SIZE, critic_size: int | None = None) -> PolicyUpdate:
    """Weights that are all the version's number."""
    critic = None if critic_size is None else np.full(critic_size, -version, np.float32)
    return PolicyUpdate("Walker", 1, version, version, False, {}, np.full(size, version, np.float32), critic)


class Pair:
    """The trainer's carrier with slots in it, and the host's."""

    def __init__(self, *sizes: int) -> None:
        self.trainer, self.host = ArenaCarrier(), ArenaCarrier()
        self.slots = WeightSlots(self.trainer, sizes)

    def send(self, update: PolicyUpdate) -> PolicyUpdate | None:
        """What the host gets of it; None while no slot is free."""
        placed = self.slots.place(update)
        if placed is None:
            return None
        received = decode(encode(placed, 1, 1, self.trainer), self.host).message
        assert isinstance(received, PolicyUpdate)
        return received

    def release_of(self, received: PolicyUpdate) -> Release:
        """What the host says when it has copied the weights."""
        origin = self.host.origin(received.weights)
        assert origin is not None
        return Release(origin.arena, origin.offset)


def test_placed_weights_travel_by_reference_and_all_else_stays() -> None:
    pair = Pair(SIZE, 5)
    update = make_update(3, critic_size=5)
    placed = pair.slots.place(update)
    assert placed is not None
    assert pair.trainer.own_reference(placed.weights) is not None
    assert pair.trainer.own_reference(placed.critic_weights) is not None
    received = decode(encode(placed, 1, 1, pair.trainer), pair.host).message
    assert received.version == 3
    np.testing.assert_array_equal(received.weights, update.weights)
    np.testing.assert_array_equal(received.critic_weights, update.critic_weights)


def test_a_slot_begins_at_a_cache_line() -> None:
    pair = Pair(SIZE, 5)
    for version in range(SLOT_COUNT):
        placed = pair.slots.place(make_update(version, critic_size=5))
        assert placed is not None
        for array in (placed.weights, placed.critic_weights):
            reference = pair.trainer.own_reference(array)
            assert reference is not None
            assert reference.offset % 64 == 0


def test_a_slot_is_not_written_before_it_was_given_back() -> None:
    pair = Pair(SIZE)
    first, second = (pair.send(make_update(version)) for version in (1, 2))
    assert first is not None
    assert second is not None
    assert pair.send(make_update(3)) is None
    assert (first.weights == 1).all()
    assert (second.weights == 2).all()
    assert pair.slots.release(pair.release_of(second))
    third = pair.send(make_update(3))
    assert third is not None
    assert (first.weights == 1).all()
    assert (third.weights == 3).all()


def test_an_update_that_was_not_sent_gives_its_slot_back() -> None:
    pair = Pair(SIZE)
    kept = pair.send(make_update(1))
    for version in range(2, 10):
        placed = pair.slots.place(make_update(version))
        assert placed is not None
        pair.slots.take_back(placed)
    assert kept is not None
    assert (kept.weights == 1).all()
    pair.slots.take_back(make_update(1))  # in no slot
    assert pair.send(make_update(10)) is not None
    assert pair.send(make_update(11)) is None


def test_a_release_of_what_is_none_of_these_or_free_already_changes_nothing() -> None:
    pair = Pair(SIZE)
    received = pair.send(make_update(1))
    assert received is not None
    good = pair.release_of(received)
    slot_bytes = 192
    for wrong in (
        Release("learning-bridge-memory-1-0123456789abcdef", good.offset),
        Release(good.arena, good.offset + 4),
        Release(good.arena, SLOT_COUNT * slot_bytes),
        Release(good.arena, 2**62),
        Release(good.arena, slot_bytes),  # never handed over
    ):
        assert not pair.slots.release(wrong)
    assert pair.slots.release(good)
    assert not pair.slots.release(good)
    assert [pair.send(make_update(version)) is None for version in range(3)] == [False, False, True]


@given(st.lists(st.one_of(st.just("send"), st.just("fail"), st.integers(0, 3)), max_size=40))
def test_what_the_host_holds_never_changes_whatever_is_sent_and_given_back(steps: list[str | int]) -> None:
    pair = Pair(SIZE)
    held: list[PolicyUpdate] = []
    for version, step in enumerate(steps, start=1):
        if step == "send":
            received = pair.send(make_update(version))
            assert (received is None) == (len(held) == SLOT_COUNT)
            held += [received] if received is not None else []
        elif step == "fail":
            placed = pair.slots.place(make_update(version))
            if placed is not None:
                pair.slots.take_back(placed)
        elif isinstance(step, int) and step < len(held):
            assert pair.slots.release(pair.release_of(held.pop(step)))
        for update in held:
            assert (update.weights == update.version).all()


def test_slots_that_are_dropped_leave_the_host_what_it_has_and_no_name(folder: Path) -> None:
    pair = Pair(SIZE)
    received = pair.send(make_update(1))
    del pair.slots
    assert list(folder.iterdir()) == []
    assert received is not None
    assert (received.weights == 1).all()


def test_no_room_for_slots_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(size: int) -> None:
        raise SharedMemoryError("no room")

    monkeypatch.setattr(arena_carrier, "create_segment", refuse)
    with pytest.raises(SharedMemoryError, match="no room"):
        WeightSlots(ArenaCarrier(), (SIZE,))
