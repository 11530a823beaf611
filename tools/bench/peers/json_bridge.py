"""A bridge in the style of Godot RL: TCP, JSON text behind its length, one exchange per step, Python decides.

As there, Python listens and reads with the standard library's `json`. Tuned where Godot RL is not: no delay in TCP,
arrays built in bulk, one BLAS thread. The engine is as cheap as can be: it sends bytes made once, and reads its
actions, which a game has to perform.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from pathlib import Path
from typing import ClassVar

import numpy as np

from tools.bench.peers.bridge_policy import REWARD, BridgePolicy, noop_observations
from tools.bench.peers.lockstep import START_TIMEOUT_S, LockstepBridge, run_bridge
from tools.bench.peers.step_store import StepStore

LENGTH = struct.Struct("<I")


def send_text(connection: socket.socket, text: bytes) -> None:
    """One message in one piece, so that no half of it waits for an acknowledgement."""
    connection.sendall(LENGTH.pack(len(text)) + text)


def receive_text(connection: socket.socket) -> bytearray:
    """One whole message. Raises ConnectionError at the end of the stream."""
    (size,) = LENGTH.unpack(_receive_exactly(connection, LENGTH.size))
    return _receive_exactly(connection, size)


def _receive_exactly(connection: socket.socket, size: int) -> bytearray:
    content = bytearray(size)
    rest = memoryview(content)
    while rest:
        count = connection.recv_into(rest)
        if count == 0:
            raise ConnectionError(f"json bridge: expected {len(rest)} more bytes, got the end of the stream")
        rest = rest[count:]
    return content


class JsonBridge(LockstepBridge):
    """Lists of numbers as text."""

    module: ClassVar[str] = "tools.bench.peers.json_bridge"
    _connection: socket.socket | None = None

    def connect(self, folder: Path) -> str:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = int(probe.getsockname()[1])
        count = self.agent_count
        message = {
            "type": "step",
            "obs": [{"obs": row} for row in noop_observations(count).tolist()],
            "reward": [REWARD] * count,
            "done": [False] * count,
        }
        self._request = json.dumps(message).encode()
        return f"127.0.0.1:{self._port}"

    def exchange(self) -> None:
        if self._connection is None:
            self._connection = self._reach()
        send_text(self._connection, self._request)
        answer = json.loads(receive_text(self._connection))
        self.actions = np.array([action["move"] for action in answer["action"]], np.float32)

    def _reach(self) -> socket.socket:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", self._port), START_TIMEOUT_S)
            except ConnectionRefusedError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(0.05)
            else:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.settimeout(None)
                return connection

    def serve(self, address: str) -> None:
        policy, store = BridgePolicy(self.agent_count), StepStore(self.agent_count)
        host, _, port = address.partition(":")
        with socket.create_server((host, int(port))) as listener:
            connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            step = json.loads(receive_text(connection))
            observations = np.array([agent["obs"] for agent in step["obs"]], np.float32)
            actions = policy.act(observations)
            store.add(observations, actions, np.array(step["reward"], np.float32), np.array(step["done"], np.bool_))
            message = {"type": "action", "action": [{"move": row} for row in actions.tolist()]}
            send_text(connection, json.dumps(message).encode())


if __name__ == "__main__":
    run_bridge(JsonBridge)
