"""Whether somebody works on a run: a file that is locked as long as its trainer lives.

The system frees the lock with the process, however that ends, so that a run that was killed is never taken for one
that goes on, as a process id alone would be once another program has it.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PRESENCE_FILE_NAME = ".running"
_LOCKED_BYTE = 1 << 30
"""Far behind the content: on Windows nobody else can read what is locked."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Presence:
    """Who works on a run.

    Attributes:
        process_id: of the trainer; 0 where it isn't known.
        host_name: of its machine.
        since: seconds since 1970.
    """

    process_id: int
    host_name: str
    since: float


class RunPresence:
    """Says that this process works on a run; for one thread."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: of the run; nothing is said before it is there.
        """
        self._path = folder / PRESENCE_FILE_NAME
        self._handle: int | None = None
        self._is_hopeless = False

    def announce(self) -> None:
        """Takes the lock, where the folder is there and the lock is not held yet; may be called often."""
        if self._handle is not None or self._is_hopeless or not self._path.parent.is_dir():
            return
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            self._is_hopeless = True
            logger.info("%s: nobody will see that this run goes on: %s", self._path, error)
            return
        if not _lock(handle):  # somebody looks at this moment, or an earlier trainer hasn't quite ended
            os.close(handle)
            return
        presence = Presence(os.getpid(), socket.gethostname(), round(time.time(), 3))
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps(asdict(presence)).encode())
        self._handle = handle

    def end(self) -> None:
        """Frees the lock; further calls do nothing."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def find_presence(folder: Path) -> Presence | None:
    """Who works on the run in a folder; None where nobody does."""
    try:
        handle = os.open(folder / PRESENCE_FILE_NAME, os.O_RDWR)
    except OSError:
        return None
    try:
        if _lock(handle):
            return None
        return Presence(**json.loads(os.read(handle, 4096)))
    except (TypeError, ValueError):
        return Presence(0, "", 0.0)
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> bool:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True
else:
    import fcntl

    def _lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
