"""A named piece of memory that two processes of one user see: made by one, read by the other.

Python's own `multiprocessing.shared_memory` is not used where files can be mapped: until 3.13 a process that merely
attaches registers the segment with a tracker of its own, which deletes it when that process ends.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.errors import SharedMemoryError
from protocol.limits import MAX_ARENA_BYTES

ByteArray: TypeAlias = npt.NDArray[np.uint8]

NAME_PREFIX = "learning-bridge-memory-"
NAME_PATTERN = re.compile(NAME_PREFIX + r"[0-9]{1,10}-[0-9a-f]{16}", re.ASCII)
"""The name of a segment: its maker's process id, for people, and 64 random bits."""


@dataclass(frozen=True, eq=False)
class SharedSegment:
    """A segment as one process sees it.

    The memory lives as long as an array on it does, whatever becomes of the name; the name goes when the maker calls
    `unlink`, or when the maker's last array on it, or its process, ends.

    Attributes:
        name: by which another process attaches.
        memory: uint8[size]; only the maker may write.
        unlink: takes the name away, so that nobody attaches any more; nothing for who merely attached, and nothing at
            a second call.
    """

    name: str
    memory: ByteArray
    unlink: Callable[[], object]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.memory.size


class _Platform(Protocol):
    """How segments are made where this runs."""

    def create(self, name: str, size: int) -> SharedSegment: ...

    def attach(self, name: str) -> SharedSegment: ...

    def is_named(self, name: str) -> bool: ...

    def sweep_stale(self) -> list[str]: ...


def _platform() -> _Platform:
    if sys.platform == "win32":
        from protocol.shared_memory import windows_segment

        return windows_segment
    from protocol.shared_memory import file_segment

    return file_segment


def create_segment(size: int) -> SharedSegment:
    """Makes a segment of zeros whose pages are in memory already.

    Args:
        size: bytes, from 1 to MAX_ARENA_BYTES.

    Raises:
        SharedMemoryError: there is no room for it, or no shared memory on this machine.
    """
    if not 1 <= size <= MAX_ARENA_BYTES:
        raise SharedMemoryError(f"shared memory: expected a size from 1 to {MAX_ARENA_BYTES} bytes, got {size}")
    return _platform().create(make_name(), size)


def attach_segment(name: str) -> SharedSegment:
    """Sees a segment that another process of this user made; for reading.

    Raises:
        SharedMemoryError: there is none of that name, it is too large, or another user may enter it.
    """
    if NAME_PATTERN.fullmatch(name) is None:
        raise SharedMemoryError(f"shared memory: expected a name {NAME_PREFIX}<pid>-<16 hex digits>, got {name!r:.80}")
    return _platform().attach(name)


def is_named(name: str) -> bool:
    """Whether the name of a segment is there still, as far as this system tells."""
    return _platform().is_named(name)


def sweep_stale_segments() -> list[str]:
    """Deletes the segments of this user whose makers are gone; returns their names."""
    return _platform().sweep_stale()


def make_name() -> str:
    """A name that nobody has used."""
    return f"{NAME_PREFIX}{os.getpid()}-{secrets.token_hex(8)}"


def require_attachable_size(name: str, size: int) -> None:
    """Refuses what no peer of ours makes.

    Raises:
        SharedMemoryError: it is empty or above MAX_ARENA_BYTES.
    """
    if not 1 <= size <= MAX_ARENA_BYTES:
        raise SharedMemoryError(f"{name}: expected a segment of 1 to {MAX_ARENA_BYTES} bytes, got {size}")


def shared_memory_folder() -> Path:
    """Where segments lie as files: the memory file system of Linux, else the user's temporary folder."""
    folder = Path("/dev/shm")
    return folder if folder.is_dir() else Path(tempfile.gettempdir())


def nothing() -> None:
    """What unlinking a segment of another process does."""
