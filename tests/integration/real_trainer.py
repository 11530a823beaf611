"""The real trainer, with torch, as a host launches it and as a person serves it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from host_sdk import Communicator, CommunicatorSettings, PPOTrainerSettings, PPOTrainingSettings, TrainerProcessSettings
from protocol.endpoint import TOKEN_VARIABLE

from .noop_host import NoopHost

HANG_S = 100.0
"""A wait for something that torch has to be imported for; on a busy machine that takes a while."""

TOKEN = "a token of the tests"
HOST_TIMEOUT_S = 4.0
QUICK = PPOTrainingSettings(steps_per_update=32, minibatch_size=16, epochs=1, max_policy_lag=1_000_000)
LONG_UPDATES = PPOTrainingSettings(steps_per_update=32, minibatch_size=2, epochs=1000)
"""The first batch only initialises the normaliser; learning from the second one takes longer than any test."""


def until(condition: Callable[[], bool], what: str) -> None:
    """Looks until the condition holds; the limit is for hangs alone."""
    limit_s = time.monotonic() + HANG_S
    while not condition():
        assert time.monotonic() < limit_s, f"waited {HANG_S:g} s for {what}"
        time.sleep(0.005)


def is_running(process_id: int) -> bool:
    """Whether the process does anything still; one that ended and was not waited for does not."""
    try:
        return bool(psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def cpu_seconds(process_id: int) -> float:
    """Processor time that the process has used."""
    times = psutil.Process(process_id).cpu_times()
    return float(times.user + times.system)


def launching(
    folder: Path,
    training_settings: PPOTrainingSettings,
    settings: CommunicatorSettings | None = None,
    *,
    shared_memory: bool | None = None,
    **options: Any,
) -> NoopHost:
    """A host that launches the real trainer, which writes its results into the folder."""
    settings = replace(settings or CommunicatorSettings(connect_timeout_s=HANG_S), shared_memory=shared_memory)
    process = TrainerProcessSettings(results_directory=folder, low_priority=False, stop_timeout_s=1.0)
    communicator = Communicator.make_launched(process, settings)
    return NoopHost(communicator, training_settings=training_settings, **options)


def train_until(host: NoopHost, condition: Callable[[], bool]) -> None:
    """Plays until the condition holds, which must be before training fails."""
    host.tick_until(lambda: host.trainer.has_training_failed or condition(), HANG_S)
    assert not host.trainer.has_training_failed, str(host.trainer.training_failure)


def trainer_process_id(host: NoopHost) -> int:
    """Of the trainer that this host launched."""
    process_id = host.communicator.trainer_process_id
    assert process_id is not None
    return process_id


@dataclass
class ServedTrainer:
    """A trainer that waits for hosts.

    Attributes:
        process: it.
        endpoint: where it listens.
        log_file: what it writes to its standard error.
        results: where its run folders are.
    """

    process: subprocess.Popen[str]
    endpoint: str
    log_file: Path
    results: Path

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self.log_file.read_text()

    def host(
        self,
        behavior: str,
        training_settings: PPOTrainingSettings = QUICK,
        *,
        token: str = TOKEN,
        checkpoint: str = "",
        shared_memory: bool | None = None,
        **options: Any,
    ) -> NoopHost:
        """A host in this process that attaches to it."""
        settings = CommunicatorSettings(connect_timeout_s=HANG_S, shared_memory=shared_memory)
        return NoopHost(
            Communicator.make_attached(self.endpoint, token=token, settings=settings),
            training_settings=training_settings,
            trainer_settings=PPOTrainerSettings(behavior=behavior, checkpoint=checkpoint),
            **options,
        )


ANY_PORT = ("--endpoint", "tcp://127.0.0.1:0")


@contextmanager
def served_trainer(
    folder: Path,
    *arguments: str,
    program: Sequence[str] = ("-m", "trainer_process"),
    endpoint: Sequence[str] = ANY_PORT,
) -> Iterator[ServedTrainer]:
    """`learning-bridge serve` until the end of the context.

    Args:
        folder: for what it writes.
        arguments: of the command line.
        program: what of Python's arguments makes it the trainer's command line.
        endpoint: arguments that say where to listen; usually a free port.
    """
    log_file, results = folder / "log", folder / "results"
    command = [sys.executable, *program, "serve", *endpoint]
    command += ["--results-dir", str(results), "--host-timeout", str(HOST_TIMEOUT_S), *arguments]
    with log_file.open("w") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, TOKEN_VARIABLE: TOKEN}
        )
    with process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert first.startswith("listening on "), log_file.read_text()
            yield ServedTrainer(process, first.split()[2].rstrip(";"), log_file, results)
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
