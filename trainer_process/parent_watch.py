"""Leaving when the parent is gone: the end of the pipe on standard input says so."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


class ParentWatch:
    """Waits on a pipe that the parent holds open and never writes to; its end means that the parent is gone.

    A daemon thread reads, since pipes can't be polled on every platform. The main thread is told, and should leave;
    where it doesn't in time (it is stuck), the process is ended from here.
    """

    def __init__(
        self, pipe: int, *, on_gone: Callable[[], None], grace_s: float, last_resort: Callable[[], None]
    ) -> None:
        """
        Args:
            pipe: the descriptor to read.
            on_gone: tells the main thread; called on the watching thread.
            grace_s: how long the main thread has after that.
            last_resort: removes what would be left behind and ends the process; called on the watching thread.
        """
        self._pipe = pipe
        self._on_gone = on_gone
        self._grace_s = grace_s
        self._last_resort = last_resort
        self._has_left = threading.Event()
        self._is_gone = False
        self._thread = threading.Thread(target=self._watch, name="parent watch", daemon=True)
        self._thread.start()

    @property
    def is_parent_gone(self) -> bool:
        """Whether the pipe has ended."""
        return self._is_gone

    def close(self) -> None:
        """The main thread has left its loop by itself; the last resort isn't needed."""
        self._has_left.set()

    def join(self, timeout_s: float) -> None:
        """Waits at most so long for the watching thread, which ends after the pipe."""
        self._thread.join(timeout_s)

    def _watch(self) -> None:
        try:
            while os.read(self._pipe, 4096):
                pass
        except OSError:
            pass  # a pipe that can't be read has ended as well
        self._is_gone = True
        self._on_gone()
        if not self._has_left.wait(self._grace_s):
            self._last_resort()
