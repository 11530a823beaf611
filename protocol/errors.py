"""The errors of the protocol package.

BridgeError
├── ProtocolError
│   ├── RemoteProtocolError     what the peer sent is wrong
│   └── LocalProtocolError      what this side was about to send is wrong
├── SchemaError                 an observation or action element is wrong; names its path
├── LayoutMismatchError         two layouts that must agree differ
├── WeightsError                a weights snapshot doesn't fit, or isn't finite
├── PolicyFileError             a policy file can't be read
├── RecordingError              a recording, or an episode of it, can't be used or written
│   └── DamagedRecordingError   bytes of a recording's file are not those that were written
├── EndpointError               an endpoint or a rendezvous can't be used
├── SharedMemoryError           memory can't be shared: no room, no such segment, not this user's
└── ChannelError
    ├── ChannelClosedError
    ├── PeerUnreachableError
    │   └── PeerBusyError
    ├── AddressInUseError
    └── ForkedChannelError
"""

from __future__ import annotations


class BridgeError(Exception):
    """Root of every error that this project raises on purpose."""


class ProtocolError(BridgeError):
    """A message breaks the protocol."""


class RemoteProtocolError(ProtocolError):
    """What the peer sent breaks the protocol; its bytes were not trusted and nothing was changed.

    Attributes:
        session_id: the session that the message named; 0 where that could not be read.
    """

    session_id = 0


class LocalProtocolError(ProtocolError):
    """What this side was about to send breaks the protocol."""


class SchemaError(BridgeError):
    """An element of a schema is wrong.

    Attributes:
        path: where, as `$.enemies[3].kind`.
        expected: what would have been right.
        received: what came.
    """

    def __init__(self, path: str, expected: str, received: str) -> None:
        super().__init__(f"{path}: expected {expected}, got {received}")
        self.path = path
        self.expected = expected
        self.received = received


class LayoutMismatchError(BridgeError):
    """Two layouts that must agree differ."""


class WeightsError(BridgeError):
    """A weights snapshot doesn't fit its network, or isn't finite."""


class PolicyFileError(BridgeError):
    """A policy file can't be read or written."""


class RecordingError(BridgeError):
    """A recording, or an episode of it, can't be used or written."""


class DamagedRecordingError(RecordingError):
    """Bytes of a recording's file are not those that were written; other episodes of it may be whole."""


class EndpointError(BridgeError):
    """An endpoint or a rendezvous folder can't be used."""


class SharedMemoryError(BridgeError):
    """Memory can't be shared between two processes."""


class ChannelError(BridgeError):
    """A message channel can't do what was asked."""


class ChannelClosedError(ChannelError):
    """The channel was closed."""


class PeerUnreachableError(ChannelError):
    """The peer is not connected, or takes no more."""


class PeerBusyError(PeerUnreachableError):
    """The peer is connected, but its queue is full for now; the message may be sent again later."""


class AddressInUseError(ChannelError):
    """Another process already listens there."""


class ForkedChannelError(ChannelError):
    """The channel is used in another process than the one that opened it."""
