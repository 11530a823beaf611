"""What strangers send, and hosts that speak ZMTP by hand."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from protocol.channel import ClientChannel, ServerChannel
from protocol.channel_event import Malformed, PeerFault, PeerMessage
from protocol.codec import encode
from protocol.limits import MAX_FRAMES
from protocol.messages import Credit, PolicyUpdate
from tests.protocol.channel_listener import hear, until, wait_for
from tests.protocol.message_strategy import assert_same
from tests.protocol.raw_peer import GREETING, RawPeer
from tools.golden import EXAMPLES

HELLO = EXAMPLES["hello"]


class TestGarbage:
    @pytest.fixture
    def endpoint(self) -> str:
        return "tcp://127.0.0.1:0"

    def test_frames_that_are_no_message_are_a_fault_of_that_peer_alone(
        self, server: ServerChannel, client: ClientChannel
    ) -> None:
        with RawPeer(server.endpoint) as peer:
            peer.shake_hands()
            peer.send([b"\xc1"])
            assert "expected msgpack" in str(hear(server, PeerFault).error)
            peer.send([b""])
            hear(server, PeerFault)
            client.send(HELLO, 0)
            assert_same(hear(server).message, HELLO)

    def test_a_message_of_thousands_of_frames_is_refused(self, server: ServerChannel) -> None:
        with RawPeer(server.endpoint) as peer:
            peer.shake_hands()
            peer.send([b"x"] * 5000)
            assert f"expected 1 to {MAX_FRAMES} frames" in str(hear(server, PeerFault).error)
            peer.send(encode(HELLO, 0, 1))
            assert_same(hear(server).message, HELLO)

    @pytest.mark.parametrize(
        "data",
        [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
            bytes(range(256)) * 8,
            GREETING + b"\xff" * 64,
            GREETING + b"\x04\x03\x05REA",
            GREETING + b"\x04\xff" + bytes(255),
        ],
    )
    def test_bytes_that_are_not_zmtp_do_not_disturb(
        self, server: ServerChannel, client: ClientChannel, data: bytes
    ) -> None:
        with RawPeer(server.endpoint) as peer:
            peer.socket.sendall(data)
            assert peer.is_closed_by_server()
        client.send(HELLO, 0)
        assert_same(hear(server).message, HELLO)
        assert server.receive() == []

    def test_bytes_that_look_like_the_first_zmtp_are_faults_at_most(
        self, server: ServerChannel, client: ClientChannel
    ) -> None:
        with RawPeer(server.endpoint) as peer:
            peer.socket.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10)
            client.send(HELLO, 0)
            seen: list[object] = []
            assert_same(until(server, server.receive, PeerMessage, seen).message, HELLO)
            assert all(isinstance(event, PeerFault) for event in seen)

    def test_a_frame_that_claims_to_be_too_long_ends_that_connection(
        self, server: ServerChannel, client: ClientChannel
    ) -> None:
        with RawPeer(server.endpoint) as peer:
            peer.shake_hands()
            peer.socket.sendall(struct.pack(">BQ", 0x02, 2**62))
            assert peer.is_closed_by_server()
        client.send(HELLO, 0)
        assert_same(hear(server).message, HELLO)

    def test_half_a_message_is_never_delivered(self, server: ServerChannel, client: ClientChannel) -> None:
        with RawPeer(server.endpoint) as peer:
            peer.shake_hands()
            header = encode(EXAMPLES["policy_update"], 1, 1)[0]
            peer.socket.sendall(bytes([0x01, len(header)]) + header)
        client.send(HELLO, 0)
        assert_same(hear(server).message, HELLO)
        assert server.receive() == []

    def test_what_the_server_sends_wrong_is_malformed_for_the_client(
        self, server: ServerChannel, client: ClientChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client.send(HELLO, 0)
        peer = hear(server).peer
        monkeypatch.setattr("protocol.channel.encode", lambda *_: [b"\xc1"])
        server.send(peer, Credit("b", 1), 1)
        assert "expected msgpack" in str(wait_for(client, Malformed).error)


class TestZmtpByHand:
    @pytest.fixture
    def endpoint(self) -> str:
        return "tcp://127.0.0.1:0"

    def test_a_host_without_libzmq_speaks_with_the_server(self, server: ServerChannel) -> None:
        with RawPeer(server.endpoint) as peer:
            ready = peer.shake_hands()
            assert ready.startswith(b"\x05READY")
            assert b"\x0bSocket-Type\x00\x00\x00\x06ROUTER" in ready
            peer.send(encode(HELLO, 0, 1))
            received = hear(server)
            assert_same(received.message, HELLO)
            update = PolicyUpdate("b", 1, 2, 3, False, {}, np.arange(100, dtype=np.float32))
            server.send(received.peer, update, 5)
            assert peer.receive() == [bytes(frame) for frame in encode(update, 5, 1)]

    def test_every_message_can_come_from_such_a_host(self, server: ServerChannel) -> None:
        with RawPeer(server.endpoint) as peer:
            peer.shake_hands()
            for message in EXAMPLES.values():
                peer.send(encode(message, 3, 4))
                assert_same(hear(server).message, message)

    def test_a_ping_is_answered_with_its_context(self, server: ServerChannel) -> None:
        with RawPeer(server.endpoint) as peer:
            peer.shake_hands()
            peer.send_command(b"\x04PING" + struct.pack(">H", 100) + b"abc")
            assert peer.receive_command() == b"\x04PONGabc"

    def test_a_peer_that_never_answers_a_ping_is_dropped(self) -> None:
        server = ServerChannel("tcp://127.0.0.1:0", heartbeat_interval_s=0.05, heartbeat_timeout_s=0.2)
        try:
            with RawPeer(server.endpoint) as peer:
                peer.shake_hands()
                assert peer.receive_command() == b"\x04PING" + struct.pack(">H", 2)
                assert peer.is_closed_by_server()
        finally:
            server.close()
