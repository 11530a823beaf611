"""What the threads of this process are doing, looked at some hundred times a second.

Nothing that is measured is changed, or slowed by more than some percent: the stacks are read while they stand. The
main thread is looked at by itself, when a timer of the system interrupts it, which is right to the instruction. The
others are seen when they hand the interpreter over: that is right for phases of milliseconds, but it sees what
releases the interpreter's lock (a product, a poll) too often beside the lines of Python between. Where the system has
no such timer (Windows), a thread looks at all of them so.
"""

from __future__ import annotations

import atexit
import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TypeAlias

PERIOD_S = 0.002
SWITCH_INTERVAL_S = 5e-6
WRITE_INTERVAL_S = 0.25
OWN_PACKAGES = frozenset({"host_sdk", "protocol", "tools", "trainer_process"})

Stack: TypeAlias = tuple[str, ...]
"""Functions of this project, as `module:Class.function`, from the outermost in."""


@dataclass(frozen=True)
class Samples:
    """How often each thread was seen where.

    Attributes:
        taken_s: on the monotonic clock, which all processes share.
        stacks: by thread's name, how often each stack was seen.
        cpu_s: by thread's name, its processor seconds; without what the system doesn't tell.
        process_cpu_s: of all threads, those without Python included.
    """

    taken_s: float = 0.0
    stacks: Mapping[str, Mapping[Stack, int]] = field(default_factory=dict)
    cpu_s: Mapping[str, float] = field(default_factory=dict)
    process_cpu_s: float = 0.0

    def since(self, earlier: Samples) -> Samples:
        """What came after an earlier state of the same process; `taken_s` is then the time between."""
        stacks = {
            thread: {stack: count - earlier.stacks.get(thread, {}).get(stack, 0) for stack, count in counts.items()}
            for thread, counts in self.stacks.items()
        }
        cpu_s = {thread: seconds - earlier.cpu_s.get(thread, 0.0) for thread, seconds in self.cpu_s.items()}
        process_cpu_s = self.process_cpu_s - earlier.process_cpu_s
        return Samples(self.taken_s - earlier.taken_s, stacks, cpu_s, process_cpu_s)


class Sampler:
    """Looks at this process until it is stopped; `start` it once, on the main thread. It takes SIGALRM."""

    def __init__(self, path: Path | None = None) -> None:
        """
        Args:
            path: where to write what was seen, some times a second; None writes nothing.
        """
        self._path = path
        # No lock guards it: the signal may come while the main thread holds one. Copying a dict is one step.
        self._counts: dict[str, dict[Stack, int]] = {}
        self._own_threads: set[int | None] = set()

    def start(self) -> None:
        """Begins to look."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, lambda number, frame: self._look(frame))
            signal.setitimer(signal.ITIMER_REAL, PERIOD_S, PERIOD_S)
            atexit.register(self.stop)
        else:
            self._run("sampler", PERIOD_S, lambda: self._look(None))
        path = self._path
        if path is not None:
            self._run("sample writer", WRITE_INTERVAL_S, lambda: write(self.samples(), path))

    def stop(self) -> None:
        """Ends the timer; no alarm may come when the interpreter no longer takes it."""
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def samples(self) -> Samples:
        """All that was seen so far."""
        stacks = {thread: dict(counts) for thread, counts in list(self._counts.items())}
        return Samples(time.monotonic(), stacks, _thread_cpu_s(), time.process_time())

    def _run(self, name: str, period_s: float, action: Callable[[], None]) -> None:
        def repeat() -> None:
            while True:
                time.sleep(period_s)
                action()

        thread = threading.Thread(target=repeat, name=name, daemon=True)
        thread.start()
        self._own_threads.add(thread.ident)

    def _look(self, main_frame: FrameType | None) -> None:
        """Counts where every thread is; the main thread is in `main_frame`, where that is given."""
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        main = threading.main_thread().ident
        for ident, frame in sys._current_frames().items():
            if ident in names and ident not in self._own_threads:
                stack = own_stack(main_frame if ident == main and main_frame is not None else frame)
                counts = self._counts.setdefault(names[ident], {})
                counts[stack] = counts.get(stack, 0) + 1


def own_stack(frame: FrameType | None) -> Stack:
    """The functions of this project among a frame and its callers."""
    found: list[str] = []
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] in OWN_PACKAGES:
            found.append(f"{module}:{frame.f_code.co_qualname}")
        frame = frame.f_back
    return tuple(reversed(found))


def _thread_cpu_s() -> dict[str, float]:
    """By name; empty where the system keeps no clock for each thread."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return {}
    return {
        thread.name: time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.ident is not None
    }


def write(samples: Samples, path: Path) -> None:
    """Writes samples so that a reader finds all of them or those from before."""
    content = {
        "taken_s": samples.taken_s,
        "stacks": {
            thread: [[*stack, count] for stack, count in counts.items()] for thread, counts in samples.stacks.items()
        },
        "cpu_s": samples.cpu_s,
        "process_cpu_s": samples.process_cpu_s,
    }
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(content), encoding="utf-8")
    unfinished.replace(path)


def read(path: Path) -> Samples:
    """What `write` wrote last; nothing where it has not yet."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Samples()
    stacks = {
        thread: {tuple(entry[:-1]): int(entry[-1]) for entry in entries}
        for thread, entries in content["stacks"].items()
    }
    return Samples(content["taken_s"], stacks, content["cpu_s"], content["process_cpu_s"])
