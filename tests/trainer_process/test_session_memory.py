"""What the trainer shares with one host, and what it does where that can't be."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest

from protocol.codec import decode, encode
from protocol.errors import SharedMemoryError
from protocol.messages import PolicyUpdate, Release, SharedMemoryAnswer
from protocol.shared_memory import ArenaCarrier, attach_segment, create_segment
from tests.trainer_process.sharing_host import own_segments
from trainer_process import session_memory
from trainer_process.session_memory import SessionMemory

YES = SharedMemoryAnswer(is_accepted=True, reason="")
NO = SharedMemoryAnswer(is_accepted=False, reason="another machine")


def make_update(version: int, behavior: str = "Walker", size: int = 50, critic_size: int | None = None) -> PolicyUpdate:
    """Weights that are all the version's number."""
    critic = None if critic_size is None else np.full(critic_size, -version, np.float32)
    return PolicyUpdate(behavior, 1, version, version, False, {}, np.full(size, version, np.float32), critic)


@pytest.fixture
def memory() -> SessionMemory:
    """The trainer's end with a host that shares."""
    made = SessionMemory("host 0")
    made.offer()
    made.take_answer(YES)
    return made


class Reader:
    """The host's end."""

    def __init__(self, memory: SessionMemory) -> None:
        self._memory = memory
        self.carrier = ArenaCarrier()

    def take(self, staged: PolicyUpdate | None) -> PolicyUpdate:
        assert staged is not None
        received = decode(encode(staged, 1, 1, self._memory.carrier), self.carrier).message
        assert isinstance(received, PolicyUpdate)
        return received

    def release(self, received: PolicyUpdate) -> None:
        origin = self.carrier.origin(received.weights)
        assert origin is not None
        self._memory.release(Release(origin.arena, origin.offset))


@pytest.fixture
def reader(memory: SessionMemory) -> Reader:
    return Reader(memory)


def is_shared(memory: SessionMemory, staged: PolicyUpdate | None) -> bool:
    return staged is not None and memory.carrier.own_reference(staged.weights) is not None


def test_an_offer_can_be_attached_to_until_it_is_answered() -> None:
    memory = SessionMemory("host 0")
    offer = memory.offer()
    assert offer is not None
    assert attach_segment(offer.segment).size > 0
    memory.take_answer(YES)
    with pytest.raises(SharedMemoryError):
        attach_segment(offer.segment)


