"""A host as a program, for tests that stop and kill it: `python -m tests.integration.host_program`.

It says in a line of JSON how far it is whenever that changed. TERM lets it play on without recording, so that what it
has sent can be counted.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from host_sdk import Communicator, CommunicatorSettings, PPOTrainerSettings, PPOTrainingSettings, TrainerProcessSettings

from .noop_host import NoopHost

MODULE = "tests.integration.host_program"
REPOSITORY = Path(__file__).resolve().parents[2]
FOR_EVER = 10**9


class HostProgram:
    """A running one, seen from the test.

    Attributes:
        process: it.
        said: its last line.
    """

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", MODULE, *arguments],
            cwd=REPOSITORY,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said: dict[str, Any] = {}
        self._is_over = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def await_said(self, condition: Callable[[dict[str, Any]], bool], timeout_s: float = 100.0) -> dict[str, Any]:
        """Its first line from now on, the last one included, of which the condition holds."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or (bool(self.said) and condition(self.said)), timeout_s)
            assert self.said, "the host ended without a word"
            assert condition(self.said), self.said
            return self.said

    def end(self) -> None:
        """Kills it, asleep or awake."""
        self.process.kill()
        self.process.wait()
        self._reader.join(5.0)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with self._changed:
                    self.said = json.loads(line)
                    self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


@contextmanager
def host_program(*arguments: str, **environment: str) -> Iterator[HostProgram]:
    """Runs one until the end of the context."""
    program = HostProgram(list(arguments), environment)
    try:
        yield program
    finally:
        program.end()


def state(host: NoopHost) -> dict[str, object]:
    """How far the host is."""
    failure = host.trainer.training_failure
    return {
        "process": os.getpid(),
        "trainer": host.communicator.trainer_process_id,
        "is_collecting": host.trainer.is_collecting,
        "version": host.policy.version,
        "batches": host.trainer.batches_sent,
        "shared_memory": host.shared_memory,
        "is_quiet": host.trainer.is_evaluating,
        "failure": None if failure is None else str(failure.code),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=Path, help="launch a trainer that writes there, instead of attaching")
    parser.add_argument("--behavior", default="default")
    parser.add_argument("--settings", type=json.loads, default={}, help="training settings, as JSON")
    parser.add_argument("--dead-after", type=float, default=10.0)
    parser.add_argument("--shared-memory", action=argparse.BooleanOptionalAction, default=None)
    options = parser.parse_args()
    settings = CommunicatorSettings(
        heartbeat_interval_s=0.2, dead_after_s=options.dead_after, shared_memory=options.shared_memory
    )
    process = TrainerProcessSettings(results_directory=options.results, low_priority=False)
    host = NoopHost(
        Communicator.from_environment(process, settings),
        training_settings=PPOTrainingSettings(**options.settings),
        trainer_settings=PPOTrainerSettings(behavior=options.behavior),
    )
    is_told = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: is_told.set())
    said: dict[str, object] = {}
    while True:
        host.tick()
        if is_told.is_set() and not host.trainer.is_evaluating:
            host.trainer.begin_evaluation(FOR_EVER)
        if (now := state(host)) != said:
            said = now
            print(json.dumps(said), flush=True)
        if not host.trainer.is_training:
            break
        time.sleep(0.001)
    host.communicator.close()
    sys.exit(0 if host.trainer.training_failure is None else 3)


if __name__ == "__main__":
    main()
