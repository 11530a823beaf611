"""Segments as files that both sides map: on the memory file system of Linux, else in the temporary folder.

The maker holds a lock on the file for as long as it lives. A segment whose lock is free is stale, however its maker
ended, and whether or not its process id means anything here (containers may share the folder).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import stat
import weakref
from pathlib import Path

import numpy as np

from protocol.errors import SharedMemoryError
from protocol.shared_memory.segment import (
    NAME_PATTERN,
    NAME_PREFIX,
    ByteArray,
    SharedSegment,
    make_name,
    nothing,
    require_attachable_size,
    shared_memory_folder,
)

_POPULATE = getattr(mmap, "MAP_POPULATE", 0)
"""Maps all pages at once where the system can; else each is mapped when it is first touched."""

_CREATION_ATTEMPTS = 8

_READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""Without waiting: anyone may lay a pipe of that name into the folder, and nobody would ever write into it."""


def create(name: str, size: int) -> SharedSegment:
    """Makes the file, takes its memory and locks it. See `create_segment`."""
    folder = shared_memory_folder()
    _require_room(folder, size)
    for _ in range(_CREATION_ATTEMPTS):
        descriptor, path = _open_new(folder, name)
        try:
            if _lock_own(descriptor, path):
                return _map_new(name, size, descriptor, path)
        except BaseException:
            _remove(path, descriptor, os.getpid())
            raise
        os.close(descriptor)
        name = make_name()
    raise SharedMemoryError(f"shared memory: expected to keep a new file in {folder}, got it swept away each time")


def attach(name: str) -> SharedSegment:
    """Maps a file for reading. See `attach_segment`."""
    path = shared_memory_folder() / name
    try:
        descriptor = os.open(path, _READING)
    except OSError as error:
        raise SharedMemoryError(
            f"{name}: expected shared memory that a process on this machine made, got {error.strerror}; containers "
            "must share /dev/shm (docker run --ipc=host), or switch shared memory off"
        ) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
            raise SharedMemoryError(
                f"{name}: expected a file of user {os.geteuid()} with mode 0600, got owner {status.st_uid} and mode "
                f"{stat.S_IMODE(status.st_mode):04o}"
            )
        require_attachable_size(name, status.st_size)
        mapped = mmap.mmap(descriptor, status.st_size, flags=mmap.MAP_SHARED | _POPULATE, prot=mmap.PROT_READ)
    except (OSError, ValueError) as error:
        raise SharedMemoryError(f"{name}: expected shared memory that can be mapped, got {error}") from error
    finally:
        os.close(descriptor)
    return SharedSegment(name, np.frombuffer(mapped, np.uint8), nothing)


def is_named(name: str) -> bool:
    """Whether the file is there. See `segment.is_named`."""
    return (shared_memory_folder() / name).exists()


def sweep_stale() -> list[str]:
    """Removes the files whose lock nobody holds. See `sweep_stale_segments`."""
    swept: list[str] = []
    try:
        names = [name for name in os.listdir(shared_memory_folder()) if name.startswith(NAME_PREFIX)]
    except OSError:
        return swept
    for name in names:
        if NAME_PATTERN.fullmatch(name) is not None and _sweep(shared_memory_folder() / name):
            swept.append(name)
    return swept


def _sweep(path: Path) -> bool:
    """Removes one file, if its maker is gone; a file of another user can't be opened."""
    try:
        descriptor = os.open(path, _READING)
    except OSError:
        return False
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _require_room(folder: Path, size: int) -> None:
    try:
        status = os.statvfs(folder)
    except OSError as error:
        raise SharedMemoryError(f"shared memory: expected a folder {folder}, got {error}") from error
    free = status.f_bavail * status.f_frsize
    if free < size:
        raise _no_room(folder, size, free)


def _no_room(folder: Path, size: int, free: int) -> SharedMemoryError:
    return SharedMemoryError(
        f"shared memory: expected {size:,} bytes free in {folder}, got {free:,}; make it larger (docker run "
        "--shm-size=1g; mount -o remount,size=1g /dev/shm), lower steps_per_update, or switch shared memory off"
    )


def _open_new(folder: Path, name: str) -> tuple[int, Path]:
    path = folder / name
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), path
    except OSError as error:
        raise SharedMemoryError(f"shared memory: expected to make a file in {folder}, got {error}") from error


def _lock_own(descriptor: int, path: Path) -> bool:
    """Locks a file just made; false where a sweep came in between and took it for stale."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.stat(path, follow_symlinks=False).st_ino == os.fstat(descriptor).st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


def _map_new(name: str, size: int, descriptor: int, path: Path) -> SharedSegment:
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)  # a page that can't be had is an error here, and a SIGBUS later
        else:
            os.ftruncate(descriptor, size)
        mapped = mmap.mmap(descriptor, size, flags=mmap.MAP_SHARED | _POPULATE)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _no_room(path.parent, size, 0) from error
        raise SharedMemoryError(f"shared memory: expected {size:,} bytes in {path.parent}, got {error}") from error
    memory: ByteArray = np.frombuffer(mapped, np.uint8)
    memory[:: mmap.PAGESIZE] = 0
    return SharedSegment(name, memory, weakref.finalize(memory, _remove, path, descriptor, os.getpid()))


def _remove(path: Path, descriptor: int, maker: int) -> None:
    """Removes a file and frees its lock; not in a process that was forked off the maker."""
    with contextlib.suppress(OSError):
        os.close(descriptor)
    if os.getpid() == maker:
        with contextlib.suppress(OSError):
            path.unlink()
