"""What a host does when its trainer breaks: it plays on, and says what happened."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from host_sdk import Communicator, CommunicatorSettings, FailureCode, TrainerProcessSettings
from protocol.rendezvous import is_process_alive
from protocol.version import PROTOCOL_VERSION

from .fake_trainer import fake_trainer_thread
from .noop_host import QUICK, NoopHost


class Hosts(list[NoopHost]):
    """The hosts of one test.

    Attributes:
        shared_memory: whether they demand shared memory, or do without.
    """

    def __init__(self, shared_memory: bool) -> None:
        super().__init__()
        self.shared_memory = shared_memory

    def settings(self, settings: CommunicatorSettings = QUICK) -> CommunicatorSettings:
        """These settings, over the carrier of this test."""
        return replace(settings, shared_memory=self.shared_memory)


@pytest.fixture(params=[True, False], ids=["shared-memory", "socket"])
def hosts(request: pytest.FixtureRequest) -> Iterator[Hosts]:
    """Hosts put in here are closed at the end, and none may leave a process behind."""
    made = Hosts(request.param)
    yield made
    for host in made:
        process_id = host.communicator.trainer_process_id
        host.communicator.close()
        assert process_id is None or not is_process_alive(process_id)
        assert host.shared_memory in (None, made.shared_memory)


def launch(hosts: Hosts, fault: str, *arguments: str, settings: CommunicatorSettings = QUICK) -> NoopHost:
    host = NoopHost.launching(fault, *arguments, settings=hosts.settings(settings))
    hosts.append(host)
    return host


def test_a_trainer_that_keeps_the_protocol_trains_until_it_is_told_to_end(hosts: Hosts) -> None:
    host = launch(hosts, "none")
    host.tick_until(lambda: host.trainer.is_collecting and host.communicator.welcome is not None)
    host.tick_until(lambda: host.trainer.batches_sent >= 3)
    host.trainer.end_training()
    host.trainer.end_training()
    assert not host.trainer.is_training
    assert not host.trainer.has_training_failed
    assert host.shared_memory is hosts.shared_memory


def test_a_missing_trainer_program_fails_the_launch_and_names_the_program(hosts: Hosts) -> None:
    settings = TrainerProcessSettings(interpreter="/nonexistent/python3")
    host = NoopHost(Communicator.make_launched(settings, hosts.settings()))
    hosts.append(host)
    assert "/nonexistent/python3" in host.tick_until_failed(FailureCode.LAUNCH_FAILED)


def test_a_trainer_that_ends_at_import_fails_the_launch_and_shows_its_last_words(hosts: Hosts) -> None:
    host = launch(hosts, "exit_at_import")
    text = host.tick_until_failed(FailureCode.LAUNCH_FAILED)
    assert "No module named 'torch'" in text
    assert "exit code: 1" in text


@pytest.mark.parametrize("fault", ["never_publish", "never_answer_hello"])
def test_a_trainer_that_never_answers_is_a_connect_timeout(hosts: Hosts, fault: str) -> None:
    settings = CommunicatorSettings(connect_timeout_s=2.0, heartbeat_interval_s=0.2, dead_after_s=1.0)
    host = launch(hosts, fault, settings=settings)
    host.tick_until_failed(FailureCode.CONNECT_TIMEOUT)


def test_nobody_at_the_endpoint_is_a_connect_timeout_that_names_it(hosts: Hosts) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        endpoint = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    settings = CommunicatorSettings(connect_timeout_s=0.5, heartbeat_interval_s=0.2, dead_after_s=1.0)
    host = NoopHost(Communicator.make_attached(endpoint, settings=hosts.settings(settings)))
    hosts.append(host)
    assert endpoint in host.tick_until_failed(FailureCode.CONNECT_TIMEOUT)


def test_a_wrong_protocol_version_is_refused_with_both_versions(hosts: Hosts) -> None:
    text = launch(hosts, "refuse_version").tick_until_failed(FailureCode.REFUSED)
    assert "9.0" in text
    assert PROTOCOL_VERSION in text


def test_invalid_settings_are_refused_with_path_expectation_and_value(hosts: Hosts) -> None:
    text = launch(hosts, "invalid_settings").tick_until_failed(FailureCode.INVALID_SETTINGS)
    assert "$.learning_rate" in text
    assert "a positive number" in text
    assert "-1.0" in text


def test_a_trainer_that_asks_for_more_than_a_batch_holds_is_told_as_a_wrong_setting(hosts: Hosts) -> None:
    text = launch(hosts, "none", "--steps", "1000000").tick_until_failed(FailureCode.INVALID_SETTINGS)
    assert "lower steps_per_update" in text


@pytest.mark.parametrize("fault", ["die_on_experience", "die_after_update"])
def test_a_killed_trainer_is_a_crash_with_its_exit_code(hosts: Hosts, fault: str) -> None:
    text = launch(hosts, fault).tick_until_failed(FailureCode.CRASHED)
    assert f"exit code: {-signal.SIGKILL}" in text


def test_a_trainer_killed_while_idle_is_a_crash(hosts: Hosts) -> None:
    host = launch(hosts, "none", "--steps", "100000")
    host.tick_until(lambda: host.trainer.is_collecting)
    process_id = host.communicator.trainer_process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)
    host.tick_until_failed(FailureCode.CRASHED)


def test_a_stopped_trainer_is_a_timeout_and_does_not_stay_behind(hosts: Hosts) -> None:
    host = launch(hosts, "freeze_on_experience")
    began = time.monotonic()
    host.tick_until_failed(FailureCode.TIMEOUT)
    assert time.monotonic() - began < 20.0
    host.tick_until(lambda: host.communicator.trainer_process_id is None)


def test_a_trainer_that_is_stopped_and_woken_in_time_is_no_failure(hosts: Hosts) -> None:
    settings = CommunicatorSettings(heartbeat_interval_s=0.2, dead_after_s=10.0)
    host = launch(hosts, "none", settings=settings)
    host.tick_until(lambda: host.trainer.batches_sent >= 1)
    process_id = host.communicator.trainer_process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGSTOP)
    until = time.monotonic() + 1.5
    host.tick_until(lambda: time.monotonic() > until)
    os.kill(process_id, signal.SIGCONT)
    sent = host.trainer.batches_sent
    host.tick_until(lambda: host.trainer.batches_sent >= sent + 4)
    assert not host.trainer.has_training_failed


def test_a_stuck_learner_is_told_apart_from_a_busy_one_and_a_dead_one(hosts: Hosts) -> None:
    launch(hosts, "stuck_learner").tick_until_failed(FailureCode.STUCK)


def test_a_trainer_that_others_stop_ends_training_with_its_reason(hosts: Hosts) -> None:
    assert "interrupted" in launch(hosts, "stop_on_experience").tick_until_failed(FailureCode.STOPPED)


@pytest.mark.parametrize("fault", ["diverge", "nan_weights"])
def test_weights_gone_non_finite_end_training_and_the_last_good_ones_stay(hosts: Hosts, fault: str) -> None:
    host = launch(hosts, fault)
    host.policy.apply_snapshot(host.policy.snapshot_as(version=1))
    before = host.policy.snapshot().values.copy()
    host.tick_until_failed(FailureCode.DIVERGED)
    np.testing.assert_array_equal(host.policy.snapshot().values, before)


def test_weights_of_another_network_are_a_protocol_error(hosts: Hosts) -> None:
    host = launch(hosts, "wrong_hash")
    host.policy.apply_snapshot(host.policy.snapshot_as(version=1))
    host.tick_until_failed(FailureCode.PROTOCOL_ERROR)


def test_a_trainer_too_slow_for_the_game_costs_no_tick_and_is_counted(hosts: Hosts) -> None:
    host = launch(hosts, "never_credit")
    host.tick_until(lambda: host.trainer.batches_sent == 2)
    for _ in range(200):
        host.tick()
    assert host.trainer.batches_sent == 2
    assert host.trainer.unrecorded_steps >= 190 * 4
    assert not host.trainer.has_training_failed


def test_training_that_is_complete_is_no_failure(hosts: Hosts) -> None:
    host = launch(hosts, "complete_at_once")
    host.tick_until(lambda: host.tick_count > 0 and not host.trainer.is_training)
    assert not host.trainer.has_training_failed


def test_training_can_begin_again_after_a_failure_from_the_weights_at_hand(hosts: Hosts) -> None:
    host = launch(hosts, "die_on_experience")
    host.tick_until_failed(FailureCode.CRASHED)
    first = host.communicator.trainer_process_id
    host.trainer.begin_training(host.training_settings)
    assert host.trainer.is_training
    assert not host.trainer.has_training_failed
    assert host.communicator.trainer_process_id != first
    host.tick_until_failed(FailureCode.CRASHED)


def test_a_connection_made_again_goes_on_and_no_batch_is_sent_twice(hosts: Hosts, tmp_path: Path) -> None:
    with fake_trainer_thread(f"ipc://{tmp_path}/s", "drop_connection") as trainer:
        host = NoopHost(Communicator.make_attached(trainer.channel.endpoint, settings=hosts.settings()))
        hosts.append(host)
        host.tick_until(lambda: len(trainer.batches) >= 6)
        host.trainer.end_training()
    assert trainer.hellos == [0, 1]
    assert len(set(trainer.batches)) == len(trainer.batches)
    assert not host.trainer.has_training_failed


def test_a_trainer_that_forgot_the_session_is_configured_anew(hosts: Hosts, tmp_path: Path) -> None:
    with fake_trainer_thread(f"ipc://{tmp_path}/s", "none") as trainer:
        host = NoopHost(Communicator.make_attached(trainer.channel.endpoint, settings=hosts.settings()))
        hosts.append(host)
        host.tick_until(lambda: len(trainer.batches) >= 2)
        trainer.fault = "forget_session"
        trainer.restart_listening.set()
        host.tick_until(lambda: len(trainer.hellos) == 2 and len(trainer.batches) >= 5)
        host.trainer.end_training()
    assert not host.trainer.has_training_failed


def test_a_host_that_pauses_for_long_finds_its_trainer_alive(hosts: Hosts) -> None:
    host = launch(hosts, "none")
    host.tick_until(lambda: host.trainer.batches_sent >= 1)
    time.sleep(2 * QUICK.dead_after_s)
    sent = host.trainer.batches_sent
    host.tick_until(lambda: host.trainer.batches_sent >= sent + 3)
    assert not host.trainer.has_training_failed


def test_an_evaluation_that_ends_before_the_trainer_is_ready_is_reported_when_it_is(hosts: Hosts) -> None:
    host = launch(hosts, "ready_late")
    host.tick_until(lambda: host.communicator.welcome is not None)
    host.trainer.begin_evaluation(2)
    host.tick_until(lambda: not host.trainer.is_evaluating)
    assert not host.trainer.is_collecting
    host.tick_until(lambda: host.trainer.batches_sent >= 2)
    assert not host.trainer.has_training_failed
