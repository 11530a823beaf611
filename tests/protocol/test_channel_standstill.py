"""A peer that stands still: sending to it never waits, and what piled up for it does it no harm when it wakes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from protocol.channel import ClientChannel, ServerChannel
from protocol.channel_event import Connected
from protocol.channel_setting import QUEUED_MESSAGES
from protocol.codec import decode, encode
from protocol.errors import PeerBusyError
from protocol.messages import Credit, PolicyUpdate
from tests.protocol.channel_listener import hear, wait_for
from tests.protocol.raw_peer import RawPeer
from tools.golden import EXAMPLES

HELLO = EXAMPLES["hello"]
LARGE = PolicyUpdate("b", 1, 2, 3, False, {}, np.zeros(1_000_000, np.float32))
PILE = 5 * QUEUED_MESSAGES

SERVER = """
import sys
from protocol.channel import ServerChannel
server = ServerChannel("tcp://127.0.0.1:0", heartbeat_interval_s=0.05, heartbeat_timeout_s=10.0)
print(server.endpoint, flush=True)
sys.stdin.readline()  # blind to its sockets until here
heard = 0
while heard < int(sys.argv[1]):
    server.wait(None)
    heard += len(server.receive())
print("well", flush=True)
"""

CLIENT = """
import sys
from protocol.channel import ClientChannel
from protocol.channel_event import Connected, Disconnected
from tools.golden import EXAMPLES
client = ClientChannel(sys.argv[1], heartbeat_interval_s=0.05, heartbeat_timeout_s=10.0)
def until(kind):
    while not any(isinstance(event, kind) for event in client.poll()):
        client.wait(0.02)
until(Connected)
client.send(EXAMPLES["hello"], 0)
until(Disconnected)
print("well", flush=True)
"""


def pile_up(send: Callable[[], object], wait: Callable[[], object]) -> None:
    """Sends PILE messages, each as soon as there is room for it."""
    for _ in range(PILE):
        while True:
            try:
                send()
                break
            except PeerBusyError:
                wait()


@contextmanager
def child(program: str, argument: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", program, argument],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_peer_that_does_not_read_makes_sending_fail_and_never_wait() -> None:
    server = ServerChannel("tcp://127.0.0.1:0")
    with RawPeer(server.endpoint) as raw:
        raw.shake_hands()
        raw.send(encode(HELLO, 0, 1))
        peer = hear(server).peer
        sent = 0
        with pytest.raises(PeerBusyError, match="full queue"):  # noqa: PT012
            while sent < 1000:
                server.send(peer, LARGE, 1)
                sent += 1
        assert sent <= 4 * QUEUED_MESSAGES
        for number in range(1, sent + 1):
            assert decode(raw.receive())[2] == number
        server.send(peer, Credit("b", 1), 1)
        assert decode(raw.receive())[2] == sent + 1
    server.close()


if sys.platform != "win32":

    def test_a_server_that_does_not_read_makes_sending_fail_and_never_wait() -> None:
        with child(SERVER, "0") as process:
            client = ClientChannel(process.stdout.readline().strip())
            wait_for(client, Connected)
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(PeerBusyError, match="full queue"):  # noqa: PT012
                for _ in range(1000):
                    client.send(LARGE, 1)
            client.close()

    def test_a_stopped_client_wakes_unharmed_from_what_piled_up_and_a_lost_connection() -> None:
        server = ServerChannel("tcp://127.0.0.1:0")
        with child(CLIENT, server.endpoint) as process:
            peer = hear(server).peer
            process.send_signal(signal.SIGSTOP)
            pile_up(lambda: server.send(peer, Credit("b", 1), 1), lambda: server.wait(0.01))
            server.close()
            process.send_signal(signal.SIGCONT)
            assert process.stdout.readline() == "well\n"


def test_a_blind_server_is_unharmed_by_clients_that_say_much_and_leave() -> None:
    with child(SERVER, str(4 * PILE)) as process:
        endpoint = process.stdout.readline().strip()
        for _ in range(4):
            client = ClientChannel(endpoint)
            wait_for(client, Connected)
            pile_up(lambda client=client: client.send(HELLO, 1), lambda client=client: client.wait(0.01))
            # the second look of the server's heartbeat at a connection that ended was the end of the process
            client.wait(0.2)
            client.close()
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "well\n"
