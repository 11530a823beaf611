from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np
import pytest

from protocol.channel import ClientChannel, ServerChannel, make_curve_keys
from protocol.channel_event import ChannelEvent, Connected, Disconnected, Malformed, PeerFault, PeerMessage, Received
from protocol.channel_setting import QUEUED_MESSAGES
from protocol.codec import encode
from protocol.curve_keys import CurveKeys
from protocol.endpoint import HAS_IPC
from protocol.errors import (
    AddressInUseError,
    ChannelClosedError,
    ChannelError,
    EndpointError,
    ForkedChannelError,
    LocalProtocolError,
    PeerBusyError,
    PeerUnreachableError,
)
from protocol.limits import MAX_FRAMES, MAX_PRE_HELLO_BYTES
from protocol.messages import Credit, Heartbeat, Message, PolicyUpdate, Stop
from protocol.waker import Waker
from tests.protocol.message_strategy import assert_same
from tests.protocol.raw_peer import GREETING, RawPeer
from tools.golden import EXAMPLES

HELLO = EXAMPLES["hello"]
HANG_S = 20.0
needs_ipc = pytest.mark.skipif(not HAS_IPC, reason="no ipc here")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@pytest.fixture(params=["tcp", pytest.param("ipc", marks=needs_ipc)])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return "tcp://127.0.0.1:0" if request.param == "tcp" else f"ipc://{tmp_path}/s"


@pytest.fixture
def server(endpoint: str) -> Iterator[ServerChannel]:
    channel = ServerChannel(endpoint)
    yield channel
    channel.close()


@pytest.fixture
def client(server: ServerChannel) -> Iterator[ClientChannel]:
    channel = ClientChannel(server.endpoint)
    assert wait_for(channel, Connected) == Connected()
    yield channel
    channel.close()


UNHEARD: WeakKeyDictionary[object, deque[object]] = WeakKeyDictionary()


def wait_for(client: ClientChannel, kind: type[ChannelEvent], seen: list[ChannelEvent] | None = None) -> ChannelEvent:
    """The next event of a kind; those before it go into `seen`."""
    return until(client, client.poll, kind, seen)


def hear(server: ServerChannel, kind: type = PeerMessage) -> PeerMessage | PeerFault:
    """The next message, or fault, that reached the server."""
    return until(server, server.receive, kind)


def until(channel: object, poll: Callable, kind: type, seen: list | None = None) -> object:
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


def test_messages_cross_both_ways_with_session_and_sequence(server: ServerChannel, client: ClientChannel) -> None:
    client.send(HELLO, 0)
    client.send(Heartbeat(1), 7)
    first = hear(server)
    second = hear(server)
    assert_same(first.message, HELLO)
    assert (first.session_id, first.sequence, second.session_id, second.sequence) == (0, 1, 7, 2)
    assert first.peer == second.peer
    server.send(first.peer, Credit("b", 3), 7)
    server.send(first.peer, Credit("b", 4), 7)
    assert wait_for(client, Received) == Received(Credit("b", 3), 7, 1)
    assert wait_for(client, Received) == Received(Credit("b", 4), 7, 2)


def test_large_arrays_cross_whole_and_the_receipt_tells_when_they_left(
    server: ServerChannel, client: ClientChannel
) -> None:
    client.send(HELLO, 0)
    peer = hear(server).peer
    update = PolicyUpdate("b", 1, 2, 3, False, {}, np.arange(2_000_000, dtype=np.float32))
    receipt = server.send(peer, update, 7)
    received = wait_for(client, Received)
    assert_same(received.message, update)
    assert not received.message.weights.flags.writeable
    deadline = time.monotonic() + HANG_S
    while not receipt.done:
        assert time.monotonic() < deadline
        server.wait(0.01)


def test_experience_as_large_as_a_hand_off_crosses_from_a_trusted_peer(
    server: ServerChannel, client: ClientChannel
) -> None:
    client.send(HELLO, 0)
    peer = hear(server).peer
    server.trust(peer)
    update = PolicyUpdate("b", 1, 2, 3, False, {}, np.arange(1_000_000, dtype=np.float32))
    client.send(update, 7)
    assert_same(hear(server).message, update)


