"""Waiting for what a channel has to say, in tests."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from protocol.channel import ClientChannel, ServerChannel
from protocol.channel_event import ChannelEvent, PeerFault, PeerMessage

HANG_S = 20.0
UNHEARD: WeakKeyDictionary[object, deque[object]] = WeakKeyDictionary()


def wait_for(client: ClientChannel, kind: type[ChannelEvent], seen: list[ChannelEvent] | None = None) -> ChannelEvent:
    """The next event of a kind; those before it go into `seen`."""
    return until(client, client.poll, kind, seen)


def hear(server: ServerChannel, kind: type = PeerMessage) -> PeerMessage | PeerFault:
    """The next message, or fault, that reached the server."""
    return until(server, server.receive, kind)


def until(channel: Any, poll: Callable, kind: type, seen: list | None = None) -> object:
    unheard = UNHEARD.setdefault(channel, deque())
    deadline = time.monotonic() + HANG_S
    while time.monotonic() < deadline:
        unheard.extend(poll())
        while unheard:
            event = unheard.popleft()
            if isinstance(event, kind):
                return event
            assert seen is not None, f"expected {kind.__name__}, got {event}"
            seen.append(event)
        channel.wait(0.1)
    raise AssertionError(f"no {kind.__name__} came")
