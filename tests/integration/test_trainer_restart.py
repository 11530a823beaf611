"""A host that starts a lost trainer again: what goes on, what is said and sent again, and when it gives up."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from host_sdk import Communicator, CommunicatorSettings, FailureCode, PPOTrainingSettings, TrainerProcessSettings
from host_sdk.connection import trainer_restart
from host_sdk.connection.trainer_connection import TrainerConnection
from protocol.rendezvous import is_process_alive
from protocol.shared_memory import sweep_stale_segments

from .fake_trainer import fake_trainer_thread, read_history
from .noop_host import QUICK, NoopHost, fake_process
from .segment_names import segments_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the signals of POSIX")

OFTEN: dict[str, Any] = {"max_lifetime_restarts": 5, "restarts_rate_limit_n": -1}
both_carriers = pytest.mark.parametrize("shared_memory", [True, False], ids=["shared-memory", "socket"])


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """What the fake trainers of a test note."""
    return tmp_path / "history"


@pytest.fixture
def hosts() -> Iterator[list[NoopHost]]:
    """Hosts put in here are closed at the end, and may leave neither processes nor segments."""
    before = segments_of(os.getpid())
    made: list[NoopHost] = []
    yield made
    for host in made:
        process_id = host.communicator.trainer_process_id
        host.trainer.end_training()
        host.communicator.close()
        assert process_id is None or not is_process_alive(process_id)
    assert segments_of(os.getpid()) == before
    sweep_stale_segments()  # what the killed ones left


def launch(
    hosts: list[NoopHost],
    history: Path,
    fault: str,
    *arguments: str,
    shared_memory: bool | None = None,
    settings: CommunicatorSettings = QUICK,
    **options: Any,
) -> NoopHost:
    process = fake_process(fault, "--history", str(history), *arguments, **(OFTEN | options))
    synchronous = True if "--synchronous" in arguments else None
    communicator = Communicator.make_launched(process, replace(settings, shared_memory=shared_memory))
    host = NoopHost(communicator, training_settings=PPOTrainingSettings(synchronous=synchronous))
    host.policy.apply_snapshot(host.policy.snapshot_as(version=1))  # so that the trainer has weights to send back
    hosts.append(host)
    return host


def noted(history: Path, what: str) -> list[Any]:
    """What was noted under that name, by all trainers in order."""
    return [value for name, value in read_history(history) if name == what]


def process_id_of(host: NoopHost) -> int:
    process_id = host.communicator.trainer_process_id
    assert process_id is not None
    return process_id


@both_carriers
@pytest.mark.parametrize("synchronous", [(), ("--synchronous",)], ids=["asynchronous", "synchronous"])
def test_a_trainer_that_crashed_is_followed_by_one_that_gets_its_batches(
    hosts: list[NoopHost], history: Path, shared_memory: bool, synchronous: tuple[str, ...]
) -> None:
    host = launch(hosts, history, "die_on_experience,none", *synchronous, shared_memory=shared_memory)
    host.tick_until(lambda: host.trainer.batches_sent >= 6)
    assert noted(history, "hello") == [0, 1], "the second trainer was told of the session with the first"
    assert host.trainer.restart_count == 1
    failure = host.trainer.restart_failure
    assert failure is not None
    assert failure.code is FailureCode.CRASHED
    assert not host.trainer.has_training_failed
    batches = noted(history, "batch")
    assert batches[:2] == [1, 1], "what the first died of was sent again under its id"
    assert batches[1:] == list(range(1, len(batches)))
    assert host.communicator.shares_memory is shared_memory


def test_batches_of_which_only_the_credit_was_lost_are_not_sent_again(hosts: list[NoopHost], history: Path) -> None:
    host = launch(hosts, history, "never_credit,none", "--run-directory", "/runs/first/default", "--consumed", "1")
    host.tick_until(lambda: len(noted(history, "batch")) == 2)
    os.kill(process_id_of(host), signal.SIGKILL)
    host.tick_until(lambda: len(noted(history, "batch")) >= 6)
    assert noted(history, "batch")[:4] == [1, 2, 2, 3]


def test_the_next_trainer_resumes_the_run_of_the_one_before(hosts: list[NoopHost], history: Path) -> None:
    options: dict[str, Any] = {
        "run_id": "asked",
        "arguments": ("--force", "--seed", "7"),
        "results_directory": "elsewhere",
    }
    host = launch(hosts, history, "die_on_experience,none", "--run-directory", "/runs/asked-2/default", **options)
    host.tick_until(lambda: host.trainer.batches_sent >= 3)
    first, second = noted(history, "start")
    assert "--resume" not in first
    assert "--force" in first
    assert "--force" not in second
    assert second[-7:] == ["--seed", "7", "--results-dir", "/runs", "--run-id", "asked-2", "--resume"]


def test_a_trainer_that_never_was_ready_is_started_as_at_first(hosts: list[NoopHost], history: Path) -> None:
    host = launch(hosts, history, "ready_late,none", "--run-directory", "/runs/first/default")
    host.tick_until(lambda: host.communicator.welcome is not None)
    os.kill(process_id_of(host), signal.SIGKILL)
    host.tick_until(lambda: host.trainer.batches_sent >= 1)
    assert all("--resume" not in arguments for arguments in noted(history, "start"))
    assert host.trainer.restart_count == 1


@pytest.mark.parametrize(
    ("fault", "code"), [("freeze_on_experience", FailureCode.TIMEOUT), ("stuck_learner", FailureCode.STUCK)]
)
def test_a_trainer_that_neither_works_nor_leaves_is_dead_before_the_next_one_starts(
    hosts: list[NoopHost], history: Path, fault: str, code: FailureCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = launch(hosts, history, f"{fault},none", shared_memory=True)
    host.tick_until(lambda: host.trainer.is_collecting)
    first = process_id_of(host)
    alive_at_start: list[bool] = []
    begin = TrainerConnection.begin

    def begin_noting(connection: TrainerConnection) -> None:
        alive_at_start.append(is_process_alive(first))
        begin(connection)

    monkeypatch.setattr(TrainerConnection, "begin", begin_noting)
    host.tick_until(lambda: host.trainer.batches_sent >= 6)
    assert alive_at_start == [False]
    assert host.trainer.restart_failure is not None
    assert host.trainer.restart_failure.code is code


def test_the_game_plays_on_without_a_trainer_and_counts_what_nobody_records(
    hosts: list[NoopHost], history: Path
) -> None:
    host = launch(hosts, history, "die_on_experience,ready_late")
    host.tick_until(lambda: host.trainer.restart_count == 1)
    assert host.trainer.is_training
    assert not host.communicator.failure
    before, ticks = host.trainer.unrecorded_steps, host.tick_count
    host.tick_until(lambda: host.trainer.batches_sent >= 4)
    assert 0 < host.trainer.unrecorded_steps - before < 4 * (host.tick_count - ticks)


def test_a_quota_that_is_used_up_ends_training_and_says_how_often_it_went_on(
    hosts: list[NoopHost], history: Path
) -> None:
    host = launch(hosts, history, "die_on_experience", max_lifetime_restarts=2)
    text = host.tick_until_failed(FailureCode.CRASHED)
    assert "started again 2 times before" in text
    assert "max_lifetime_restarts 2" in text
    assert len(noted(history, "start")) == 3
    assert host.trainer.restart_count == 2


def test_trainers_that_are_lost_faster_than_the_pace_allows_end_training(hosts: list[NoopHost], history: Path) -> None:
    host = launch(hosts, history, "die_on_experience", restarts_rate_limit_n=1)
    text = host.tick_until_failed(FailureCode.CRASHED)
    assert "restarts_rate_limit_period_s 60" in text
    assert len(noted(history, "start")) == 2


@pytest.mark.parametrize("fault", ["exit_at_import", "invalid_settings", "diverge", "stop_on_experience"])
def test_what_a_new_trainer_would_not_mend_ends_training_at_once(
    hosts: list[NoopHost], history: Path, fault: str
) -> None:
    host = launch(hosts, history, fault)
    host.tick_until(lambda: host.trainer.has_training_failed)
    assert host.trainer.restart_count == 0
    assert "started again" not in str(host.trainer.training_failure)


def test_a_trainer_that_dies_while_it_starts_in_place_of_another_is_followed_too(
    hosts: list[NoopHost], history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_restart, "PAUSE_S", 0.1)
    host = launch(hosts, history, "die_on_experience,exit_at_import,none", shared_memory=True)
    host.tick_until(lambda: host.trainer.batches_sent >= 4)
    assert host.trainer.restart_count == 2
    assert host.trainer.restart_failure is not None
    assert host.trainer.restart_failure.code is FailureCode.LAUNCH_FAILED
    assert noted(history, "hello") == [0, 1]
    assert noted(history, "batch")[:2] == [1, 1]
    assert host.communicator.shares_memory


def test_a_program_that_is_gone_is_tried_now_and_then_and_named_at_the_end(
    hosts: list[NoopHost], history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_restart, "PAUSE_S", 0.2)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o700)
    process = fake_process("none", "--steps", "100000", **OFTEN)
    process = replace(process, command=(str(python), *process.command[1:]), max_lifetime_restarts=3)
    host = NoopHost(Communicator.make_launched(process, QUICK))
    hosts.append(host)
    host.tick_until(lambda: host.trainer.is_collecting)
    python.unlink()
    os.kill(process_id_of(host), signal.SIGKILL)
    host.tick_until(lambda: host.trainer.restart_count == 1)
    began_s = time.monotonic()
    text = host.tick_until_failed(FailureCode.LAUNCH_FAILED)
    assert time.monotonic() - began_s > 0.3, "two pauses"
    assert str(python) in text
    assert "started again 3 times" in text


def test_the_pace_counts_anew_with_a_training_that_is_begun_anew(hosts: list[NoopHost], history: Path) -> None:
    host = launch(hosts, history, "die_on_experience,die_on_experience,none", max_lifetime_restarts=1)
    host.tick_until_failed(FailureCode.CRASHED)
    host.trainer.begin_training(host.training_settings)
    assert host.trainer.restart_count == 0
    host.tick_until(lambda: host.trainer.batches_sent >= 3)
    assert noted(history, "hello")[-1] == 0, "a new session"


def test_a_host_that_ends_while_its_trainer_is_restarted_leaves_nothing(hosts: list[NoopHost], history: Path) -> None:
    host = launch(hosts, history, "die_on_experience", shared_memory=True)
    host.tick_until(lambda: host.trainer.restart_count == 1)
    host.trainer.end_training()
    host.tick_until(lambda: host.communicator.trainer_process_id is None)
    started = len(noted(history, "start"))
    for _ in range(20):
        host.tick()
    assert not host.trainer.is_training
    assert host.communicator.trainer_process_id is None
    assert len(noted(history, "start")) == started <= 2, "the second one may have been under way"


def test_batches_stay_where_they_are_for_the_next_trainer(
    hosts: list[NoopHost], history: Path, segments: Callable[[], set[str]]
) -> None:
    host = launch(hosts, history, "never_credit", shared_memory=True)
    host.tick_until(lambda: len(noted(history, "batch")) == 2)
    before = segments()
    os.kill(process_id_of(host), signal.SIGKILL)
    host.tick_until(lambda: len(noted(history, "batch")) == 4)
    assert noted(history, "batch") == [1, 2, 1, 2]
    assert segments() == before


@pytest.fixture
def segments() -> Callable[[], set[str]]:
    """Names of the segments of this process."""
    return lambda: segments_of(os.getpid())


@both_carriers
def test_an_attached_host_goes_on_with_a_trainer_that_a_person_restarted(
    hosts: list[NoopHost], tmp_path: Path, shared_memory: bool
) -> None:
    endpoint = f"ipc://{tmp_path}/s"
    settings = replace(QUICK, dead_after_s=20.0, shared_memory=shared_memory)
    host = NoopHost(Communicator.make_attached(endpoint, settings=settings))
    hosts.append(host)
    with fake_trainer_thread(endpoint, "never_credit") as trainer:
        host.tick_until(lambda: trainer.batches == [1, 2])
    with fake_trainer_thread(endpoint) as trainer:
        trainer.last_consumed = 1
        host.tick_until(lambda: len(trainer.batches) >= 3)
        assert trainer.hellos == [1]
        assert trainer.batches[:3] == [2, 3, 4]
    assert not host.trainer.has_training_failed
    assert host.trainer.restart_count == 0


def test_a_command_around_the_trainer_is_killed_with_all_that_it_started(
    hosts: list[NoopHost], history: Path, tmp_path: Path
) -> None:
    inner = tmp_path / "inner"
    wrapper = f'exec 3<&0; "$0" "$@" <&3 & echo $! >> {inner}; wait'
    plain = fake_process("freeze_on_experience,none", "--history", str(history), **OFTEN)
    process = TrainerProcessSettings(**{**vars(plain), "command": ("/bin/sh", "-c", wrapper, *plain.command)})
    host = NoopHost(Communicator.make_launched(process, QUICK))
    hosts.append(host)
    host.tick_until(lambda: host.trainer.restart_count == 1)
    stopped = int(inner.read_text().split()[0])
    host.tick_until(lambda: not is_process_alive(stopped))
