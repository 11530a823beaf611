"""What a host does that imitates while its trainer breaks, or its recording is of no use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from host_sdk import Communicator, FailureCode
from protocol.errors import DamagedRecordingError
from protocol.recording import Episode
from protocol.rendezvous import is_process_alive
from tests.host_sdk.recorded_episodes import EpisodesInMemory, random_recording
from tests.host_sdk.small_game import SmallInteractor, make_manager

from .fake_trainer import FakeTrainer, fake_trainer_thread
from .imitating_host import ImitatingHost
from .noop_host import QUICK

MEBIBYTE_EPISODES = (64,) * 8
"""Lengths of episodes that take a mebibyte each where an observation has 4096 numbers; two of them are a message."""


@pytest.fixture
def hosts() -> Iterator[list[ImitatingHost]]:
    """Hosts put in here are closed at the end, and none may leave a process behind."""
    made: list[ImitatingHost] = []
    yield made
    for host in made:
        process_id = host.communicator.trainer_process_id
        host.communicator.close()
        assert process_id is None or not is_process_alive(process_id)


class Unreadable(list[Episode]):
    """Episodes of which none can be had."""

    def __getitem__(self, index: object) -> NoReturn:
        raise DamagedRecordingError("episode 0 is damaged")


def launch(
    hosts: list[ImitatingHost], fault: str, *step_counts: int, arguments: tuple[str, ...] = (), size: int = 3
) -> ImitatingHost:
    host = ImitatingHost.launching(fault, *step_counts, arguments=arguments, observation_size=size)
    hosts.append(host)
    return host


def attach(hosts: list[ImitatingHost], trainer: FakeTrainer, *step_counts: int, size: int = 3) -> ImitatingHost:
    communicator = Communicator.make_attached(trainer.channel.endpoint, settings=QUICK)
    host = ImitatingHost(communicator, *step_counts, observation_size=size)
    hosts.append(host)
    return host


def test_a_recording_is_delivered_and_training_ends_when_the_trainer_says_so(hosts: list[ImitatingHost]) -> None:
    host = launch(hosts, "complete_at_end", *MEBIBYTE_EPISODES, size=4096)
    host.policy.apply_snapshot(host.policy.snapshot_as(5))
    assert (host.trainer.sent_fraction, host.trainer.is_training) == (0.0, False)
    host.train_to_the_end()
    assert host.trainer.sent_fraction == 1.0
    assert (host.policy.version, host.trainer.iteration) == (1, 1)
    host.tick()
    assert not host.trainer.is_training


def test_training_may_begin_again_while_the_trainer_of_before_still_leaves(hosts: list[ImitatingHost]) -> None:
    host = launch(hosts, "complete_at_end", 5)
    host.train_to_the_end()
    first = host.communicator.trainer_process_id
    assert first is not None
    host.trainer.begin_training(host.recording)
    host.train_until(lambda: host.trainer.has_delivered_recording)
    assert host.communicator.trainer_process_id != first
    host.tick_until(lambda: not is_process_alive(first))


@pytest.mark.parametrize("fault", ["die_on_experience", "die_after_update"])
def test_a_killed_trainer_is_a_crash_that_leaves_the_last_weights_and_can_be_tried_again(
    hosts: list[ImitatingHost], tmp_path: Path, fault: str
) -> None:
    host = launch(hosts, fault, 5, 6, arguments=("--once", str(tmp_path / "once")))
    host.policy.apply_snapshot(host.policy.snapshot_as(5))
    before = host.policy.snapshot().values.copy()
    assert "exit code: -9" in host.tick_until_failed(FailureCode.CRASHED)
    np.testing.assert_array_equal(host.policy.snapshot().values, before)
    host.trainer.begin_training(host.recording)
    assert not host.trainer.has_training_failed
    host.train_until(lambda: host.trainer.has_delivered_recording)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("exit_at_import", FailureCode.LAUNCH_FAILED),
        ("freeze_on_experience", FailureCode.TIMEOUT),
        ("stuck_learner", FailureCode.STUCK),
        ("diverge", FailureCode.DIVERGED),
        ("nan_weights", FailureCode.DIVERGED),
        ("wrong_hash", FailureCode.PROTOCOL_ERROR),
        ("stop_on_experience", FailureCode.STOPPED),
        ("invalid_settings", FailureCode.INVALID_SETTINGS),
        ("refuse_version", FailureCode.REFUSED),
    ],
)
def test_a_trainer_that_breaks_is_a_failure_with_its_code(
    hosts: list[ImitatingHost], fault: str, code: FailureCode
) -> None:
    host = launch(hosts, fault, 5)
    host.policy.apply_snapshot(host.policy.snapshot_as(5))
    before = host.policy.snapshot().values.copy()
    host.tick_until_failed(code)
    np.testing.assert_array_equal(host.policy.snapshot().values, before)


def test_a_trainer_that_gives_no_credit_gets_two_messages_and_the_game_plays_on(hosts: list[ImitatingHost]) -> None:
    with fake_trainer_thread("tcp://127.0.0.1:0", "never_credit") as trainer:
        host = attach(hosts, trainer, *MEBIBYTE_EPISODES, size=4096)
        host.train_until(lambda: len(trainer.batches) == 2)
        for _ in range(100):
            host.tick()
        assert trainer.batches == [1, 2]
        assert 0 < host.trainer.sent_fraction < 1
        host.trainer.end_training()
        assert not host.trainer.is_training
        host.trainer.end_training()
        trainer.fault = "none"
        host.trainer.begin_training(host.recording)
        assert host.trainer.sent_fraction == 0.0
        host.train_until(lambda: host.trainer.has_delivered_recording)


def test_a_lost_connection_costs_no_episode_and_doubles_none(hosts: list[ImitatingHost]) -> None:
    with fake_trainer_thread("tcp://127.0.0.1:0", "drop_connection") as trainer:
        host = attach(hosts, trainer, *MEBIBYTE_EPISODES, size=4096)
        host.train_until(lambda: host.trainer.has_delivered_recording)
        assert trainer.hellos == [0, 1]
        assert trainer.batches == sorted(set(trainer.batches))


def test_a_trainer_that_forgot_the_session_gets_the_recording_from_its_beginning(hosts: list[ImitatingHost]) -> None:
    with fake_trainer_thread("tcp://127.0.0.1:0", "never_credit") as trainer:
        host = attach(hosts, trainer, *MEBIBYTE_EPISODES, size=4096)
        host.train_until(lambda: len(trainer.batches) == 2)
        trainer.fault = "forget_session"
        trainer.restart_listening.set()
        host.train_until(lambda: host.trainer.has_delivered_recording)
        assert len(trainer.batches) == 2 + len(set(trainer.batches[2:])) >= 6


def test_a_recording_of_another_schema_launches_nothing_and_names_the_element(hosts: list[ImitatingHost]) -> None:
    host = launch(hosts, "none")
    other = SmallInteractor()
    other.setup_interactor(make_manager(1))
    host.recording = random_recording(other, 3)
    text = host.tick_until_failed(FailureCode.INVALID_SETTINGS)
    assert "$.observation" in text
    assert host.communicator.trainer_process_id is None


def test_a_recording_without_episodes_launches_nothing(hosts: list[ImitatingHost]) -> None:
    host = launch(hosts, "none")
    assert "at least one episode" in host.tick_until_failed(FailureCode.INVALID_SETTINGS)
    assert host.communicator.trainer_process_id is None


def test_an_episode_that_cannot_be_read_ends_training_in_the_middle(hosts: list[ImitatingHost]) -> None:
    host = launch(hosts, "none", 3)
    host.recording = EpisodesInMemory(host.recording.header, Unreadable(host.recording.episodes))
    assert "damaged" in host.tick_until_failed(FailureCode.INVALID_SETTINGS)


def test_beginning_twice_changes_nothing(hosts: list[ImitatingHost], caplog: pytest.LogCaptureFixture) -> None:
    host = launch(hosts, "none", 3)
    host.trainer.begin_training(host.recording)
    host.trainer.begin_training(random_recording(host.interactor, 3, 3))
    assert "under way already" in caplog.text
    host.train_until(lambda: host.trainer.has_delivered_recording)


def test_a_program_without_a_game_waits_for_its_trainer(hosts: list[ImitatingHost]) -> None:
    host = launch(hosts, "complete_at_end", *MEBIBYTE_EPISODES, size=4096)
    host.trainer.wait_for_trainer(10.0)  # there is none yet
    host.trainer.begin_training(host.recording)
    while host.trainer.is_training:
        host.trainer.wait_for_trainer(0.1)
        host.trainer.iterate_training()
    assert not host.trainer.has_training_failed
    assert host.trainer.has_delivered_recording
