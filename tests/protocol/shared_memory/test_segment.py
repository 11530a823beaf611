"""Memory with a name: made here, seen there, and gone with its maker."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import SharedMemoryError
from protocol.limits import MAX_ARENA_BYTES
from protocol.shared_memory import attach_segment, create_segment
from protocol.shared_memory.segment import NAME_PATTERN, make_name
from tests.protocol.shared_memory.peer_process import peer_process


@pytest.mark.parametrize("size", [1, 64, 4096, 4097, 1_000_001])
def test_a_segment_is_zeros_of_the_size_asked_for(size: int) -> None:
    segment = create_segment(size)
    assert NAME_PATTERN.fullmatch(segment.name)
    assert str(os.getpid()) in segment.name
    assert segment.memory.dtype == np.uint8
    assert segment.memory.shape == (size,)
    assert segment.size == size
    assert not segment.memory.any()


def test_what_its_maker_writes_is_what_others_see_before_and_after_they_attach() -> None:
    made = create_segment(10_000)
    made.memory[:5] = 1
    seen = attach_segment(made.name)
    np.testing.assert_array_equal(seen.memory, made.memory)
    made.memory[5000:] = 7
    np.testing.assert_array_equal(seen.memory, made.memory)
    assert seen.size == made.size


def test_who_attached_can_not_write() -> None:
    made = create_segment(100)
    seen = attach_segment(made.name)
    with pytest.raises(ValueError, match="read-only"):
        seen.memory[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        seen.memory.flags.writeable = True


def test_a_segment_is_seen_in_another_process_and_the_other_way_round(folder: Path) -> None:
    made = create_segment(300)
    made.memory[:] = np.arange(300) % 100
    with peer_process(folder) as peer:
        assert peer.ask(f"attach {made.name}") == made.memory.tobytes().hex()
        seen = attach_segment(peer.ask("make 5000"))
        np.testing.assert_array_equal(seen.memory, np.arange(5000) % 251)


def test_a_name_taken_away_lets_nobody_in_and_leaves_the_memory_to_those_who_have_it() -> None:
    made = create_segment(100)
    seen = attach_segment(made.name)
    made.unlink()
    made.unlink()
    with pytest.raises(SharedMemoryError, match="No such file"):
        attach_segment(made.name)
    made.memory[:] = 9
    assert (seen.memory == 9).all()


def test_a_name_goes_with_the_last_array_of_its_maker(folder: Path) -> None:
    made = create_segment(4096)
    part = made.memory[128:].view(np.float32)[7:]
    seen = attach_segment(made.name)
    part[:] = 3.0
    del made
    gc.collect()
    assert len(list(folder.iterdir())) == 1
    del part
    assert list(folder.iterdir()) == []
    assert (seen.memory[128:].view(np.float32)[7:] == 3.0).all()


def test_to_detach_takes_no_name_away() -> None:
    made = create_segment(100)
    seen = attach_segment(made.name)
    seen.unlink()
    del seen
    assert attach_segment(made.name).size == 100


@pytest.mark.parametrize("size", [0, -1, MAX_ARENA_BYTES + 1])
def test_a_size_out_of_bounds_is_refused(size: int, folder: Path) -> None:
    with pytest.raises(SharedMemoryError, match=f"expected a size from 1 to {MAX_ARENA_BYTES} bytes, got {size}"):
        create_segment(size)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "",
        "learning-bridge-memory-",
        "learning-bridge-memory-1-0123456789abcde",
        "learning-bridge-memory-1-0123456789abcdef0",
        "learning-bridge-memory-1-0123456789ABCDEF",
        "learning-bridge-memory-1-0123456789abcdef\n",
        "learning-bridge-memory-1-0123456789abcdef/",
        "learning-bridge-memory--1-0123456789abcdef",
        "learning-bridge-memory-\u0661-0123456789abcdef",
        "other-memory-1-0123456789abcdef",
        "../learning-bridge-memory-1-0123456789abcdef",
        "/dev/shm/learning-bridge-memory-1-0123456789abcdef",
        "learning-bridge-memory-1-0123456789abcdef\0",
    ],
)
def test_a_name_of_another_form_is_not_looked_for(name: str) -> None:
    with pytest.raises(SharedMemoryError, match="expected a name learning-bridge-memory-<pid>-<16 hex digits>"):
        attach_segment(name)


@given(st.text(max_size=60))
def test_no_name_raises_another_error(name: str) -> None:
    for candidate in (name, f"learning-bridge-memory-{name}"):
        with pytest.raises(SharedMemoryError):
            attach_segment(candidate)


def test_a_name_that_nobody_made_is_refused_with_a_remedy() -> None:
    with pytest.raises(SharedMemoryError, match=r"docker run --ipc=host\), or switch shared memory off"):
        attach_segment(make_name())
