"""Messages over ZeroMQ: the trainer's ROUTER and the host's DEALER. The only module that imports zmq.

It is long because that seam is one file: both ends share its options and its ways of sending and receiving.
A channel belongs to the thread and the process that opened it. Nothing in it waits except `wait` and `close`.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator, Sequence

import zmq

from protocol.bulk_carrier import INLINE, SMALL_ARRAY_BYTES, BulkCarrier, Frame
from protocol.channel_event import (
    ChannelEvent,
    Connected,
    Disconnected,
    Incoming,
    Malformed,
    PeerFault,
    PeerMessage,
    Received,
)
from protocol.channel_setting import (
    HANDSHAKE_TIMEOUT_S,
    HEARTBEAT_INTERVAL_S,
    HEARTBEAT_TIMEOUT_S,
    MAX_HEARTBEAT_S,
    MESSAGES_PER_DRAIN,
    QUEUED_MESSAGES,
    RECONNECT_INTERVAL_MAX_S,
    RECONNECT_INTERVAL_S,
)
from protocol.codec import decode, encode
from protocol.curve_keys import CurveKeys
from protocol.endpoint import Endpoint, parse_endpoint
from protocol.errors import (
    AddressInUseError,
    ChannelClosedError,
    ChannelError,
    EndpointError,
    ForkedChannelError,
    PeerBusyError,
    PeerUnreachableError,
    RemoteProtocolError,
)
from protocol.limits import MAX_FRAME_BYTES, MAX_FRAMES, MAX_PRE_HELLO_BYTES
from protocol.messages import Message
from protocol.socket_file import claim_socket_file, release_socket_file, secure_socket_file
from protocol.waker import HasFileno

# plain integers, since zmq's own enumerations cost more than the calls that they are for
_LAST_FRAME = int(zmq.NOBLOCK)
_FRAME = int(zmq.NOBLOCK | zmq.SNDMORE)
_NO_WAIT = int(zmq.NOBLOCK)
_EVENTS = int(zmq.EVENTS)
_READABLE = int(zmq.POLLIN)
_KEPT_FRAMES = MAX_FRAMES + 2  # the peer's name, and one too many to be noticed


class _Channel:
    """What both ends share: one socket in a context of its own, its options, and its refusals."""

    def __init__(
        self,
        endpoint: str,
        socket_type: int,
        heartbeat_interval_s: float,
        heartbeat_timeout_s: float,
        curve: CurveKeys | None,
        *,
        beginning: int,
    ) -> None:
        self._address: Endpoint = parse_endpoint(endpoint)
        for seconds in (heartbeat_interval_s, heartbeat_timeout_s):
            if not 0.0 < seconds <= MAX_HEARTBEAT_S:
                raise ChannelError(f"heartbeat: expected seconds in (0, {MAX_HEARTBEAT_S}], got {seconds}")
        self._process_id = os.getpid()
        self._is_closed = False
        self._context = zmq.Context(io_threads=1)
        self._socket: zmq.Socket[bytes] = self._context.socket(socket_type)
        options = {
            zmq.LINGER: 0,
            zmq.IMMEDIATE: 1,
            zmq.MAXMSGSIZE: MAX_FRAME_BYTES,
            zmq.SNDHWM: QUEUED_MESSAGES,
            # Without a mark: where a full queue stops libzmq's reading (4.3.5 and before) and that connection ends, its
            # next PING or PONG aborts the whole process. Credit and host_timeout_s bound what comes.
            zmq.RCVHWM: 0,
            zmq.HEARTBEAT_IVL: round(heartbeat_interval_s * 1000),
            zmq.HEARTBEAT_TIMEOUT: round(heartbeat_timeout_s * 1000),
            zmq.HEARTBEAT_TTL: round(heartbeat_timeout_s * 1000),
            zmq.HANDSHAKE_IVL: round(HANDSHAKE_TIMEOUT_S * 1000),
            zmq.RECONNECT_IVL: round(RECONNECT_INTERVAL_S * 1000),
            zmq.RECONNECT_IVL_MAX: round(RECONNECT_INTERVAL_MAX_S * 1000),
            zmq.IPV6: int(":" in self._address.host),
        }
        for option, value in options.items():
            self._socket.setsockopt(option, value)
        self._monitor = self._socket.get_monitor_socket(beginning | zmq.EVENT_DISCONNECTED)
        if curve is not None:
            self._set_keys(curve)

    def _set_keys(self, curve: CurveKeys) -> None:
        try:
            self._socket.setsockopt(zmq.CURVE_PUBLICKEY, curve.public.encode())
            self._socket.setsockopt(zmq.CURVE_SECRETKEY, curve.secret.encode())
            if self._socket.getsockopt(zmq.TYPE) == zmq.ROUTER:
                self._socket.setsockopt(zmq.CURVE_SERVER, 1)
            else:
                self._socket.setsockopt(zmq.CURVE_SERVERKEY, curve.server_public.encode())
        except zmq.ZMQError as error:
            self._release()
            raise EndpointError(
                f"CURVE keys: expected 40 characters of Z85 in a zmq with CURVE, got {error}"
            ) from error

    def _require_usable(self) -> None:
        if os.getpid() != self._process_id:
            raise ForkedChannelError(
                f"channel: expected use in process {self._process_id} that opened it, got {os.getpid()}; "
                "open a channel after the fork, or start processes by spawn"
            )
        if self._is_closed:
            raise ChannelClosedError(f"channel to {self._address}: expected an open channel, got a closed one")

    def _has_message(self) -> bool:
        return bool(int(self._socket.getsockopt(_EVENTS)) & _READABLE)

    def _receive_frames(self) -> tuple[list[Frame], int]:
        """The frames of the message that waits, at most _KEPT_FRAMES of them, with the bytes of all."""
        receive = self._socket.recv
        frames: list[Frame] = []
        byte_count = 0
        while True:
            part = receive(_NO_WAIT, copy=False)
            size = len(part)
            byte_count += size
            if len(frames) < _KEPT_FRAMES:
                frames.append(part.buffer if size >= SMALL_ARRAY_BYTES else part.bytes)
            if not part.more:
                return frames, byte_count

    def _send_frames(self, frames: Sequence[Frame]) -> None:
        """Queue the frames of one message.

        Raises:
            zmq.ZMQError: nothing was queued.
        """
        last = len(frames) - 1
        try:
            self._send_frame(frames[0], is_last=last == 0)
        except zmq.Again:
            self._socket.getsockopt(_EVENTS)  # lets zmq notice room in the queue, which sending does now and then
            self._send_frame(frames[0], is_last=last == 0)
        for index in range(1, last + 1):
            self._send_frame(frames[index], is_last=index == last)

    def _send_frame(self, frame: Frame, *, is_last: bool) -> None:
        self._socket.send(frame, _LAST_FRAME if is_last else _FRAME, copy=len(frame) < SMALL_ARRAY_BYTES)

    def _monitored_events(self) -> Iterator[int]:
        """The beginnings and ends of connections since the last call, as zmq numbers them."""
        while int(self._monitor.getsockopt(_EVENTS)) & _READABLE:
            description, _ = self._monitor.recv_multipart(zmq.NOBLOCK)
            yield struct.unpack_from("=H", description)[0]

    def _release(self, linger_s: float = 0.0) -> None:
        self._is_closed = True
        self._socket.disable_monitor()
        self._monitor.close(linger=0)
        self._socket.close(linger=round(linger_s * 1000))
        self._context.term()


class ServerChannel(_Channel):
    """The trainer's end: binds, and talks with every host that connects.

    Attributes:
        endpoint: where it listens, a port of 0 resolved.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        heartbeat_interval_s: float = HEARTBEAT_INTERVAL_S,
        heartbeat_timeout_s: float = HEARTBEAT_TIMEOUT_S,
        curve: CurveKeys | None = None,
    ) -> None:
        """Listen.

        Raises:
            AddressInUseError: another process listens there.
            EndpointError: the endpoint can't be read or bound, or leaves this machine without keys.
        """
        if curve is None and not parse_endpoint(endpoint).is_loopback:
            raise EndpointError(
                f"endpoint: expected a loopback address, or CURVE keys for one that other machines reach, "
                f"got {endpoint} without keys; bind tcp://127.0.0.1 or give keys"
            )
        super().__init__(
            endpoint, zmq.ROUTER, heartbeat_interval_s, heartbeat_timeout_s, curve, beginning=zmq.EVENT_ACCEPTED
        )
        self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._inode: int | None = None
        self._trusted: set[bytes] = set()
        self._carriers: dict[bytes, BulkCarrier] = {}
        self._sequences: dict[bytes, int] = {}
        self._connection_count = 0
        try:
            self.endpoint = self._bind()
        except BaseException:
            self._release()
            raise

    def _bind(self) -> str:
        address = self._address
        if address.scheme == "ipc":
            claim_socket_file(address.path)
        host = "127.0.0.1" if address.host == "localhost" else address.host
        target = str(Endpoint(address.scheme, host, address.port, address.path))
        try:
            self._socket.bind(target)
        except zmq.ZMQError as error:
            if error.errno == zmq.EADDRINUSE:
                what = f"port {address.port}" if address.scheme == "tcp" else "path"
                raise AddressInUseError(
                    f"{target}: expected a free {what}, got one where another process listens; "
                    "end that process, or choose another (port 0 takes any free one)"
                ) from error
            raise EndpointError(f"{target}: expected an endpoint that can be bound, got {error}") from error
        if address.scheme == "ipc":
            self._inode = secure_socket_file(address.path)
        return self._socket.get_string(zmq.LAST_ENDPOINT).rstrip("\0")

    def _count_connections(self) -> None:
        for event in self._monitored_events():
            self._connection_count += 1 if event == zmq.EVENT_ACCEPTED else -1

    def trust(self, peer: bytes) -> None:
        """Let a peer whose Hello was accepted send messages of every size."""
        self._trusted.add(peer)

    def carry_by(self, peer: bytes, carrier: BulkCarrier) -> None:
        """Exchange arrays with a peer in another way than inline from here on."""
        self._carriers[peer] = carrier

    def forget(self, peer: bytes) -> None:
        """Drop what is held about a peer whose session is over."""
        self._trusted.discard(peer)
        self._carriers.pop(peer, None)
        self._sequences.pop(peer, None)

    def receive(self) -> list[Incoming]:
        """Everything that came, up to MESSAGES_PER_DRAIN; never waits."""
        self._require_usable()
        incoming: list[Incoming] = []
        while len(incoming) < MESSAGES_PER_DRAIN and self._has_message():
            (peer_frame, *frames), byte_count = self._receive_frames()
            peer = bytes(peer_frame)
            try:
                if peer not in self._trusted and byte_count > MAX_PRE_HELLO_BYTES:
                    raise RemoteProtocolError(
                        f"message before Welcome: expected at most {MAX_PRE_HELLO_BYTES} bytes, got {byte_count}"
                    )
                incoming.append(PeerMessage(peer, *decode(frames, self._carriers.get(peer, INLINE))))
            except RemoteProtocolError as error:
                incoming.append(PeerFault(peer, error))
        return incoming

    def send(self, peer: bytes, message: Message, session_id: int) -> None:
        """Queue a message for a peer; never waits. Large arrays must not change until the peer has used them.

        Raises:
            PeerUnreachableError: that connection is gone.
            PeerBusyError: it takes no more for now.
            LocalProtocolError: the message breaks the protocol.
        """
        self._require_usable()
        sequence = self._sequences.get(peer, 0) + 1
        frames = encode(message, session_id, sequence, self._carriers.get(peer, INLINE))
        try:
            self._send_frames([peer, *frames])
        except zmq.Again as error:
            raise PeerBusyError(f"peer {peer.hex()}: expected room for a message, got a full queue") from error
        except zmq.ZMQError as error:
            raise PeerUnreachableError(f"peer {peer.hex()}: expected a connection, got {error}") from error
        self._sequences[peer] = sequence

    def wait(self, timeout_s: float | None, wake_sockets: Sequence[HasFileno] = ()) -> bool:
        """Block until a message waits, or one of the sockets is readable.

        Args:
            timeout_s: None waits without end.
            wake_sockets: `Waker`s or raw sockets.

        Returns:
            Whether anything is readable.
        """
        self._require_usable()
        watched: list[tuple[int | zmq.Socket[bytes], int]] = [(self._socket, _READABLE)]
        watched.extend([(wake_socket.fileno(), _READABLE) for wake_socket in wake_sockets])
        return bool(zmq.zmq_poll(watched, -1 if timeout_s is None else max(0, round(timeout_s * 1000))))

    def close(self, linger_s: float = 0.0) -> None:
        """Stop listening and remove the socket file; a second close does nothing, nor one after a fork.

        Args:
            linger_s: how long to wait at most until every peer has hung up, so that last words are heard: zmq drops
                what a peer has not read yet when its connection ends.
        """
        if self._is_closed or os.getpid() != self._process_id:
            return
        deadline = time.monotonic() + linger_s
        self._count_connections()
        while self._connection_count > 0 and (left_s := deadline - time.monotonic()) > 0:
            self._monitor.poll(max(1, round(left_s * 1000)))
            self._count_connections()
        self._release()
        if self._inode is not None:
            release_socket_file(self._address.path, self._inode)


