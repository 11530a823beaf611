"""The end of the parent's pipe, and what happens when the main thread doesn't heed it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from trainer_process.parent_watch import ParentWatch

HANG_S = 20.0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)


def test_the_main_thread_is_told_when_the_pipe_ends(pipe: tuple[int, int]) -> None:
    gone, forced = threading.Event(), threading.Event()
    watch = ParentWatch(pipe[0], on_gone=gone.set, grace_s=HANG_S, last_resort=forced.set)
    assert not watch.is_parent_gone
    os.write(pipe[1], b"nobody should write, and it means nothing")
    os.close(pipe[1])
    assert gone.wait(HANG_S)
    assert watch.is_parent_gone
    watch.close()
    watch.join(HANG_S)
    assert not forced.is_set()


def test_a_main_thread_that_does_not_leave_in_time_is_left_behind(pipe: tuple[int, int]) -> None:
    forced = threading.Event()
    ParentWatch(pipe[0], on_gone=lambda: None, grace_s=0.01, last_resort=forced.set)
    os.close(pipe[1])
    assert forced.wait(HANG_S)
