"""Whether a host shares memory with its trainer, and what it does where that can't be."""

from __future__ import annotations

import logging
import os

import numpy as np
import pytest

from host_sdk.connection.memory_share import MemoryShare
from protocol.codec import decode, encode
from protocol.errors import SharedMemoryError
from protocol.experience import FloatArray
from protocol.messages import PolicyUpdate, Release, SharedMemoryOffer
from protocol.shared_memory import ArenaCarrier, attach_segment, create_segment
from protocol.shared_memory.segment import make_name

HERE = "tcp://127.0.0.1:5555"
ELSEWHERE = "tcp://trainer.example.org:5555"


def sharing(setting: bool | None = None) -> MemoryShare:
    """The end of a host that took an offer."""
    share = MemoryShare(setting, HERE)
    probe = create_segment(8)
    assert share.consider(SharedMemoryOffer(probe.name)).is_accepted
    return share


@pytest.mark.parametrize(
    ("setting", "endpoint", "is_wanted", "is_demanded"),
    [
        (None, HERE, True, False),
        (None, "ipc:///tmp/s", True, False),
        (None, ELSEWHERE, False, False),
        (None, "no endpoint", False, False),
        (True, HERE, True, True),
        (True, ELSEWHERE, True, True),
        (False, HERE, False, False),
        (None, "shm", True, True),
    ],
)
def test_memory_is_wanted_where_it_may_be_had_or_is_demanded(
    setting: bool | None, endpoint: str, is_wanted: bool, is_demanded: bool
) -> None:
    share = MemoryShare(setting, endpoint)
    assert share.capabilities == (("shared-memory",) if is_wanted else ())
    assert share.is_missing is is_demanded
    assert not share.is_shared
    assert share.refusal


def test_an_offer_that_can_be_attached_to_is_taken() -> None:
    share = sharing(True)
    assert share.is_shared
    assert not share.is_missing


@pytest.mark.parametrize(("setting", "level"), [(None, logging.INFO), (True, logging.ERROR)])
@pytest.mark.parametrize("name", [make_name(), "../../etc/passwd"], ids=["absent", "path"])
def test_an_offer_that_can_not_be_attached_to_is_refused_with_the_reason(
    setting: bool | None, level: int, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    share = MemoryShare(setting, HERE)
    answer = share.consider(SharedMemoryOffer(name))
    assert not answer.is_accepted
    assert answer.reason == share.refusal
    assert "shared memory" in answer.reason
    assert share.is_missing is (setting is True)
    assert [record.levelno for record in caplog.records] == [level]


def test_floats_are_the_host_s_own_until_memory_is_shared() -> None:
    share = MemoryShare(None, HERE)
    assert share.carrier.own_reference(share.make_floats(100)) is None
    share = sharing()
    floats = share.make_floats(100)
    assert share.carrier.own_reference(floats) is not None
    assert (floats.dtype, floats.shape) == (np.float32, (100,))
    assert not floats.any()


class TestNoRoom:
    @pytest.fixture(autouse=True)
    def no_room(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(carrier: ArenaCarrier, count: int) -> None:
            raise SharedMemoryError("shared memory: expected 400 bytes free, got 0")

        monkeypatch.setattr(ArenaCarrier, "make_arena", refuse)

    def test_experience_goes_through_the_socket_with_a_warning(self, caplog: pytest.LogCaptureFixture) -> None:
        floats = sharing().make_floats(100)
        assert floats.shape == (100,)
        assert "experience goes through the socket: shared memory: expected 400 bytes free, got 0" in caplog.text

    def test_demanded_memory_is_an_error(self) -> None:
        with pytest.raises(SharedMemoryError, match="expected 400 bytes free"):
            sharing(True).make_floats(100)


class TestWeights:
    def received(self, share: MemoryShare, carrier: ArenaCarrier) -> tuple[PolicyUpdate, FloatArray]:
        """Weights as they came, and as the trainer has them in an arena."""
        weights = carrier.make_arena(10)
        update = PolicyUpdate("b", 1, 2, 3, False, {}, weights)
        message = decode(encode(update, 1, 1, carrier), share.carrier).message
        assert isinstance(message, PolicyUpdate)
        return message, weights

    def test_weights_of_the_trainer_s_memory_are_released_by_where_they_lie(self) -> None:
        share, trainer = sharing(), ArenaCarrier()
        update, weights = self.received(share, trainer)
        reference = trainer.own_reference(weights)
        assert reference is not None
        assert share.release(update.weights) == Release(reference.arena, reference.offset)

    def test_weights_that_came_inline_need_no_release(self) -> None:
        assert sharing().release(np.zeros(3, np.float32)) is None

    def test_weights_of_an_earlier_connection_need_no_release_and_stay_good(self) -> None:
        share, trainer = sharing(), ArenaCarrier()
        _, earlier = self.received(share, trainer)
        earlier[:] = 5.0
        update, weights = self.received(share, trainer)
        weights[:] = 7.0
        share.begin_connection()
        trainer.close()
        assert share.release(update.weights) is None
        assert (update.weights == 7.0).all()


def test_a_new_connection_begins_unshared_and_keeps_the_host_s_own_memory() -> None:
    share = sharing(True)
    floats = share.make_floats(10)
    share.begin_connection()
    assert not share.is_shared
    assert share.is_missing
    assert share.carrier.own_reference(floats) is not None


def test_the_end_takes_the_names_away_and_leaves_the_memory() -> None:
    share = sharing()
    floats = share.make_floats(10)
    reference = share.carrier.own_reference(floats)
    assert reference is not None
    assert str(os.getpid()) in reference.arena
    share.close()
    assert not share.is_shared
    with pytest.raises(SharedMemoryError):
        attach_segment(reference.arena)
    floats[:] = 1.0