def test_a_stranger_may_not_send_much(server: ServerChannel, client: ClientChannel) -> None:
    large = PolicyUpdate("b", 1, 2, 3, False, {}, np.zeros(MAX_PRE_HELLO_BYTES // 4, np.float32))
    client.send(large, 0)
    fault = hear(server, PeerFault)
    assert f"message before Welcome: expected at most {MAX_PRE_HELLO_BYTES} bytes" in str(fault.error)
    server.trust(fault.peer)
    client.send(large, 0)
    assert hear(server).peer == fault.peer
    server.forget(fault.peer)
    client.send(large, 0)
    hear(server, PeerFault)


def test_nothing_waits_when_nothing_is_there(server: ServerChannel, client: ClientChannel) -> None:
    assert server.receive() == []
    assert client.poll() == []
    assert not server.wait(0)
    assert not client.wait(0)


def test_a_client_without_a_server_reports_it_and_finds_it_later(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        endpoint = f"tcp://127.0.0.1:{placeholder.getsockname()[1]}"
    client = ClientChannel(endpoint)
    try:
        assert client.poll() == []
        with pytest.raises(PeerUnreachableError, match="expected a connection"):
            client.send(HELLO, 0)
        server = ServerChannel(endpoint)
        try:
            wait_for(client, Connected)
            client.send(HELLO, 0)
            assert hear(server).sequence == 1
        finally:
            server.close()
    finally:
        client.close()


def test_a_server_that_goes_is_noticed_and_its_successor_found_under_a_new_name(
    server: ServerChannel, client: ClientChannel
) -> None:
    client.send(HELLO, 0)
    old_peer = hear(server).peer
    endpoint = server.endpoint
    server.close()
    assert wait_for(client, Disconnected) == Disconnected()
    assert not client.is_connected
    with pytest.raises(PeerUnreachableError):
        client.send(Heartbeat(1), 1)
    successor = ServerChannel(endpoint)
    try:
        wait_for(client, Connected)
        assert client.is_connected
        with pytest.raises(PeerUnreachableError):
            successor.send(old_peer, Credit("b", 1), 1)
        client.send(HELLO, 0)
        assert hear(successor).sequence == 1
    finally:
        successor.close()


def test_a_server_that_closes_waits_until_its_last_words_were_heard(
    server: ServerChannel, client: ClientChannel
) -> None:
    client.send(HELLO, 0)
    server.send(hear(server).peer, Stop("over", False), 1)
    closing = threading.Thread(target=server.close, args=[HANG_S])
    closing.start()
    assert wait_for(client, Received) == Received(Stop("over", False), 1, 1)
    assert closing.is_alive()
    client.close()
    closing.join(HANG_S)
    assert not closing.is_alive()


def test_a_server_that_closes_does_not_wait_for_nobody(server: ServerChannel) -> None:
    server.close(linger_s=3600)


def test_a_server_that_closes_does_not_wait_forever(server: ServerChannel, client: ClientChannel) -> None:
    server.close(linger_s=0.05)
    wait_for(client, Disconnected)


def test_a_peer_that_left_is_unreachable(server: ServerChannel) -> None:
    client = ClientChannel(server.endpoint)
    wait_for(client, Connected)
    client.send(HELLO, 0)
    peer = hear(server).peer
    client.close()
    deadline = time.monotonic() + HANG_S
    with pytest.raises(PeerUnreachableError, match="expected a connection") as caught:  # noqa: PT012
        while time.monotonic() < deadline:
            server.send(peer, Credit("b", 1), 1)
            server.wait(0.01)
    assert not isinstance(caught.value, PeerBusyError)


def test_a_peer_that_does_not_read_makes_sending_fail_and_never_wait(
    server: ServerChannel, client: ClientChannel
) -> None:
    client.send(HELLO, 0)
    peer = hear(server).peer
    update = PolicyUpdate("b", 1, 2, 3, False, {}, np.zeros(1_000_000, np.float32))
    sent = 0
    with pytest.raises(PeerBusyError, match="full queue"):  # noqa: PT012
        while sent < 1000:
            server.send(peer, update, 1)
            sent += 1
    assert sent <= 4 * QUEUED_MESSAGES
    for number in range(1, sent + 1):
        assert wait_for(client, Received).sequence == number
    server.send(peer, Credit("b", 1), 1)
    assert wait_for(client, Received).sequence == sent + 1


def test_a_server_that_does_not_read_makes_sending_fail_and_never_wait(
    server: ServerChannel, client: ClientChannel
) -> None:
    update = PolicyUpdate("b", 1, 2, 3, False, {}, np.zeros(1_000_000, np.float32))
    with pytest.raises(PeerBusyError, match="full queue"):  # noqa: PT012
        for _ in range(1000):
            client.send(update, 1)


def test_a_wrong_message_is_refused_before_it_is_sent(server: ServerChannel, client: ClientChannel) -> None:
    with pytest.raises(LocalProtocolError):
        client.send(Credit("", 1), 1)
    client.send(HELLO, 0)
    assert hear(server).sequence == 1


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


class TestAddresses:
    def test_a_port_that_is_taken_is_named(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            with pytest.raises(AddressInUseError, match=f"expected a free port {port}"):
                ServerChannel(f"tcp://127.0.0.1:{port}")

    def test_a_port_of_zero_is_resolved_also_for_localhost(self) -> None:
        server = ServerChannel("tcp://localhost:0")
        assert server.endpoint.startswith("tcp://127.0.0.1:")
        assert not server.endpoint.endswith(":0")
        server.close()

    @needs_ipc
    def test_a_socket_where_a_process_listens_is_left_alone(self, tmp_path: Path) -> None:
        server = ServerChannel(f"ipc://{tmp_path}/s")
        client = ClientChannel(server.endpoint)
        try:
            with pytest.raises(AddressInUseError, match="another process listens"):
                ServerChannel(server.endpoint)
            wait_for(client, Connected)
            client.send(HELLO, 0)
            hear(server)
        finally:
            client.close()
            server.close()

    @needs_ipc
    def test_a_socket_that_a_dead_process_left_is_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "s"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stale:
            stale.bind(str(path))
        assert path.exists()
        server = ServerChannel(f"ipc://{path}")
        client = ClientChannel(server.endpoint)
        wait_for(client, Connected)
        client.close()
        server.close()

    @needs_ipc
    def test_the_socket_file_is_private_and_goes_with_the_channel(self, tmp_path: Path) -> None:
        path = tmp_path / "s"
        server = ServerChannel(f"ipc://{path}")
        assert path.stat().st_mode & 0o777 == 0o600
        server.close()
        assert list(tmp_path.iterdir()) == []

    @needs_ipc
    def test_a_file_that_is_no_socket_is_never_removed(self, tmp_path: Path) -> None:
        path = tmp_path / "s"
        path.write_text("precious")
        with pytest.raises(EndpointError, match="expected a socket or nothing"):
            ServerChannel(f"ipc://{path}")
        assert path.read_text() == "precious"

    @needs_ipc
    def test_a_folder_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(EndpointError, match="expected an existing folder"):
            ServerChannel(f"ipc://{tmp_path}/nowhere/s")

    @pytest.mark.parametrize("endpoint", ["tcp://*:0", "tcp://0.0.0.0:0", "tcp://192.0.2.1:5555", "tcp://[::]:0"])
    def test_leaving_the_machine_needs_keys(self, endpoint: str) -> None:
        with pytest.raises(EndpointError, match="or CURVE keys"):
            ServerChannel(endpoint)

    def test_an_address_that_is_not_this_machines_is_refused(self) -> None:
        with pytest.raises(EndpointError, match="expected an endpoint that can be bound"):
            ServerChannel("tcp://192.0.2.1:5555", curve=make_curve_keys())

    def test_a_heartbeat_of_zero_seconds_is_refused(self) -> None:
        with pytest.raises(ChannelError, match="heartbeat: expected seconds in"):
            ServerChannel("tcp://127.0.0.1:0", heartbeat_interval_s=0)


class TestCurve:
    def test_hosts_that_know_the_servers_key_are_let_in(self) -> None:
        server_keys, host_keys = make_curve_keys(), make_curve_keys()
        server = ServerChannel("tcp://0.0.0.0:0", curve=server_keys)
        endpoint = server.endpoint.replace("0.0.0.0", "127.0.0.1")
        client = ClientChannel(
            endpoint, curve=CurveKeys(host_keys.public, host_keys.secret, server_public=server_keys.public)
        )
        wait_for(client, Connected)
        client.send(HELLO, 0)
        assert_same(hear(server).message, HELLO)
        client.close()
        server.close()

    @pytest.mark.parametrize("has_keys", [True, False])
    def test_others_are_kept_out(self, has_keys: bool) -> None:
        server = ServerChannel("tcp://127.0.0.1:0", curve=make_curve_keys())
        keys, others = make_curve_keys(), make_curve_keys()
        curve = CurveKeys(keys.public, keys.secret, others.public) if has_keys else None
        client = ClientChannel(server.endpoint, curve=curve)
        for _ in range(4):
            client.wait(0.05)
            assert client.poll() == []
        assert server.receive() == []
        client.close()
        server.close()

    def test_a_host_without_the_servers_key_is_told_so(self) -> None:
        with pytest.raises(EndpointError, match="server_public"):
            ClientChannel("tcp://127.0.0.1:1", curve=make_curve_keys())

    def test_the_secret_is_not_shown(self) -> None:
        keys = make_curve_keys()
        assert keys.secret not in repr(keys)

    def test_keys_of_another_length_are_refused(self) -> None:
        with pytest.raises(EndpointError, match="CURVE key secret: expected 40 characters"):
            CurveKeys("x" * 40, "x")


class TestLifetime:
    def test_a_closed_channel_says_so_and_may_be_closed_again(
        self, server: ServerChannel, client: ClientChannel
    ) -> None:
        client.close()
        client.close()
        server.close()
        server.close()
        for use in (client.poll, server.receive, lambda: server.wait(0), lambda: client.wait(0)):
            with pytest.raises(ChannelClosedError, match="got a closed one"):
                use()
        with pytest.raises(ChannelClosedError):
            client.send(HELLO, 0)
        with pytest.raises(ChannelClosedError):
            server.send(b"x", HELLO, 0)

    def test_another_process_is_refused(
        self, server: ServerChannel, client: ClientChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: 1)
            for use in (client.poll, server.receive, lambda: client.send(HELLO, 0), lambda: server.wait(0)):
                with pytest.raises(ForkedChannelError, match="expected use in process"):
                    use()
            client.close()
        client.send(HELLO, 0)
        hear(server)

    @needs_fork
    def test_a_real_fork_leaves_the_parents_channel_alone(self, tmp_path: Path) -> None:
        program = """
import os, sys
from protocol.channel import ClientChannel, ServerChannel
from protocol.errors import ForkedChannelError
server = ServerChannel("tcp://127.0.0.1:0")
client = ClientChannel(server.endpoint)
child = os.fork()
if child == 0:
    try:
        client.poll()
    except ForkedChannelError:
        client.close()
        server.close()
        os._exit(42)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
client.wait(20)
print(client.poll())
client.close()
server.close()
"""
        result = subprocess.run(
            [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
            capture_output=True,
            text=True,
            timeout=50,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        assert result.stdout == "[Connected()]\n"


class TestWaiting:
    def test_a_waker_ends_the_servers_wait_from_another_thread(self, server: ServerChannel) -> None:
        waker = Waker()
        thread = threading.Thread(target=waker.wake)
        thread.start()
        assert server.wait(HANG_S, [waker])
        thread.join()
        assert waker.drain()
        assert not server.wait(0, [waker])
        waker.close()

    def test_a_message_ends_the_servers_wait(self, server: ServerChannel, client: ClientChannel) -> None:
        client.send(HELLO, 0)
        assert server.wait(HANG_S)

    def test_a_wait_without_end_ends_by_a_wake(self, server: ServerChannel) -> None:
        waker = Waker()
        waker.wake()
        assert server.wait(None, [waker])
        waker.close()


def test_a_flood_is_drained_in_bounded_parts(server: ServerChannel, client: ClientChannel) -> None:
    total = 200
    heard = 0
    sent = 0
    deadline = time.monotonic() + HANG_S
    while heard < total and time.monotonic() < deadline:
        try:
            while sent < total:
                client.send(Heartbeat(sent), 1)
                sent += 1
        except PeerBusyError:
            pass
        server.wait(0.1)
        incoming = server.receive()
        assert len(incoming) <= 64
        for message in incoming:
            heard += 1
            assert message.sequence == heard
    assert heard == total


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP here")
def test_a_stopped_peer_is_noticed_by_the_heartbeat_and_found_again_when_it_wakes() -> None:
    program = """
import sys
from protocol.channel import ServerChannel
server = ServerChannel("tcp://127.0.0.1:0")
print(server.endpoint, flush=True)
sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        client = ClientChannel(process.stdout.readline().strip(), heartbeat_interval_s=0.05, heartbeat_timeout_s=0.3)
        wait_for(client, Connected)
        process.send_signal(signal.SIGSTOP)
        wait_for(client, Disconnected)
        process.send_signal(signal.SIGCONT)
        wait_for(client, Connected)
        client.close()
        process.communicate()


def test_the_channel_keeps_no_message_of_its_own(server: ServerChannel, client: ClientChannel) -> None:
    message: Message = PolicyUpdate("b", 1, 2, 3, False, {}, np.zeros(100_000, np.float32))
    weights = message.weights
    references = sys.getrefcount(weights)
    receipt = client.send(message, 0)
    hear(server, PeerFault)
    deadline = time.monotonic() + HANG_S
    while not receipt.done:
        assert time.monotonic() < deadline
        client.wait(0.01)
    assert sys.getrefcount(weights) <= references + 1
