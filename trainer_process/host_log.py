"""What a host says: into the trainer's log, into a file of its run, and the last of it to be quoted."""

from __future__ import annotations

import logging
import threading
from collections import deque
from pathlib import Path

from trainer_process.run_folder import LOGS_FOLDER_NAME

host_log = logging.getLogger("trainer_process.host")

LAST_LINES = 20
MAX_WAITING_LINES = 2000
"""Kept until there is a run folder: a run whose hosts never get that far leaves none."""


class HostLog:
    """The lines of one host, of all its starts. Safe to be written to by one thread and read by another."""

    def __init__(self, number: int, run_folder: Path | None = None) -> None:
        """
        Args:
            number: of the host.
            run_folder: where `run_logs/host-N.log` is written once the folder is there; None writes no file.
        """
        self.number = number
        self._folder = run_folder
        self._waiting: deque[str] = deque(maxlen=MAX_WAITING_LINES)
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._lock = threading.Lock()

    @property
    def path(self) -> Path | None:
        """Of the file; None where none is written."""
        return None if self._folder is None else self._folder / LOGS_FOLDER_NAME / f"host-{self.number}.log"

    @property
    def last_lines(self) -> tuple[str, ...]:
        """What the host said last."""
        with self._lock:
            return tuple(self._last)

    def write(self, line: str) -> None:
        """A line that the host said."""
        host_log.info("host %d: %s", self.number, line)
        with self._lock:
            self._last.append(line)
            self._keep(line)

    def note(self, text: str) -> None:
        """A line of the trainer's own, as of a start; the host's last words before it are of no interest any more."""
        with self._lock:
            self._last.clear()
            self._keep(f"--- {text} ---")

    def flush(self) -> None:
        """Writes what waited for the run folder, where there is one now."""
        with self._lock:
            self._write_waiting()

    def _keep(self, line: str) -> None:
        if self._folder is not None:
            self._waiting.append(line)
            self._write_waiting()

    def _write_waiting(self) -> None:
        path = self.path
        if path is None or self._folder is None or not self._waiting or not self._folder.is_dir():
            return
        try:
            path.parent.mkdir(exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in self._waiting)
        except OSError as error:
            host_log.warning("host %d: its log can't be written, and is not kept: %s", self.number, error)
            self._folder = None
        self._waiting.clear()
