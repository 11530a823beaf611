"""A way for one thread to end another's wait on sockets."""

from __future__ import annotations

import socket
from typing import Protocol


class HasFileno(Protocol):
    """Anything with a descriptor that a wait can watch."""

    def fileno(self) -> int:
        """The descriptor."""


class Waker:
    """A pair of sockets: any thread writes into one end, and the waiting thread has the other in its poller."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """The descriptor that becomes readable on a wake; -1 once closed."""
        return self._reader.fileno()

    def wake(self) -> None:
        """End the wait, now or when it begins; from any thread. Does nothing once closed."""
        try:
            self._writer.send(b"\0")
        except BlockingIOError:
            return  # full of earlier wakes, which do as well
        except OSError:
            if self._writer.fileno() != -1:
                raise

    def drain(self) -> bool:
        """Forget the wakes so far; whether there were any."""
        was_woken = False
        try:
            while self._reader.recv(4096):
                was_woken = True
        except BlockingIOError:
            pass
        return was_woken

    def close(self) -> None:
        """Free both ends; a second close does nothing."""
        self._writer.close()
        self._reader.close()
