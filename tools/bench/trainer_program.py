"""A trainer in a process of its own that hosts attach to, as `learning-bridge serve` runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from protocol.endpoint import HAS_IPC
from tools.bench.measured_program import ONE_THREAD, STOP_TIMEOUT_S
from tools.bench.options import ROOT

LISTENING = "listening on "


class TrainerProgram:
    """Runs while the `with` block does.

    Attributes:
        endpoint: where it listens.
    """

    def __init__(self, module: str, folder: Path, **settings: object) -> None:
        """
        Args:
            module: what to run, `trainer_process` or one that takes its command line.
            folder: an empty folder for its socket and its results.
            settings: of training; they win over what hosts ask for.
        """
        assignments = [part for name, value in settings.items() for part in ("--set", f"{name}={json.dumps(value)}")]
        endpoint = f"ipc://{folder / 'trainer'}" if HAS_IPC else "tcp://127.0.0.1:0"
        self._process = subprocess.Popen(
            (
                *(sys.executable, "-m", module, "serve", "--endpoint", endpoint, "--results-dir", str(folder)),
                *("--checkpoint-interval", "0", "--log-level", "warning", *assignments),
            ),
            cwd=ROOT,
            env={**os.environ, **ONE_THREAD},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(LISTENING):
            status = self._process.wait()
            raise RuntimeError(f"{module}: expected a trainer that listens, got {line!r} and exit status {status}")
        self.endpoint = line.removeprefix(LISTENING).partition(";")[0]

    @property
    def process_id(self) -> int:
        """Of the trainer."""
        return self._process.pid

    def __enter__(self) -> TrainerProgram:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdout is not None
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
