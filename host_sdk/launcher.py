"""The trainer as a child process of the engine: started, listened to, stopped politely and then firmly."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO

from host_sdk.errors import LaunchError
from host_sdk.settings import TrainerProcessSettings
from protocol.endpoint import TOKEN_VARIABLE
from protocol.rendezvous import Rendezvous, RendezvousInfo, sweep_stale

logger = logging.getLogger(__name__)
trainer_log = logging.getLogger("host_sdk.trainer_process")

INTERPRETER_VARIABLE = "LEARNING_BRIDGE_PYTHON"
LAST_WORDS_S = 0.5
"""How long an ended child's last words are waited for, tick by tick."""

_SCRUBBED = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONINSPECT")
_live: set[TrainerProcess] = set()
"""Children not seen to be gone; one that was killed and forgotten is buried at the next launch, or at exit."""


def find_interpreter(settings: TrainerProcessSettings) -> str:
    """The Python that runs the trainer: the setting, then the environment, then this one if it is a Python.

    Raises:
        LaunchError: when none of them names a Python.
    """
    if settings.interpreter:
        return settings.interpreter
    if named := os.environ.get(INTERPRETER_VARIABLE):
        return named
    if sys.executable and "python" in Path(sys.executable).name.lower():
        return sys.executable
    raise LaunchError(
        f"no Python found to run the trainer: this program is {sys.executable or 'unnamed'!r}, which is not one; "
        f"set TrainerProcessSettings.interpreter or {INTERPRETER_VARIABLE} to a Python with learning-bridge[trainer]"
    )


class TrainerProcess:
    """One trainer process. Nothing here waits, except `close`.

    The child's standard input is a pipe that is never written: its end tells the child that its parent is gone.
    """

    def __init__(self, settings: TrainerProcessSettings) -> None:
        """Starts the child.

        Raises:
            LaunchError: when it can't be started.
        """
        sweep_stale()
        for process in tuple(_live):
            process.poll_stop()
        self._settings = settings
        self.token = secrets.token_hex(16)
        self._rendezvous = Rendezvous.create()
        self._stderr_tail: deque[str] = deque(maxlen=settings.stderr_tail_lines)
        self._stop_requested_s: float | None = None
        self._ended_s: float | None = None
        self._stop_stage = 0
        try:
            self._process = self._spawn(settings.command or (find_interpreter(settings), "-P", "-m", "trainer_process"))
        except BaseException:
            self._rendezvous.remove()
            raise
        self._readers = [
            self._read_lines(self._process.stdout, logging.INFO, None),
            self._read_lines(self._process.stderr, logging.WARNING, self._stderr_tail),
        ]
        _live.add(self)

    def _spawn(self, program: tuple[str, ...]) -> subprocess.Popen[bytes]:
        command = [*program, *self._arguments()]
        logger.info("launching the trainer: %s", " ".join(command))
        windows = sys.platform == "win32"
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment(),
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) if windows else 0,
                process_group=None if windows else 0,
            )
        except OSError as error:
            raise LaunchError(f"the trainer could not be started with {program[0]!r}: {error}") from error

    def _arguments(self) -> list[str]:
        settings = self._settings
        arguments = ["launched", "--rendezvous", str(self._rendezvous.path), "--parent-pipe"]
        arguments += ["--priority", "low" if settings.low_priority else "normal"]
        if settings.results_directory is not None:
            arguments += ["--results-dir", str(settings.results_directory)]
        if settings.run_id is not None:
            arguments += ["--run-id", settings.run_id]
        return [*arguments, *settings.arguments]

    def _environment(self) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if name not in _SCRUBBED}
        threads = str(self._settings.thread_count)
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            environment[name] = threads
        environment["OMP_WAIT_POLICY"] = "passive"
        environment["PYTHONUNBUFFERED"] = "1"
        environment.update(self._settings.environment)
        environment[TOKEN_VARIABLE] = self.token
        return environment

    def _read_lines(self, pipe: IO[bytes] | None, level: int, tail: deque[str] | None) -> threading.Thread:
        assert pipe is not None

        def read() -> None:
            with contextlib.suppress(ValueError, OSError), pipe:
                for raw in pipe:
                    line = raw.decode(errors="replace").rstrip()
                    if tail is not None:
                        tail.append(line)
                    trainer_log.log(level, "%s", line)

        thread = threading.Thread(target=read, name="learning-bridge trainer output", daemon=True)
        thread.start()
        return thread

    @property
    def process_id(self) -> int:
        """The child's process id."""
        return self._process.pid

    def rendezvous(self) -> RendezvousInfo | None:
        """Where the child listens, once it has said so."""
        return self._rendezvous.read()

    def exit_code(self) -> int | None:
        """The child's exit code, or None while it runs; negative is a signal's number."""
        return self._process.poll()

    @property
    def has_spoken_out(self) -> bool:
        """Whether all that an ended child wrote has been read, or long enough was waited for it."""
        if self._process.poll() is None:
            return False
        if self._ended_s is None:
            self._ended_s = time.monotonic()
        return not any(reader.is_alive() for reader in self._readers) or time.monotonic() - self._ended_s > LAST_WORDS_S

    def stderr_tail(self) -> tuple[str, ...]:
        """The last lines of the child's standard error; complete once the child `has_spoken_out`."""
        return tuple(self._stderr_tail)

    def request_stop(self, *, at_once: bool = False) -> None:
        """Asks the child to leave, by closing its input; `poll_stop` makes it firmer with time.

        Args:
            at_once: kill it without asking (a child that failed).
        """
        if self._stop_requested_s is None:
            self._stop_requested_s = time.monotonic()
            if self._process.stdin is not None:
                with contextlib.suppress(OSError):
                    self._process.stdin.close()
        if at_once and self._process.poll() is None:
            self._kill()
            self._stop_stage = 2

    def poll_stop(self) -> bool:
        """True once the child is gone; sends TERM, then KILL, as its time runs out. Never waits."""
        if self._process.poll() is not None:
            self._finish()
            return True
        if self._stop_requested_s is None:
            return False
        waited = time.monotonic() - self._stop_requested_s
        if waited > 2 * self._settings.stop_timeout_s and self._stop_stage < 2:
            logger.warning("the trainer (pid %d) did not leave when told to: killed", self.process_id)
            self._kill()
            self._stop_stage = 2
        elif waited > self._settings.stop_timeout_s and self._stop_stage < 1:
            logger.warning("the trainer (pid %d) did not leave when asked to: terminated", self.process_id)
            self._terminate()
            self._stop_stage = 1
        return False

    def _terminate(self) -> None:
        if sys.platform == "win32":
            with contextlib.suppress(OSError):
                self._process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            self._process.terminate()

    def _kill(self) -> None:
        """With all that it started: a command of the user's may be a program around the trainer."""
        if sys.platform == "win32":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)  # a group of its own; see _spawn

    def close(self) -> None:
        """Ends the child and waits until it is gone; bounded by three times `stop_timeout_s`."""
        self.request_stop()
        deadline = time.monotonic() + 3 * self._settings.stop_timeout_s
        while not self.poll_stop() and time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=0.05)
        self._finish()

    def _finish(self) -> None:
        self._rendezvous.remove()
        if self._process.stdin is not None and not self._process.stdin.closed:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        _live.discard(self)


@atexit.register
def _close_all() -> None:
    for process in list(_live):
        process.close()
