"""The other process of the transport bench: takes batches, keeps a view of the last, acknowledges each.

`python -m tools.bench.transport_receiver channel|raw ENDPOINT`; runs until its standard input ends.
"""

from __future__ import annotations

import os
import sys
import threading

import zmq

from protocol.channel import ServerChannel
from protocol.channel_event import PeerMessage
from protocol.messages import Credit, Experience


def leave_with_parent() -> None:
    """Ends the process when its standard input does."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def receive_by_channel(endpoint: str) -> None:
    """The trainer's end, as its server loop uses it."""
    channel = ServerChannel(endpoint)
    print("listening", flush=True)
    while True:
        channel.wait(None)
        for incoming in channel.receive():
            if not isinstance(incoming, PeerMessage):
                raise SystemExit(f"transport receiver: expected a message, got {incoming}")
            channel.trust(incoming.peer)
            if isinstance(incoming.message, Experience):
                credit = Credit(behavior=incoming.message.behavior, batch_id=incoming.message.batch_id)
                channel.send(incoming.peer, credit, incoming.session_id)


def receive_raw(endpoint: str) -> None:
    """Nothing but pyzmq."""
    socket = zmq.Context().socket(zmq.ROUTER)
    socket.bind(endpoint)
    print("listening", flush=True)
    while True:
        frames = socket.recv_multipart(copy=False)
        socket.send_multipart([frames[0].bytes, b"\0"])


if __name__ == "__main__":
    leave_with_parent()
    {"channel": receive_by_channel, "raw": receive_raw}[sys.argv[1]](sys.argv[2])
