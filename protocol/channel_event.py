"""What comes out of a channel: messages, faults, and the state of the connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from protocol.errors import RemoteProtocolError
from protocol.messages import Message


class PeerMessage(NamedTuple):
    """A message as the server receives it.

    Attributes:
        peer: names the connection; a peer that connects again has another.
        message: the message, checked.
        session_id: the session that the peer believes in; 0 before Welcome.
        sequence: counts the peer's messages of this connection, from 1.
    """

    peer: bytes
    message: Message
    session_id: int
    sequence: int


class PeerFault(NamedTuple):
    """Something that a peer sent and that is no message."""

    peer: bytes
    error: RemoteProtocolError


@dataclass(frozen=True)
class Connected:
    """The client's connection is up; the first message on it must be a Hello."""


@dataclass(frozen=True)
class Disconnected:
    """The client's connection is gone; the channel tries to connect again by itself."""


@dataclass(frozen=True)
class Received:
    """A message as the client receives it; fields as in `PeerMessage`."""

    message: Message
    session_id: int
    sequence: int


@dataclass(frozen=True)
class Malformed:
    """Something that the server sent and that is no message."""

    error: RemoteProtocolError


Incoming: TypeAlias = PeerMessage | PeerFault
"""What the server's receive returns."""

ChannelEvent: TypeAlias = Connected | Disconnected | Received | Malformed
"""What the client's poll returns."""
