"""Runs one host for a trainer and ends it when the trainer is gone: `python -m trainer_process.host_guard COMMAND…`.

The trainer holds the guard's standard input open and never writes to it. Its end means that the trainer asks for
the host's end, or is dead, however it died; either way the host is told (TERM), then made to leave (KILL), so that no
game is left running without its trainer. What a dead trainer left in the temporary folder is swept away.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

from protocol.rendezvous import sweep_stale

TERMINATE_AFTER_S = 2.0
"""Until then the host may leave by itself; it was told to stop over the bridge."""

KILL_AFTER_S = 2.0
LAUNCH_FAILED_EXIT_CODE = 127


def guard(command: list[str]) -> int:
    """Runs the command and returns its exit code; ends it when standard input ends.

    A signal's number n comes back as 128 + n, as shells do.
    """
    is_windows = sys.platform == "win32"
    try:
        host = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) if is_windows else 0,
            process_group=None if is_windows else 0,
        )
    except OSError as error:
        print(f"the host {command[0]!r} could not be started: {error}", file=sys.stderr, flush=True)
        return LAUNCH_FAILED_EXIT_CODE
    threading.Thread(target=_end_with_standard_input, args=(host,), name="trainer watch", daemon=True).start()
    exit_code = host.wait()
    _signal_group(host, kill=True)
    sweep_stale()
    return exit_code if exit_code >= 0 else 128 - exit_code


def _end_with_standard_input(host: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    with contextlib.suppress(subprocess.TimeoutExpired):
        host.wait(TERMINATE_AFTER_S)
        return
    _signal_group(host, kill=False)
    with contextlib.suppress(subprocess.TimeoutExpired):
        host.wait(KILL_AFTER_S)
        return
    _signal_group(host, kill=True)


if sys.platform == "win32":

    def _signal_group(host: subprocess.Popen[bytes], *, kill: bool) -> None:
        with contextlib.suppress(OSError):
            if kill:
                host.kill()
            else:
                host.send_signal(signal.CTRL_BREAK_EVENT)
else:

    def _signal_group(host: subprocess.Popen[bytes], *, kill: bool) -> None:
        """The group holds the host's own children too, which outlive a host that was killed."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(host.pid, signal.SIGKILL if kill else signal.SIGTERM)


def main() -> None:
    """The guard as a program; a Ctrl-C meant for the trainer is left to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(guard(sys.argv[1:]))


if __name__ == "__main__":
    main()
