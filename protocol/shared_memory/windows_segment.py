"""Segments on Windows: named memory of the paging file, which ends with the last process that has it open.

So nothing stays behind, and there is nothing to sweep. Opening a name that nobody made would make it, empty: the first
64 bytes therefore say what the memory is, and how large.
"""

from __future__ import annotations

import mmap
import struct

import numpy as np

from protocol.errors import SharedMemoryError
from protocol.shared_memory.segment import ByteArray, SharedSegment, nothing, require_attachable_size

HEADER = struct.Struct("<16sQ")
HEADER_BYTES = 64
MAGIC = b"learning-bridge\1"


def create(name: str, size: int) -> SharedSegment:
    """Makes named memory. See `create_segment`."""
    mapped = open_named(name, HEADER_BYTES + size, is_writable=True)
    mapped[: HEADER.size] = HEADER.pack(MAGIC, size)
    # offset, and no slice: the arrays made of a slice would hold what it was cut from, and not it
    memory: ByteArray = np.frombuffer(mapped, np.uint8, offset=HEADER_BYTES)
    memory[:: mmap.PAGESIZE] = 0
    return SharedSegment(name, memory, nothing)


def attach(name: str) -> SharedSegment:
    """Opens named memory for reading. See `attach_segment`."""
    first = open_named(name, HEADER_BYTES, is_writable=False)
    magic, size = HEADER.unpack(first[: HEADER.size])
    first.close()
    if magic != MAGIC:
        raise SharedMemoryError(
            f"{name}: expected shared memory that a process of this session on this machine made, got none; or switch "
            "shared memory off"
        )
    require_attachable_size(name, size)
    mapped = open_named(name, HEADER_BYTES + size, is_writable=False)
    return SharedSegment(name, np.frombuffer(mapped, np.uint8, offset=HEADER_BYTES), nothing)


def is_named(name: str) -> bool:
    """True, since to look would make it. See `segment.is_named`."""
    return True


def sweep_stale() -> list[str]:
    """Nothing: see above."""
    return []


def open_named(name: str, size: int, *, is_writable: bool) -> mmap.mmap:
    """Maps memory by its name, made where there is none.

    Raises:
        SharedMemoryError: the system refuses.
    """
    access = mmap.ACCESS_WRITE if is_writable else mmap.ACCESS_READ
    try:
        return mmap.mmap(-1, size, tagname=name, access=access)  # type: ignore[call-arg, unused-ignore]
    except OSError as error:
        raise SharedMemoryError(f"{name}: expected {size:,} bytes of shared memory, got {error}") from error
