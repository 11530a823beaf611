from __future__ import annotations

import select

from protocol.waker import Waker


def is_readable(waker: Waker) -> bool:
    return bool(select.select([waker], [], [], 0)[0])


def test_a_wake_is_seen_until_it_is_drained() -> None:
    waker = Waker()
    assert not is_readable(waker)
    waker.wake()
    waker.wake()
    assert is_readable(waker)
    assert waker.drain()
    assert not is_readable(waker)
    assert not waker.drain()
    waker.close()


def test_wakes_that_nobody_drains_do_not_block() -> None:
    waker = Waker()
    for _ in range(1_000_000 // 4):
        waker.wake()
    assert waker.drain()
    assert not is_readable(waker)
    waker.close()


def test_a_wake_after_close_does_nothing() -> None:
    waker = Waker()
    waker.close()
    waker.close()
    waker.wake()
    assert waker.fileno() == -1
