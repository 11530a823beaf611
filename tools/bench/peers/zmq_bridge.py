"""The upper bar of what asks for every decision: raw float32 frames over pyzmq, one exchange per step, Python decides.

No codec, no checks, no schema: what it costs to go there and back, and nothing else. ipc where there is one.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import zmq

from protocol.endpoint import HAS_IPC
from tools.bench.noop_game import ACTION_SIZE, OBSERVATION_SIZE
from tools.bench.peers.bridge_policy import REWARD, BridgePolicy, noop_observations
from tools.bench.peers.lockstep import START_TIMEOUT_S, LockstepBridge, run_bridge
from tools.bench.peers.step_store import StepStore


class ZmqBridge(LockstepBridge):
    """Observations, rewards and completions there in three frames, actions back in one."""

    module: ClassVar[str] = "tools.bench.peers.zmq_bridge"

    def connect(self, folder: Path) -> str:
        rewards = np.full(self.agent_count, REWARD, np.float32)
        arrays = (noop_observations(self.agent_count), rewards, np.zeros(self.agent_count, np.bool_))
        self._frames = [array.data for array in arrays]
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PAIR)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.RCVTIMEO, round(START_TIMEOUT_S * 1000))
        if HAS_IPC:
            address = f"ipc://{folder / 'zmq'}"
            self._socket.bind(address)
            return address
        return f"tcp://127.0.0.1:{self._socket.bind_to_random_port('tcp://127.0.0.1')}"

    def exchange(self) -> None:
        self._socket.send_multipart(self._frames, copy=False)
        self.actions = np.frombuffer(self._socket.recv(), np.float32).reshape(-1, ACTION_SIZE)

    def serve(self, address: str) -> None:
        policy, store = BridgePolicy(self.agent_count), StepStore(self.agent_count)
        connection = zmq.Context().socket(zmq.PAIR)
        connection.setsockopt(zmq.LINGER, 0)
        connection.connect(address)
        while True:
            frames = connection.recv_multipart(copy=False)
            observations = np.frombuffer(frames[0].buffer, np.float32).reshape(-1, OBSERVATION_SIZE)
            actions = policy.act(observations)
            rewards, is_done = np.frombuffer(frames[1].buffer, np.float32), np.frombuffer(frames[2].buffer, np.bool_)
            store.add(observations, actions, rewards, is_done)
            connection.send(actions.data)


if __name__ == "__main__":
    run_bridge(ZmqBridge)
