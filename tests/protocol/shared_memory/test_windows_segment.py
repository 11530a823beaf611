"""The code for Windows, with named memory played by files."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest

from protocol.errors import SharedMemoryError
from protocol.limits import MAX_ARENA_BYTES
from protocol.shared_memory import ArenaCarrier, attach_segment, create_segment, segment, sweep_stale_segments
from protocol.shared_memory import windows_segment as windows
from protocol.shared_memory.segment import make_name


class NamedMemory:
    """What Windows keeps: to open a name that nobody made makes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, name: str, size: int, *, is_writable: bool) -> mmap.mmap:
        """Takes the place of `open_named`."""
        path = self.folder / name
        if not path.exists():
            path.write_bytes(bytes(size))
        if size > path.stat().st_size:
            raise SharedMemoryError(f"{name}: expected {size:,} bytes of shared memory, got access denied")
        with path.open("r+b") as file:
            return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_WRITE if is_writable else mmap.ACCESS_READ)


@pytest.fixture(autouse=True)
def named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> NamedMemory:
    """The names of one test."""
    memory = NamedMemory(tmp_path)
    monkeypatch.setattr(windows, "open_named", memory.open)
    monkeypatch.setattr(segment, "_platform", lambda: windows)
    return memory


def foreign(named: NamedMemory, header: bytes) -> str:
    """A name under which another program made memory."""
    name = make_name()
    (named.folder / name).write_bytes(header.ljust(4096, b"\0"))
    return name


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_what_its_maker_writes_is_what_others_see_and_can_not_change(size: int) -> None:
    made = create_segment(size)
    assert not made.memory.any()
    made.memory[:] = np.arange(size) % 251
    seen = attach_segment(made.name)
    assert (made.size, seen.size) == (size, size)
    made.memory[-1] = 77
    np.testing.assert_array_equal(seen.memory, made.memory)
    with pytest.raises(ValueError, match="read-only"):
        seen.memory[0] = 1


def test_the_first_64_bytes_are_as_the_specification_writes_them(named: NamedMemory) -> None:
    made = create_segment(1000)
    content = (named.folder / made.name).read_bytes()
    assert content[:64].hex() == "6c6561726e696e672d62726964676501" + (1000).to_bytes(8, "little").hex() + "00" * 40
    assert len(content) == 1064


def test_a_name_that_nobody_made_is_refused_with_a_remedy() -> None:
    with pytest.raises(SharedMemoryError, match="got none; or switch shared memory off"):
        attach_segment(make_name())


@pytest.mark.parametrize("header", [b"", b"learning-bridge\2" + bytes([100]), b"something else"])
def test_memory_that_is_none_of_ours_is_refused(named: NamedMemory, header: bytes) -> None:
    with pytest.raises(SharedMemoryError, match="that a process of this session on this machine made"):
        attach_segment(foreign(named, header))


@pytest.mark.parametrize("size", [0, MAX_ARENA_BYTES + 1, 2**64 - 1])
def test_memory_out_of_bounds_is_refused(named: NamedMemory, size: int) -> None:
    with pytest.raises(SharedMemoryError, match=f"expected a segment of 1 to {MAX_ARENA_BYTES} bytes, got {size}"):
        attach_segment(foreign(named, windows.HEADER.pack(windows.MAGIC, size)))


def test_memory_that_is_smaller_than_it_says_is_refused(named: NamedMemory) -> None:
    with pytest.raises(SharedMemoryError, match="access denied"):
        attach_segment(foreign(named, windows.HEADER.pack(windows.MAGIC, 10_000)))


def test_nothing_is_swept_and_nothing_taken_away() -> None:
    made = create_segment(10)
    assert sweep_stale_segments() == []
    made.unlink()
    assert attach_segment(made.name).size == 10


def test_arrays_travel_by_reference_from_behind_the_header() -> None:
    carrier = ArenaCarrier()
    arena = carrier.make_arena(100)
    arena[:] = np.arange(100)
    manifest, frames = carrier.put([("x", arena[30:40])])
    assert manifest[0][3]["offset"] == 120
    assert frames == []
    np.testing.assert_array_equal(carrier.get(manifest, frames)["x"], np.arange(30, 40))
