"""Another process that makes and attaches segments as it is told: `python -m …peer_process FOLDER`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from protocol.shared_memory import attach_segment, create_segment, file_segment, sweep_stale_segments

MODULE = "tests.protocol.shared_memory.peer_process"
REPOSITORY = Path(__file__).resolve().parents[3]


class PeerProcess:
    """A running one, seen from the test."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(folder)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, command: str) -> str:
        """What it answers to a command."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(command, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def end(self) -> int:
        """Ends it as Python ends; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(20.0)

    def kill(self) -> None:
        """Ends it in the middle of whatever it does."""
        self.process.kill()
        self.process.wait(20.0)


@contextmanager
def peer_process(folder: Path) -> Iterator[PeerProcess]:
    """Runs one until the end of the context."""
    peer = PeerProcess(folder)
    try:
        yield peer
    finally:
        peer.kill()
        for pipe in (peer.process.stdin, peer.process.stdout):
            assert pipe is not None
            pipe.close()


def _fork() -> int:
    """A child that ends as Python ends, with everything that its parent made."""
    child = os.fork()
    if child == 0:
        sys.exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _children() -> int:
    return sum(len(tasks.read_text().split()) for tasks in Path("/proc/self/task").glob("*/children"))


def main() -> None:
    folder = Path(sys.argv[1])
    file_segment.shared_memory_folder = lambda: folder
    held = []
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        match command:
            case "make":
                held.append(create_segment(int(argument)))
                held[-1].memory[:] = np.arange(int(argument)) % 251
                answer = held[-1].name
            case "attach":
                held.append(attach_segment(argument))
                answer = held[-1].memory.tobytes().hex()
            case "drop":
                held.clear()
                answer = "dropped"
            case "fork":
                answer = str(_fork())
            case "children":
                answer = str(_children())
            case "sweep":
                answer = " ".join(sweep_stale_segments())
            case _:
                answer = f"no command {line!r}"
        print(answer, flush=True)


if __name__ == "__main__":
    main()