class ClientChannel(_Channel):
    """The host's end: connects, and connects again, to one trainer. Safe to poll on every tick of a game."""

    def __init__(
        self,
        endpoint: str,
        *,
        heartbeat_interval_s: float = HEARTBEAT_INTERVAL_S,
        heartbeat_timeout_s: float = HEARTBEAT_TIMEOUT_S,
        curve: CurveKeys | None = None,
    ) -> None:
        """Begin to connect; `poll` tells when it is done.

        Raises:
            EndpointError: the endpoint can't be read or connected to.
        """
        if curve is not None and not curve.server_public:
            raise EndpointError("CURVE key server_public: expected the trainer's public key, got none")
        beginning = zmq.EVENT_HANDSHAKE_SUCCEEDED
        super().__init__(endpoint, zmq.DEALER, heartbeat_interval_s, heartbeat_timeout_s, curve, beginning=beginning)
        self._sequence = 0
        self._is_connected = False
        self._carrier: BulkCarrier = INLINE
        self._watched = [(self._socket, _READABLE), (self._monitor, _READABLE)]
        try:
            self._socket.connect(str(self._address))
        except zmq.ZMQError as error:
            self.close()
            raise EndpointError(f"{endpoint}: expected an endpoint to connect to, got {error}") from error

    @property
    def is_connected(self) -> bool:
        """Whether the connection was up at the last poll."""
        return self._is_connected

    def carry_by(self, carrier: BulkCarrier) -> None:
        """Exchange arrays in this way from here on, until the connection ends; at first they go inline."""
        self._carrier = carrier

    def poll(self) -> list[ChannelEvent]:
        """What happened since the last poll; never waits.

        Messages come before changes of the connection, so that a peer's last words are heard before its end: no
        message of a new connection can wait already, since the server speaks only after a Hello.
        """
        self._require_usable()
        readable = [socket for socket, _ in zmq.zmq_poll(self._watched, 0)]
        changes = self._connection_changes() if self._monitor in readable else []
        events: list[ChannelEvent] = []
        has_message = self._socket in readable
        while has_message:
            try:
                events.append(Received(*decode(self._receive_frames()[0], self._carrier)))
            except RemoteProtocolError as error:
                events.append(Malformed(error))
            has_message = len(events) < MESSAGES_PER_DRAIN and self._has_message()
        return events + changes

    def _connection_changes(self) -> list[ChannelEvent]:
        changes: list[ChannelEvent] = []
        for event in self._monitored_events():
            is_up = event == zmq.EVENT_HANDSHAKE_SUCCEEDED
            if is_up != self._is_connected:
                self._is_connected = is_up
                self._sequence = 0
                self._carrier = INLINE
                changes.append(Connected() if is_up else Disconnected())
        return changes

    def send(self, message: Message, session_id: int) -> None:
        """Queue a message; never waits. Large arrays must not change until the peer has used them.

        Raises:
            PeerUnreachableError: there is no connection.
            PeerBusyError: the queue is full for now.
            LocalProtocolError: the message breaks the protocol.
        """
        self._require_usable()
        frames = encode(message, session_id, self._sequence + 1, self._carrier)
        try:
            self._send_frames(frames)
        except zmq.ZMQError as error:
            if self._is_connected and error.errno == zmq.EAGAIN:
                raise PeerBusyError(f"{self._address}: expected room for a message, got a full queue") from error
            raise PeerUnreachableError(f"{self._address}: expected a connection, got none: {error}") from error
        self._sequence += 1

    def wait(self, timeout_s: float) -> bool:
        """Block until `poll` has something to return, at most so long; never called from a game's tick."""
        self._require_usable()
        return bool(zmq.zmq_poll(self._watched, max(0, round(timeout_s * 1000))))

    def close(self, linger_s: float = 0.0) -> None:
        """Leave; a second close does nothing, nor one after a fork.

        Args:
            linger_s: how long to wait at most until what was sent has left.
        """
        if self._is_closed or os.getpid() != self._process_id:
            return
        self._release(linger_s)


def make_curve_keys() -> CurveKeys:
    """A new pair of keys; a host adds its trainer's public key.

    Raises:
        EndpointError: this zmq was built without CURVE.
    """
    try:
        public, secret = zmq.curve_keypair()
    except zmq.ZMQError as error:
        raise EndpointError(f"CURVE keys: expected a zmq with CURVE, got {error}") from error
    return CurveKeys(public.decode(), secret.decode())
