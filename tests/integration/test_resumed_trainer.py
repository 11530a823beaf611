"""The real trainer lost in the middle of a run and started again: what is kept, what goes on, what is undone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_sdk import (
    Communicator,
    CommunicatorSettings,
    DAggerTrainingSettings,
    FailureCode,
    TrainerProcessSettings,
)
from protocol.rendezvous import is_process_alive
from protocol.shared_memory import sweep_stale_segments
from trainer_process.checkpoint import load_checkpoint

from .corrected_host import CorrectedHost
from .imitating_host import ImitatingHost
from .noop_host import NoopHost
from .real_trainer import HANG_S, QUICK, TOKEN, served_trainer, train_until, trainer_process_id, until
from .test_imitation import QUICK as IMITATION_QUICK

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform == "win32", reason="the signals of POSIX"),
]

LINE = CommunicatorSettings(connect_timeout_s=HANG_S, heartbeat_interval_s=0.2, dead_after_s=3.0)
Host = NoopHost | ImitatingHost | CorrectedHost


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    """Hosts put in here are closed at the end, and none may leave a process behind."""
    made: list[Host] = []
    yield made
    for host in made:
        process_id = host.communicator.trainer_process_id
        host.communicator.close()
        assert process_id is None or not is_process_alive(process_id)
    sweep_stale_segments()  # what the killed ones left


def line_of(folder: Path, *, checkpoint_interval: int, shared_memory: bool | None = None) -> Communicator:
    """To a trainer that is launched, and launched again as often as it is lost."""
    process = TrainerProcessSettings(
        results_directory=folder,
        run_id="run",
        low_priority=False,
        stop_timeout_s=1.0,
        arguments=("--checkpoint-interval", str(checkpoint_interval)),
        max_lifetime_restarts=-1,
        restarts_rate_limit_n=-1,
    )
    return Communicator.make_launched(process, replace(LINE, shared_memory=shared_memory))


def launch(hosts: list[Host], folder: Path, **options: Any) -> NoopHost:
    host = NoopHost(line_of(folder, **options), training_settings=QUICK)
    hosts.append(host)
    return host


def checkpoints_of(folder: Path) -> list[Path]:
    """Those of the run that are there now, the oldest first."""
    return sorted(path for path in (folder / "run" / "default" / "checkpoints").glob("[0-9]*") if path.is_dir())


@pytest.mark.parametrize(
    ("sent", "shared_memory"),
    [
        pytest.param(signal.SIGKILL, True, id="killed-shared-memory"),
        pytest.param(signal.SIGKILL, False, id="killed-socket", marks=pytest.mark.slow),
        pytest.param(signal.SIGSTOP, True, id="stopped-shared-memory", marks=pytest.mark.slow),
        pytest.param(signal.SIGSTOP, False, id="stopped-socket", marks=pytest.mark.slow),
    ],
)
def test_a_run_goes_on_from_its_newest_checkpoint(
    hosts: list[Host], tmp_path: Path, sent: signal.Signals, shared_memory: bool
) -> None:
    host = launch(hosts, tmp_path, checkpoint_interval=1, shared_memory=shared_memory)
    train_until(host, lambda: len(checkpoints_of(tmp_path)) >= 3)
    lost, version, directory = trainer_process_id(host), host.policy.version, host.trainer.run_directory
    os.kill(lost, sent)
    train_until(host, lambda: host.trainer.restart_count == 1 and host.communicator.trainer_process_id is not None)
    assert not is_process_alive(lost), "it would write to the run if it woke"
    (_, _, *kept) = checkpoints_of(tmp_path)
    before = load_checkpoint(kept[-1])
    train_until(host, lambda: host.trainer.iteration > before.iteration + 2)
    assert host.policy.version > version, "no version twice"
    assert host.trainer.run_directory == directory
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert host.shared_memory is shared_memory
    (session,) = before.context.consumed
    until(lambda: load_checkpoint(checkpoints_of(tmp_path)[-1]).iteration > before.iteration, "a checkpoint")
    after = load_checkpoint(checkpoints_of(tmp_path)[-1]).context.consumed
    assert after.keys() == {session}, "the host's session is the same one"
    assert after[session] > before.context.consumed[session]


@pytest.mark.slow
def test_a_run_without_a_checkpoint_goes_on_from_the_weights_at_hand(hosts: list[Host], tmp_path: Path) -> None:
    host = launch(hosts, tmp_path, checkpoint_interval=0)
    train_until(host, lambda: host.policy.version >= 2)
    os.kill(trainer_process_id(host), signal.SIGKILL)
    train_until(host, lambda: host.trainer.restart_count == 1)
    version, weights = host.policy.version, host.policy.snapshot().values.copy()
    train_until(host, lambda: host.communicator.welcome is not None and not host.trainer.is_collecting)
    train_until(host, lambda: host.trainer.is_collecting)
    assert host.policy.version >= version
    if host.policy.version == version:
        np.testing.assert_array_equal(host.policy.snapshot().values, weights)
    assert '"start": "weights"' in (tmp_path / "run" / "default" / "settings.json").read_text()
    train_until(host, lambda: host.policy.version > version)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.slow
def test_a_clone_is_finished_by_the_trainer_that_takes_the_place_of_a_lost_one(
    hosts: list[Host], tmp_path: Path
) -> None:
    settings = replace(IMITATION_QUICK, epochs=400)
    host = ImitatingHost(line_of(tmp_path, checkpoint_interval=20), 50, 60, 70, training_settings=settings)
    hosts.append(host)
    host.train_until(lambda: host.trainer.iteration > 40, HANG_S)
    process_id = host.communicator.trainer_process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)
    host.train_to_the_end(HANG_S)
    assert host.trainer.restart_count == 1
    assert host.trainer.iteration == 400


@pytest.mark.slow
def test_correction_goes_on_with_the_trainer_that_takes_the_place_of_a_lost_one(
    hosts: list[Host], tmp_path: Path
) -> None:
    settings = DAggerTrainingSettings(rounds=6, steps_per_round=64, epochs_per_round=1)
    host = CorrectedHost(line_of(tmp_path, checkpoint_interval=1), training_settings=settings)
    hosts.append(host)
    host.train_until(lambda: host.trainer.iteration >= 2, HANG_S)
    process_id = host.communicator.trainer_process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)
    host.train_until(lambda: not host.trainer.is_training, HANG_S)
    assert host.trainer.restart_count == 1
    assert host.trainer.training_failure is None


def test_an_attached_host_finds_its_place_in_a_run_that_a_person_resumed(hosts: list[Host], tmp_path: Path) -> None:
    options = ("--run-id", "run", "--checkpoint-interval", "1")
    with served_trainer(tmp_path, *options) as first:
        line = Communicator.make_attached(first.endpoint, token=TOKEN, settings=replace(LINE, dead_after_s=2 * HANG_S))
        host = NoopHost(line, training_settings=QUICK)
        hosts.append(host)
        train_until(host, lambda: len(checkpoints_of(tmp_path / "results")) >= 3)
        first.process.kill()
        first.process.wait()
    version = host.policy.version
    at_the_same = ("--endpoint", first.endpoint)
    before = load_checkpoint(checkpoints_of(tmp_path / "results")[-1]).context.consumed
    with served_trainer(tmp_path, *options, "--resume", endpoint=at_the_same):
        train_until(host, lambda: host.policy.version > version + 3)
        newest = load_checkpoint(checkpoints_of(tmp_path / "results")[-1])
    assert newest.context.consumed.keys() == before.keys()
    assert host.trainer.training_failure is None
    assert host.trainer.restart_count == 0


def test_a_trainer_that_can_never_go_on_is_given_up_with_its_last_words(hosts: list[Host], tmp_path: Path) -> None:
    process = TrainerProcessSettings(
        results_directory=tmp_path, low_priority=False, max_lifetime_restarts=2, restarts_rate_limit_n=-1
    )
    host = NoopHost(Communicator.make_launched(process, LINE), training_settings=QUICK)
    hosts.append(host)
    train_until(host, lambda: host.trainer.is_collecting)
    (run,) = tmp_path.iterdir()
    os.kill(trainer_process_id(host), signal.SIGKILL)
    host.tick_until(lambda: host.trainer.restart_count == 1)
    run.rename(tmp_path.parent / "taken away")
    text = host.tick_until_failed(FailureCode.LAUNCH_FAILED, HANG_S)
    assert "expected a run to resume" in text
    assert "started again 2 times before" in text
