"""Hosts and trainers that share memory: what each does when the other breaks, lies, or can't share after all."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from host_sdk import Communicator, CommunicatorSettings, FailureCode
from host_sdk.connection.memory_share import MemoryShare
from protocol.channel import ClientChannel
from protocol.errors import PeerBusyError, SharedMemoryError
from protocol.messages import Message, Release
from protocol.shared_memory import ArenaCarrier, SharedSegment, attach_segment, sweep_stale_segments

from .fake_trainer import ABSENT, fake_trainer_thread
from .noop_host import QUICK, NoopHost
from .segment_names import segments_of

DEMANDED = replace(QUICK, shared_memory=True)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="segments with a file")


@pytest.fixture
def hosts() -> Iterator[list[NoopHost]]:
    """Hosts put in here are closed at the end, and nothing of theirs may be left."""
    before = segments_of(os.getpid())
    made: list[NoopHost] = []
    yield made
    for host in made:
        host.trainer.end_training()
        host.communicator.close()
    assert segments_of(os.getpid()) == before
    sweep_stale_segments()  # what the killed ones left


def launch(hosts: list[NoopHost], fault: str, *arguments: str, settings: CommunicatorSettings = DEMANDED) -> NoopHost:
    hosts.append(NoopHost.launching(fault, *arguments, settings=settings))
    return hosts[-1]


def attach(hosts: list[NoopHost], endpoint: str, settings: CommunicatorSettings = DEMANDED) -> NoopHost:
    hosts.append(NoopHost(Communicator.make_attached(endpoint, settings=settings)))
    return hosts[-1]


def gets_weights(host: NoopHost) -> NoopHost:
    """A host whose trainer sends weights, since it was given some to send back."""
    host.policy.apply_snapshot(host.policy.snapshot_as(version=1))
    return host


def trainer_process_id(host: NoopHost) -> int:
    process_id = host.communicator.trainer_process_id
    assert process_id is not None
    return process_id


class Seen:
    """The arenas of this process, as another one sees them."""

    def __init__(self) -> None:
        self._segments: list[SharedSegment] = [attach_segment(name) for name in segments_of(os.getpid())]
        self._before = [segment.memory.tobytes() for segment in self._segments]
        self.count = len(self._segments)

    def are_unchanged(self) -> bool:
        """Whether nobody has written into them since."""
        return [segment.memory.tobytes() for segment in self._segments] == self._before


class TestAgreement:
    def test_a_host_and_the_trainer_that_it_launches_share_memory_without_being_told(
        self, hosts: list[NoopHost]
    ) -> None:
        host = launch(hosts, "none", settings=QUICK)
        host.tick_until(lambda: host.trainer.batches_sent >= 3)
        assert host.communicator.shares_memory
        assert len(segments_of(os.getpid())) == 2

    @pytest.mark.parametrize(
        ("fault", "words"), [("offer_nothing", "did not offer to share memory"), ("offer_absent", ABSENT)]
    )
    def test_memory_that_is_demanded_and_can_not_be_had_fails_training_with_the_reason(
        self, hosts: list[NoopHost], fault: str, words: str
    ) -> None:
        text = launch(hosts, fault).tick_until_failed(FailureCode.INVALID_SETTINGS)
        assert "shared memory was asked for" in text
        assert words in text
        assert "set shared_memory to None" in text

    @pytest.mark.parametrize("fault", ["offer_nothing", "offer_absent"])
    def test_memory_that_is_not_demanded_is_done_without(self, hosts: list[NoopHost], fault: str) -> None:
        host = launch(hosts, fault, settings=QUICK)
        host.tick_until(lambda: host.trainer.batches_sent >= 4)
        assert not host.communicator.shares_memory

    @pytest.mark.parametrize("is_demanded", [True, False])
    def test_no_room_for_experience(
        self,
        hosts: list[NoopHost],
        is_demanded: bool,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def refuse(carrier: ArenaCarrier, count: int) -> None:
            raise SharedMemoryError("shared memory: expected more bytes free; lower steps_per_update")

        monkeypatch.setattr(ArenaCarrier, "make_arena", refuse)
        caplog.set_level(logging.WARNING)
        host = launch(hosts, "none", settings=DEMANDED if is_demanded else QUICK)
        if is_demanded:
            assert "expected more bytes free" in host.tick_until_failed(FailureCode.INVALID_SETTINGS)
        else:
            host.tick_until(lambda: host.trainer.batches_sent >= 4)
            assert "experience goes through the socket: shared memory: expected more bytes free" in caplog.text

    def test_no_room_for_a_retired_buffer_s_successor_ends_training_and_not_the_game(
        self, hosts: list[NoopHost], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with fake_trainer_thread(f"ipc://{tmp_path}/s", "never_credit") as trainer:
            host = attach(hosts, trainer.channel.endpoint)
            host.tick_until(lambda: len(trainer.batches) == 2)

            def refuse(share: MemoryShare, count: int) -> None:
                raise SharedMemoryError("no room any more")

            monkeypatch.setattr(MemoryShare, "make_floats", refuse)
            trainer.fault = "forget_session"
            trainer.restart_listening.set()
            assert "no room any more" in host.tick_until_failed(FailureCode.INVALID_SETTINGS)


class TestLies:
    @pytest.mark.parametrize("settings", [DEMANDED, replace(QUICK, shared_memory=False)], ids=["shared", "socket"])
    @pytest.mark.parametrize("fault", ["unknown_arena", "past_the_end"])
    def test_weights_with_a_bad_reference_are_a_protocol_error_and_the_game_plays_on(
        self, hosts: list[NoopHost], fault: str, settings: CommunicatorSettings
    ) -> None:
        host = gets_weights(launch(hosts, fault, settings=settings))
        assert "can't read" in host.tick_until_failed(FailureCode.PROTOCOL_ERROR)
        ticks = host.tick_count
        host.tick_until(lambda: host.tick_count > ticks + 50)
        assert host.policy.version == 1


class TestTurns:
    def test_a_release_that_a_full_queue_holds_up_comes_later(
        self, hosts: list[NoopHost], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        send = ClientChannel.send
        refused: list[Release] = []

        def send_later(channel: ClientChannel, message: Message, session_id: int) -> None:
            if isinstance(message, Release) and len(refused) < 5:
                refused.append(message)
                raise PeerBusyError("full")
            send(channel, message, session_id)

        monkeypatch.setattr(ClientChannel, "send", send_later)
        with fake_trainer_thread(f"ipc://{tmp_path}/s", "none") as trainer:
            host = gets_weights(attach(hosts, trainer.channel.endpoint))
            host.tick_until(lambda: host.trainer.batches_sent >= 10 and host.policy.version >= 8)
            host.trainer.end_training()
        assert len(refused) == 5

    def test_a_session_refused_for_two_messages_is_greeted_once(self, hosts: list[NoopHost], tmp_path: Path) -> None:
        with fake_trainer_thread(f"ipc://{tmp_path}/s", "refuse_twice") as trainer:
            host = attach(hosts, trainer.channel.endpoint)
            host.tick_until(lambda: len(trainer.batches) >= 6)
            host.trainer.end_training()
            assert trainer.hellos == [0, 1]
        assert host.shared_memory
        assert not host.trainer.has_training_failed


class TestFailures:
    def test_what_a_killed_trainer_left_is_swept_by_the_next_start_and_training_goes_on(
        self, hosts: list[NoopHost], tmp_path: Path
    ) -> None:
        host = gets_weights(launch(hosts, "die_after_update", "--once", str(tmp_path / "once")))
        host.tick_until(lambda: host.communicator.trainer_process_id is not None)
        first = trainer_process_id(host)
        host.tick_until_failed(FailureCode.CRASHED)
        host.trainer.begin_training(host.training_settings)
        assert segments_of(first) == set()
        host.tick_until(lambda: host.trainer.batches_sent >= 4)
        assert host.communicator.shares_memory
        assert len(segments_of(os.getpid())) == 2

    def test_memory_handed_to_a_trainer_that_stopped_and_was_given_up_is_never_written_again(
        self, hosts: list[NoopHost], tmp_path: Path
    ) -> None:
        host = launch(hosts, "freeze_on_experience", "--once", str(tmp_path / "once"))
        host.tick_until(lambda: host.trainer.batches_sent == 2)  # both buffers are its
        stopped = trainer_process_id(host)
        seen = Seen()
        assert seen.count == 2
        host.tick_until_failed(FailureCode.TIMEOUT)
        host.tick_until(lambda: host.communicator.trainer_process_id is None)
        assert segments_of(os.getpid()) == set()
        host.trainer.begin_training(host.training_settings)
        host.tick_until(lambda: host.trainer.batches_sent >= 6)
        assert host.communicator.shares_memory
        assert trainer_process_id(host) != stopped
        assert seen.are_unchanged()

    def test_memory_handed_to_a_trainer_that_forgot_the_session_is_never_written_again(
        self, hosts: list[NoopHost], tmp_path: Path
    ) -> None:
        with fake_trainer_thread(f"ipc://{tmp_path}/s", "never_credit") as trainer:
            host = attach(hosts, trainer.channel.endpoint)
            host.tick_until(lambda: len(trainer.batches) == 2)
            seen = Seen()
            trainer.fault = "forget_session"
            trainer.restart_listening.set()
            host.tick_until(lambda: len(trainer.batches) >= 10)
            assert trainer.hellos == [0, 1]
            assert sorted(set(trainer.batches)) == list(range(1, max(trainer.batches) + 1))
            assert seen.are_unchanged()
            host.trainer.end_training()

    def test_memory_is_written_again_once_its_credit_came(self, hosts: list[NoopHost], tmp_path: Path) -> None:
        with fake_trainer_thread(f"ipc://{tmp_path}/s", "never_credit") as trainer:
            host = attach(hosts, trainer.channel.endpoint)
            host.tick_until(lambda: len(trainer.batches) == 2)
            seen = Seen()
            for _ in range(100):
                host.tick()
            assert seen.are_unchanged()
            trainer.fault = "none"
            trainer.restart_listening.set()
            host.tick_until(lambda: len(trainer.batches) >= 6)
            host.trainer.end_training()

    def test_a_stopped_trainer_that_wakes_in_time_finds_all_as_it_was(self, hosts: list[NoopHost]) -> None:
        host = launch(hosts, "none", settings=replace(DEMANDED, dead_after_s=10.0))
        host.tick_until(lambda: host.trainer.batches_sent >= 1)
        process_id = trainer_process_id(host)
        os.kill(process_id, signal.SIGSTOP)
        host.tick_until(lambda: not host.trainer.is_recording)
        sent = host.trainer.batches_sent
        for _ in range(50):
            host.tick()
        assert host.trainer.batches_sent == sent
        os.kill(process_id, signal.SIGCONT)
        host.tick_until(lambda: host.trainer.batches_sent >= sent + 4)
        assert not host.trainer.has_training_failed
