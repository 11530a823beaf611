"""Hosts that share memory with the trainer: what goes by reference, whose turn it is, and what is refused."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from protocol.errors import SharedMemoryError
from protocol.messages import (
    Credit,
    Failure,
    Heartbeat,
    PolicyUpdate,
    Refused,
    Release,
    SharedMemoryAnswer,
    SharedMemoryOffer,
    Welcome,
)
from protocol.shared_memory import ArenaCarrier, attach_segment
from tests.trainer_process.server_world import TOKEN, World, configure, experience, hello
from tests.trainer_process.sharing_host import SHARING, SharingHost, sharing_host
from trainer_process import session_memory
from trainer_process.session_registry import AdmissionSettings

Place = Mapping[str, object]


def train_once(host: SharingHost, batch_id: int) -> PolicyUpdate:
    """Sends a batch by reference; the weights that come of it."""
    count = len(host.all_heard(PolicyUpdate))
    credit_count = len(host.all_heard(Credit))
    host.say(host.experience(batch_id))
    host.await_heard(Credit, credit_count + 1)
    return host.await_heard(PolicyUpdate, count + 1)


class TestAgreement:
    def test_a_host_that_can_share_is_offered_memory_after_its_welcome(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = world.host()
            host.ask(SHARING, Welcome)
            offer = host.await_heard(SharedMemoryOffer)
            assert [type(message) for message in host.heard[:2]] == [Welcome, SharedMemoryOffer]
            assert attach_segment(offer.segment).size > 0

    def test_a_host_that_can_not_is_offered_nothing(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = world.host()
            host.join(greeting=hello(capabilities=("something-else",)))
            assert host.all_heard(SharedMemoryOffer) == []

    def test_a_trainer_told_not_to_share_offers_nothing_and_trains(self, tmp_path: Path) -> None:
        with World(tmp_path, admission=AdmissionSettings(token=TOKEN, shares_memory=False)) as world:
            host = sharing_host(world)
            host.share()
            assert host.all_heard(SharedMemoryOffer) == []
            assert host.carrier.origin(train_once(host, 1).weights) is None

    def test_a_host_that_could_not_attach_gets_all_inline(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        with World(tmp_path) as world:
            host = sharing_host(world)
            host.refusal = "no such file"
            host.share()
            assert host.carrier.origin(train_once(host, 1).weights) is None
        assert "arrays through the socket: no such file" in caplog.text

    def test_a_machine_without_room_trains_inline_with_a_warning(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(size: int) -> None:
            raise SharedMemoryError("no room")

        monkeypatch.setattr(session_memory, "create_segment", refuse)
        with World(tmp_path) as world:
            host = sharing_host(world)
            host.share()
            assert host.all_heard(SharedMemoryOffer) == []
            train_once(host, 1)
        assert "arrays go through the socket: no room" in caplog.text

    def test_room_that_is_gone_when_weights_come_is_a_warning(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(carrier: ArenaCarrier, sizes: object) -> None:
            raise SharedMemoryError("no room")

        monkeypatch.setattr(session_memory, "WeightSlots", refuse)
        with World(tmp_path) as world:
            host = sharing_host(world)
            host.share()
            updates = [train_once(host, batch_id) for batch_id in (1, 2, 3, 4)]
            assert [host.carrier.origin(update.weights) for update in updates] == [None] * 4
        assert caplog.text.count("weights go through the socket: no room") == 1


class TestTurns:
    def test_experience_and_weights_go_by_reference_and_come_back(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = sharing_host(world)
            host.share(configure(wants_critic=True))
            for batch_id in range(1, 6):
                update = train_once(host, batch_id)
                assert update.metrics["steps"] == 4 * batch_id
                assert host.carrier.origin(update.weights) is not None
                assert update.critic_weights is not None
                assert host.carrier.origin(update.critic_weights) is not None
                host.release(update)

    def test_the_newest_weights_wait_until_the_host_gives_memory_back(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = sharing_host(world)
            host.share()
            held = [train_once(host, batch_id) for batch_id in (1, 2)]
            before = [update.weights.copy() for update in held]
            behavior = world.server.behaviors["Walker"]
            for batch_id in (3, 4, 5):
                host.say(host.experience(batch_id))
                world.until(lambda wanted=batch_id: behavior.iteration == wanted, "an update")  # type: ignore[misc]
            world.pass_time(5)
            assert [update.version for update in host.all_heard(PolicyUpdate)] == [1, 2]
            host.release(held[1])
            assert host.await_heard(PolicyUpdate, 3).version == 5
            assert host.await_heard(Credit, 5).batch_id == 5
            np.testing.assert_array_equal(held[0].weights, before[0])

    def test_a_new_connection_gets_new_memory_and_the_old_is_never_written_again(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = sharing_host(world)
            host.share()
            held = [train_once(host, batch_id) for batch_id in (1, 2)]
            before = [update.weights.copy() for update in held]
            old_arenas = {host.carrier.origin(update.weights).arena for update in held}  # type: ignore[union-attr]
            host.disconnect()
            again = sharing_host(world)
            assert again.ask(replace(SHARING, previous_session=host.session_id), Welcome).resumed
            newest = again.await_heard(PolicyUpdate)
            for batch_id in range(3, 8):
                newer = train_once(again, batch_id)
                origin = again.carrier.origin(newer.weights)
                assert origin is not None
                assert origin.arena not in old_arenas
                again.release(newer)
            assert newest.version == 2
            for update, weights in zip(held, before, strict=True):
                np.testing.assert_array_equal(update.weights, weights)
            for name in old_arenas:
                with pytest.raises(SharedMemoryError):
                    attach_segment(name)

    def test_memory_may_be_changed_once_its_credit_came(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = sharing_host(world)
            host.share()
            batch = host.experience(1)
            host.ask(batch, Credit)
            batch.observations[:] = np.nan
            update = train_once(host, 2)
            assert np.isfinite(update.weights).all()

    def test_a_host_that_says_hello_anew_on_its_connection_shares_anew(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = sharing_host(world)
            host.share()
            host.release(train_once(host, 1))
            world.pass_time(70)
            assert host.ask(Heartbeat(0), Refused).code == "UNKNOWN_SESSION"
            assert host.ask(replace(SHARING, previous_session=host.session_id), Welcome).resumed
            host.await_heard(SharedMemoryOffer, 2)
            assert host.carrier.origin(train_once(host, 2).weights) is not None

    def test_a_host_that_slept_through_its_session_can_still_read_what_was_sent_before(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = sharing_host(world)
            host.share()
            host.say(host.experience(1))
            world.sleeping.add(host)
            world.until(lambda: world.server.behaviors["Walker"].iteration == 1, "an update")
            world.pass_time(70)
            assert not world.server.sessions
            world.sleeping.clear()
            update = host.await_heard(PolicyUpdate)
            assert host.faults == []
            assert update.version == 1
            assert host.ask(replace(SHARING, previous_session=host.session_id), Welcome).resumed
            host.await_heard(SharedMemoryOffer, 2)
            train_once(host, 2)


def elsewhere(place: Place) -> Place:
    return {**place, "arena": "learning-bridge-memory-1-0123456789abcdef"}


LIES: dict[str, Callable[[Place], object]] = {
    "an arena that nobody made": elsewhere,
    "a path": lambda place: {**place, "arena": "../../etc/passwd"},
    "past the end": lambda place: {**place, "offset": 2**40},
    "before the beginning": lambda place: {**place, "offset": -4},
    "between elements": lambda place: {**place, "offset": 2},
    "no offset": lambda place: {"arena": place["arena"]},
    "no map": lambda place: [place["arena"], place["offset"]],
    "a wrong offset": lambda place: {**place, "offset": "0"},
}


class TestRefusals:
    @pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
    def test_a_bad_reference_costs_its_session_and_nobody_else_s(
        self, tmp_path: Path, lie: Callable[[Place], object]
    ) -> None:
        with World(tmp_path) as world:
            liar, right = sharing_host(world), sharing_host(world)
            for host in (liar, right):
                host.share()
            liar.carrier.lie = lie
            failure = liar.ask(liar.experience(1), Failure)
            assert failure.code == "PROTOCOL_ERROR"
            assert [session.host_index for session in world.server.sessions] == [1]
            assert train_once(right, 1).version == 1

    def test_a_reference_without_an_offer_is_refused_and_its_arena_left_alone(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host, right = sharing_host(world), sharing_host(world)
            host.join()
            right.share()
            host.carry()
            failure = host.ask(host.experience(1), Failure)
            assert failure.code == "PROTOCOL_ERROR"
            assert "expected as place nothing" in failure.reason
            assert train_once(right, 1).version == 1

    def test_a_reference_before_welcome_is_refused(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = sharing_host(world)
            host.carry()
            assert host.ask(host.experience(1), Failure).code == "PROTOCOL_ERROR"
            assert host.ask(SHARING, Welcome).host_index == 0

    def test_a_reference_of_a_host_that_wakes_after_its_session_was_freed_makes_it_say_hello_again(
        self, tmp_path: Path
    ) -> None:
        with World(tmp_path) as world:
            host = sharing_host(world)
            host.share()
            train_once(host, 1)
            world.pass_time(70)
            assert not world.server.sessions
            assert host.ask(host.experience(2), Refused).code == "UNKNOWN_SESSION"

    def test_an_answer_to_no_offer_is_nothing(self, tmp_path: Path) -> None:
        with World(tmp_path) as world:
            host = world.host()
            host.join()
            host.say(SharedMemoryAnswer(is_accepted=True, reason=""))
            host.say(Release("learning-bridge-memory-1-0123456789abcdef", 0))
            assert host.ask(experience(1), Credit).batch_id == 1
