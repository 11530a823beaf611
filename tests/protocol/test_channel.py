"""Messages between a server and a client, and what becomes of them when one does not listen or leaves."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from protocol.channel import ClientChannel, ServerChannel
from protocol.channel_event import Connected, Disconnected, PeerFault, Received
from protocol.errors import (
    LocalProtocolError,
    PeerBusyError,
    PeerUnreachableError,
)
from protocol.limits import MAX_PRE_HELLO_BYTES
from protocol.messages import Credit, Heartbeat, Message, PolicyUpdate, Stop
from protocol.waker import Waker
from tests.protocol.channel_listener import HANG_S, hear, wait_for
from tests.protocol.message_strategy import assert_same
from tools.golden import EXAMPLES

HELLO = EXAMPLES["hello"]


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


def test_large_arrays_cross_whole(server: ServerChannel, client: ClientChannel) -> None:
    client.send(HELLO, 0)
    peer = hear(server).peer
    update = PolicyUpdate("b", 1, 2, 3, False, {}, np.arange(2_000_000, dtype=np.float32))
    server.send(peer, update, 7)
    received = wait_for(client, Received)
    assert_same(received.message, update)
    assert not received.message.weights.flags.writeable


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


def test_a_wrong_message_is_refused_before_it_is_sent(server: ServerChannel, client: ClientChannel) -> None:
    with pytest.raises(LocalProtocolError):
        client.send(Credit("", 1), 1)
    client.send(HELLO, 0)
    assert hear(server).sequence == 1


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
    client.send(message, 0)
    hear(server, PeerFault)
    deadline = time.monotonic() + HANG_S
    while sys.getrefcount(weights) > references + 1:
        assert time.monotonic() < deadline
        client.wait(0.01)
