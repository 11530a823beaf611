"""A server as a process: signals, the parent's pipe, and an end that leaves nothing behind."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType

from trainer_process.parent_watch import ParentWatch
from trainer_process.server import Server

logger = logging.getLogger(__name__)

PARENT_GRACE_S = 1.7
"""A trainer whose parent is gone is gone itself within two seconds."""

INTERRUPTED_EXIT_CODE = 130
STANDARD_INPUT = 0


def serve_until_stopped(
    server: Server,
    *,
    clean_up: Callable[[], None],
    watches_parent: bool = False,
    announce: Callable[[], None] = lambda: None,
) -> int:
    """Runs a server on the main thread until a signal, a host or the parent's end stops it.

    Args:
        server: not running yet.
        clean_up: removes files of this process; called once at the end, or in haste before a forced one.
        watches_parent: standard input is a pipe whose end means that the parent is gone.
        announce: says that the server is there; called once signals are taken, for whoever hears it may send one.

    Returns:
        The exit code; to be given to `leave`.
    """
    with ExitStack() as stack:
        stack.callback(clean_up)
        _take_signals(server, clean_up)
        announce()
        if watches_parent:
            watch = ParentWatch(
                STANDARD_INPUT,
                on_gone=lambda: server.request_stop("the host that started this trainer is gone", hears_out=True),
                grace_s=PARENT_GRACE_S,
                last_resort=lambda: _leave_at_once(clean_up, 1),
            )
            stack.callback(watch.close)
        return server.run()


def leave(exit_code: int) -> None:
    """Ends this process, everything of which was closed before.

    The interpreter is not taken down: a stuck learner would hold it up, and torch takes seconds on a busy machine.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def _take_signals(server: Server, clean_up: Callable[[], None]) -> None:
    """The first signal asks the loop to end; a second one ends the process over its head."""
    received: list[int] = []

    def take(number: int, frame: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            _leave_at_once(clean_up, INTERRUPTED_EXIT_CODE)
        server.request_stop(f"{signal.Signals(number).name} was received")

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), take)


def _leave_at_once(clean_up: Callable[[], None], exit_code: int) -> None:
    clean_up()
    os._exit(exit_code)
