"""Where a run's time goes: a tree of timed blocks, and gauges of what was measured, as ML-Agents' `timers.json`.

A thread's blocks are counted once it has been told by `RunTimers.follow` to which run it belongs; elsewhere they cost
next to nothing. A block takes about a microsecond, so they stand around what happens a few times an update.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from trainer_process.atomic_file import write_atomically
from trainer_process.library_version import library_version

TIMERS_FILE_NAME = "timers.json"
ROOT = "root"

logger = logging.getLogger(__name__)


class TimerNode:
    """One block of the tree.

    Attributes:
        total_s: seconds inside it, over all times.
        count: how often it was passed through.
        children: the blocks inside it, by name.
    """

    __slots__ = ("children", "count", "total_s")

    def __init__(self) -> None:
        self.total_s = 0.0
        self.count = 0
        self.children: dict[str, TimerNode] = {}

    def child(self, name: str) -> TimerNode:
        """The block of that name inside this one."""
        found = self.children.get(name)
        if found is None:
            found = self.children[name] = TimerNode()
        return found

    def to_plain(self, name: str) -> dict[str, object]:
        """As the file has it; `self` is the time in none of its children."""
        children = dict(self.children)  # another thread may add to it
        inside_s = sum(child.total_s for child in children.values())
        plain: dict[str, object] = {
            "name": name,
            "total": round(self.total_s, 6),
            "count": self.count,
            "self": round(max(0.0, self.total_s - inside_s), 6),
        }
        if children:
            plain["children"] = {each: child.to_plain(each) for each, child in children.items()}
        return plain


class Gauge:
    """The newest, least and greatest of a number, and how often it was set."""

    __slots__ = ("count", "greatest", "least", "value")

    def __init__(self, value: float) -> None:
        self.value = self.least = self.greatest = value
        self.count = 0

    def set(self, value: float) -> None:
        """Takes a new value in."""
        self.value = value
        self.least = min(self.least, value)
        self.greatest = max(self.greatest, value)
        self.count += 1

    def to_plain(self) -> dict[str, float]:
        """As the file has it."""
        return {"value": self.value, "min": self.least, "max": self.greatest, "count": self.count}


class RunTimers:
    """The timers of one run, a branch for each of its threads, and its gauges."""

    def __init__(self, folder: Path) -> None:
        """
        Args:
            folder: of the run; nothing is written before it is there.
        """
        self._path = folder / TIMERS_FILE_NAME
        self._began_s = time.perf_counter()
        self._metadata: dict[str, object] = {
            "timer_format_version": "0.1.0",
            "start_time_seconds": round(time.time()),
            "learning_bridge_version": library_version(),
        }
        self._branches: dict[str, TimerNode] = {}
        self._open_s: dict[str, float] = {}
        self._gauges: dict[str, Gauge] = {}

    @contextmanager
    def follow(self, name: str) -> Iterator[None]:
        """Counts the blocks of this thread, in a branch of that name, until the `with` ends."""
        branch = self._branches.setdefault(name, TimerNode())
        branch.count += 1
        self._open_s[name] = time.perf_counter()
        before = getattr(_thread, "position", None)
        _thread.position = _Position(self, branch)
        try:
            yield
        finally:
            _thread.position = before
            branch.total_s += time.perf_counter() - self._open_s.pop(name)

    def set_gauges(self, prefix: str, numbers: Mapping[str, float]) -> None:
        """Takes new values of gauges in, each called by the prefix and its own name."""
        for name, value in numbers.items():
            key = f"{prefix}.{name}"
            gauge = self._gauges.get(key)
            if gauge is None:
                gauge = self._gauges[key] = Gauge(value)
            gauge.set(value)

    def to_plain(self) -> dict[str, object]:
        """As the file has it, of this moment; a branch that is still followed counts in full."""
        now_s = time.perf_counter()
        root = TimerNode()
        root.count = 1
        root.total_s = now_s - self._began_s
        for name, branch in dict(self._branches).items():
            seen = root.children[name] = TimerNode()
            seen.count, seen.children = branch.count, branch.children
            seen.total_s = branch.total_s + (now_s - self._open_s.get(name, now_s))
        plain = root.to_plain(ROOT)
        gauges = {name: gauge.to_plain() for name, gauge in sorted(dict(self._gauges).items())}
        return {**plain, "gauges": gauges, "metadata": {**self._metadata, "end_time_seconds": round(time.time())}}

    def write(self) -> None:
        """Writes the file, whole or not at all; a disk that is full ends no training."""
        if not self._path.parent.is_dir():
            return
        try:
            write_atomically(self._path, (json.dumps(self.to_plain(), indent=1) + "\n").encode())
        except OSError as error:
            logger.error("%s could not be written: %s", self._path, error)


class _Position:
    """Where in a run's tree a thread is."""

    __slots__ = ("node", "run")

    def __init__(self, run: RunTimers, node: TimerNode) -> None:
        self.run = run
        self.node = node


_thread = threading.local()


class Timed:
    """Times a block: `with Timed("update"):`."""

    __slots__ = ("_above", "_began_s", "_name", "_position")

    def __init__(self, name: str) -> None:
        """
        Args:
            name: of the block, among those of the block around it.
        """
        self._name = name

    def __enter__(self) -> None:
        self._position: _Position | None = getattr(_thread, "position", None)
        if self._position is not None:
            self._above = self._position.node
            self._position.node = self._above.child(self._name)
            self._began_s = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._position is not None:
            node = self._position.node
            node.total_s += time.perf_counter() - self._began_s
            node.count += 1
            self._position.node = self._above


def set_gauges(prefix: str, numbers: Mapping[str, float]) -> None:
    """Takes new values of gauges in, for the run that this thread belongs to, if any; see `RunTimers.set_gauges`."""
    position: _Position | None = getattr(_thread, "position", None)
    if position is not None:
        position.run.set_gauges(prefix, numbers)


def write_timers() -> None:
    """Writes the timers of the run that this thread belongs to, if any."""
    position: _Position | None = getattr(_thread, "position", None)
    if position is not None:
        position.run.write()
