"""The real trainer killed, stopped and told to end: what its hosts see, and what is left of it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from host_sdk import CommunicatorSettings, FailureCode, PPOTrainingSettings
from protocol.experience import FloatArray
from protocol.rendezvous import is_process_alive, sweep_stale
from protocol.shared_memory import sweep_stale_segments

from .host_program import host_program
from .noop_host import NoopHost
from .real_trainer import (
    HANG_S,
    LONG_UPDATES,
    QUICK,
    cpu_seconds,
    is_running,
    launching,
    train_until,
    trainer_process_id,
    until,
)
from .segment_names import segments_of

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform == "win32", reason="the signals of POSIX"),
]

both_carriers = pytest.mark.parametrize(
    "shared_memory",
    [pytest.param(True, id="shared-memory"), pytest.param(False, id="socket", marks=pytest.mark.slow)],
)
"""For what moves arrays; the quick tests with a trainer that learns nothing go both ways."""


@pytest.fixture
def hosts() -> Iterator[list[NoopHost]]:
    """Hosts put in here are closed at the end, and none may leave a process behind."""
    made: list[NoopHost] = []
    yield made
    for host in made:
        process_id = host.communicator.trainer_process_id
        host.communicator.close()
        assert process_id is None or not is_process_alive(process_id)
    sweep_stale_segments()  # what the killed ones left


def works_for(process_id: int, seconds: float) -> Callable[[], bool]:
    """Whether the process has used so much processor time from now on."""
    until_s = cpu_seconds(process_id) + seconds
    return lambda: cpu_seconds(process_id) > until_s


def play_until_learning(host: NoopHost) -> None:
    """Plays until the trainer is in the middle of an update that lasts long."""
    train_until(host, lambda: host.policy.version >= 1 and host.trainer.batches_sent >= 2)
    train_until(host, works_for(trainer_process_id(host), 0.3))


def play_until_killed(host: NoopHost) -> FloatArray:
    """Kills the trainer and plays until the host knows; the weights that the host is left with."""
    process_id = trainer_process_id(host)
    os.kill(process_id, signal.SIGKILL)
    text = host.tick_until_failed(FailureCode.CRASHED, HANG_S)
    assert f"exit code: {-signal.SIGKILL}" in text
    host.tick_until(lambda: host.communicator.trainer_process_id is None)
    assert not is_process_alive(process_id)
    values = host.policy.snapshot().values
    assert np.isfinite(values).all()
    return values


@both_carriers
def test_a_trainer_killed_while_learning_is_followed_by_one_that_trains_on(
    hosts: list[NoopHost], tmp_path: Path, shared_memory: bool
) -> None:
    host = launching(tmp_path, LONG_UPDATES, shared_memory=shared_memory)
    hosts.append(host)
    play_until_learning(host)
    assert host.communicator.shares_memory is shared_memory
    killed = trainer_process_id(host)
    before = host.policy.snapshot()
    np.testing.assert_array_equal(play_until_killed(host), before.values)
    host.trainer.begin_training(QUICK)
    assert segments_of(killed) == set()
    assert not host.trainer.has_training_failed
    train_until(host, lambda: host.policy.version > before.version)
    assert not host.trainer.has_training_failed
    (settings,) = (path for path in tmp_path.rglob("settings.json") if str(path.parent) == host.trainer.run_directory)
    assert '"start": "weights"' in settings.read_text()


def test_a_trainer_killed_while_idle_leaves_the_first_weights(hosts: list[NoopHost], tmp_path: Path) -> None:
    host = launching(tmp_path, PPOTrainingSettings(steps_per_update=100_000))
    hosts.append(host)
    before = host.policy.snapshot().values.copy()
    train_until(host, lambda: host.trainer.is_collecting)
    np.testing.assert_array_equal(play_until_killed(host), before)


@both_carriers
def test_a_trainer_killed_while_it_receives_a_large_batch_is_a_crash(
    hosts: list[NoopHost], tmp_path: Path, shared_memory: bool
) -> None:
    settings = PPOTrainingSettings(steps_per_update=4096)
    host = launching(tmp_path, settings, agent_count=32, observation_size=4096, shared_memory=shared_memory)
    hosts.append(host)
    train_until(host, lambda: host.trainer.batches_sent == 1)
    play_until_killed(host)
    assert host.shared_memory is shared_memory


@both_carriers
@pytest.mark.parametrize("update", [1, *(pytest.param(number, marks=pytest.mark.slow) for number in range(2, 7))])
def test_a_trainer_killed_as_it_sends_weights_leaves_whole_ones(
    hosts: list[NoopHost], tmp_path: Path, update: int, shared_memory: bool
) -> None:
    host = launching(tmp_path, QUICK, hidden_sizes=(1500, 1500), shared_memory=shared_memory)
    hosts.append(host)
    train_until(host, lambda: host.trainer.is_collecting)
    metrics = Path(host.trainer.run_directory) / "metrics.jsonl"
    # a line of metrics is the last thing that the learner writes before the weights go out
    train_until(host, lambda: metrics.exists() and metrics.read_text().count("\n") >= update)
    play_until_killed(host)
    assert update - 1 <= host.policy.version
    assert host.shared_memory is shared_memory


@both_carriers
def test_a_trainer_stopped_while_learning_is_a_timeout_and_never_wakes(
    hosts: list[NoopHost], tmp_path: Path, shared_memory: bool
) -> None:
    settings = CommunicatorSettings(connect_timeout_s=HANG_S, heartbeat_interval_s=0.2, dead_after_s=3.0)
    host = launching(tmp_path, LONG_UPDATES, settings, shared_memory=shared_memory)
    hosts.append(host)
    play_until_learning(host)
    before = host.policy.snapshot().values.copy()
    process_id = trainer_process_id(host)
    os.kill(process_id, signal.SIGSTOP)
    host.tick_until_failed(FailureCode.TIMEOUT, HANG_S)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process_id, signal.SIGCONT)
    host.tick_until(lambda: host.communicator.trainer_process_id is None)
    assert not is_process_alive(process_id)
    np.testing.assert_array_equal(host.policy.snapshot().values, before)
    assert host.shared_memory is shared_memory


def test_a_trainer_killed_while_the_game_waits_for_it_lets_the_game_go_on(
    hosts: list[NoopHost], tmp_path: Path
) -> None:
    settings = PPOTrainingSettings(**{**LONG_UPDATES.to_wire(), "synchronous": True})  # type: ignore[arg-type]
    host = launching(tmp_path, settings)
    hosts.append(host)
    train_until(host, lambda: host.policy.version == 1)
    process_id = trainer_process_id(host)
    is_learning = works_for(process_id, 0.3)

    def kill_while_learning() -> None:
        until(is_learning, "the trainer to learn")
        os.kill(process_id, signal.SIGKILL)

    killer = threading.Thread(target=kill_while_learning)
    killer.start()
    host.tick_until_failed(FailureCode.CRASHED, HANG_S)
    killer.join()
    assert host.policy.version == 1


@pytest.mark.parametrize("moment", ["loading", "learning"])
def test_a_launched_trainer_leaves_when_its_host_is_killed(tmp_path: Path, moment: str) -> None:
    with host_program("--results", str(tmp_path), "--settings", '{"epochs": 1000}') as program:
        if moment == "loading":
            said = program.await_said(lambda said: said["trainer"] is not None)
        else:
            said = program.await_said(lambda said: said["is_collecting"])
        program.process.kill()
        program.process.wait()
        until(lambda: not is_running(said["trainer"]), "the trainer to leave")
    assert sweep_stale() == []
    assert segments_of(said["trainer"]) == set()
    sweep_stale_segments()
    assert segments_of(said["process"]) == set()


def test_what_a_host_and_its_trainer_leave_when_both_are_killed_is_swept_at_the_next_start(tmp_path: Path) -> None:
    with host_program("--results", str(tmp_path)) as program:
        said = program.await_said(lambda said: said["trainer"] is not None)
        os.kill(said["trainer"], signal.SIGSTOP)
        program.process.kill()
        program.process.wait()
        os.kill(said["trainer"], signal.SIGKILL)
        until(lambda: not is_running(said["trainer"]), "the trainer's end")
    (left,) = sweep_stale()
    assert not left.exists()


@pytest.mark.slow
def test_a_game_paused_for_half_a_minute_finds_its_trainer_alive(tmp_path: Path) -> None:
    settings = '{"steps_per_update": 32, "epochs": 1}'
    with host_program("--results", str(tmp_path), "--settings", settings) as program:
        program.await_said(lambda said: said["version"] >= 2)
        os.kill(program.process.pid, signal.SIGSTOP)
        threading.Event().wait(30.0)
        os.kill(program.process.pid, signal.SIGCONT)
        version = program.said["version"]
        program.await_said(lambda said: said["version"] > version + 5)
        assert program.said["failure"] is None