@pytest.mark.parametrize("answer", [None, NO], ids=["none", "no"])
def test_weights_go_inline_before_the_host_has_agreed_and_after_it_has_not(
    answer: SharedMemoryAnswer | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    memory = SessionMemory("host 0")
    memory.offer()
    if answer is not None:
        memory.take_answer(answer)
        assert "arrays through the socket: another machine" in caplog.text
    update = make_update(1)
    assert all(memory.stage(update) is update for _ in range(5))


def test_an_answer_to_no_offer_is_nothing() -> None:
    memory = SessionMemory("host 0")
    memory.take_answer(YES)
    update = make_update(1)
    assert memory.stage(update) is update


def test_a_second_answer_changes_nothing(memory: SessionMemory) -> None:
    memory.take_answer(NO)
    assert is_shared(memory, memory.stage(make_update(1)))


def test_weights_lie_in_slots_until_the_host_gives_them_back(memory: SessionMemory, reader: Reader) -> None:
    first, second = (reader.take(memory.stage(make_update(version))) for version in (1, 2))
    assert memory.stage(make_update(3)) is None
    assert (first.weights == 1).all()
    reader.release(first)
    third = reader.take(memory.stage(make_update(4)))
    assert (second.weights == 2).all()
    assert (third.weights == 4).all()
    assert memory.stage(make_update(5)) is None


def test_what_could_not_be_sent_frees_its_slot(memory: SessionMemory) -> None:
    for version in range(10):
        staged = memory.stage(make_update(version))
        assert staged is not None
        memory.take_back(staged)
    memory.take_back(make_update(1, "Nobody"))


def test_a_release_of_an_earlier_connection_is_nothing(memory: SessionMemory) -> None:
    old = SessionMemory("host 0")
    old.offer()
    old.take_answer(YES)
    reader = Reader(old)
    received = reader.take(old.stage(make_update(1)))
    origin = reader.carrier.origin(received.weights)
    assert origin is not None
    assert [memory.stage(make_update(version)) is None for version in range(3)] == [False, False, True]
    memory.release(Release(origin.arena, origin.offset))
    assert memory.stage(make_update(4)) is None


def test_behaviors_have_slots_of_their_own(memory: SessionMemory, reader: Reader) -> None:
    walkers = [reader.take(memory.stage(make_update(version, "Walker"))) for version in (1, 2)]
    runners = [reader.take(memory.stage(make_update(version, "Runner", 70))) for version in (3, 4)]
    assert memory.stage(make_update(5, "Walker")) is None
    reader.release(runners[0])
    assert memory.stage(make_update(6, "Walker")) is None
    assert reader.take(memory.stage(make_update(7, "Runner", 70))).version == 7
    assert [float(update.weights[0]) for update in walkers] == [1.0, 2.0]


def test_a_critic_lies_in_the_slot_of_its_policy(memory: SessionMemory, reader: Reader) -> None:
    first, second = (reader.take(memory.stage(make_update(version, critic_size=9))) for version in (1, 2))
    assert reader.carrier.origin(first.critic_weights) is not None
    assert (second.critic_weights == -2).all()
    assert memory.stage(make_update(3, critic_size=9)) is None
    reader.release(first)
    assert reader.take(memory.stage(make_update(4, critic_size=9))).version == 4


def test_weights_of_another_size_get_new_slots_and_the_old_ones_stay_as_they_are(
    memory: SessionMemory, reader: Reader
) -> None:
    staged = memory.stage(make_update(1))  # on its way, so that the host has not looked where it lies
    small = [reader.take(memory.stage(make_update(2)))]
    large = [reader.take(memory.stage(make_update(version, critic_size=9))) for version in (3, 4)]
    small.append(reader.take(staged))
    assert [update.version for update in small if (update.weights != update.version).any()] == []
    assert [float(update.critic_weights[0]) for update in large] == [-3.0, -4.0]
    reader.release(small[0])
    assert memory.stage(make_update(5, critic_size=9)) is None


def test_no_room_for_an_offer_is_a_warning(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(size: int) -> None:
        raise SharedMemoryError("no room")

    monkeypatch.setattr(session_memory, "create_segment", refuse)
    assert SessionMemory("host 7").offer() is None
    assert "host 7: arrays go through the socket: no room" in caplog.text


def test_no_room_for_weights_is_one_warning_and_all_weights_go_inline(
    memory: SessionMemory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(float_count: int) -> None:
        raise SharedMemoryError("no room")

    monkeypatch.setattr(memory.carrier, "make_arena", refuse)
    for version in range(5):
        update = make_update(version)
        assert memory.stage(update) is update
    assert caplog.text.count("host 0: weights go through the socket: no room") == 1


def test_an_end_takes_all_names_away_and_leaves_the_host_what_it_has(memory: SessionMemory, reader: Reader) -> None:
    before = own_segments(os.getpid())
    other = SessionMemory("host 1")
    other.offer()
    received = reader.take(memory.stage(make_update(1)))
    assert len(own_segments(os.getpid())) == len(before) + 2
    memory.close()
    other.close()
    assert own_segments(os.getpid()) == before
    assert (received.weights == 1).all()
    update = make_update(2)
    assert memory.stage(update) is update
    memory.close()


def test_segments_are_counted_where_they_lie() -> None:
    made = create_segment(1)
    assert Path(made.name).name in [path.name for path in own_segments(os.getpid())]
