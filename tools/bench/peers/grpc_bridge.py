"""A bridge in the style of ML-Agents: one unary gRPC call per step, one protobuf message per agent, Python decides.

As there, Python is the server, its pool of threads hands each call to the main thread, and TCP on the loopback carries
it. Tuned where ML-Agents is not: compiled protobuf, a queue in place of a pipe between the threads, arrays built in
bulk, one BLAS thread. The engine is as cheap as can be: it sends bytes made once, and reads its actions, which a game
has to perform.
"""

from __future__ import annotations

import socket
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, ClassVar

import grpc
import numpy as np

from tools.bench.noop_game import OBSERVATION_SIZE
from tools.bench.peers.bridge_policy import REWARD, BridgePolicy, noop_observations
from tools.bench.peers.grpc_message import make_message_classes
from tools.bench.peers.lockstep import START_TIMEOUT_S, LockstepBridge, run_bridge
from tools.bench.peers.step_store import StepStore

METHOD = "/bench.Bridge/Exchange"
OPTIONS = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
SERVER_THREADS = 1


class GrpcBridge(LockstepBridge):
    """Unary calls."""

    module: ClassVar[str] = "tools.bench.peers.grpc_bridge"

    def connect(self, folder: Path) -> str:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        messages = make_message_classes()
        step = messages["Step"]()
        for agent, row in enumerate(noop_observations(self.agent_count).tolist()):
            info = step.agents.add(reward=REWARD, id=agent)
            info.observations.add(shape=[OBSERVATION_SIZE], data=row)
        self._request = step.SerializeToString()
        self._channel = grpc.insecure_channel(address, options=OPTIONS)
        self._call = self._channel.unary_unary(METHOD, response_deserializer=messages["Actions"].FromString)
        return address

    def exchange(self) -> None:
        answer = self._call(self._request, timeout=START_TIMEOUT_S, wait_for_ready=True)
        self.actions = np.array([agent.continuous for agent in answer.agents], np.float32)

    def serve(self, address: str) -> None:
        calls: SimpleQueue[tuple[Any, Future[Any]]] = SimpleQueue()

        def hand_over(request: Any, context: grpc.ServicerContext) -> Any:
            answer: Future[Any] = Future()
            calls.put((request, answer))
            return answer.result()

        messages = make_message_classes()
        decide = _Decider(self.agent_count, messages)
        handler = grpc.unary_unary_rpc_method_handler(
            hand_over, messages["Step"].FromString, messages["Actions"].SerializeToString
        )
        server = grpc.server(ThreadPoolExecutor(SERVER_THREADS), options=OPTIONS)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Bridge", {"Exchange": handler}),))
        server.add_insecure_port(address)
        server.start()
        while True:
            request, answer = calls.get()
            answer.set_result(decide(request))


class _Decider:
    """From a step's message to that of its actions, on the main thread."""

    def __init__(self, agent_count: int, messages: dict[str, Any]) -> None:
        self._policy = BridgePolicy(agent_count)
        self._store = StepStore(agent_count)
        self._make_actions = messages["Actions"]

    def __call__(self, step: Any) -> Any:
        agents = step.agents
        # of the ways to get floats out of a repeated field, this one is the quickest
        observations = np.array([agent.observations[0].data for agent in agents], np.float32)
        rewards = np.array([agent.reward for agent in agents], np.float32)
        is_done = np.array([agent.done for agent in agents], np.bool_)
        actions = self._policy.act(observations)
        self._store.add(observations, actions, rewards, is_done)
        answer = self._make_actions()
        add = answer.agents.add
        for row in actions.tolist():
            add().continuous.extend(row)
        return answer


if __name__ == "__main__":
    run_bridge(GrpcBridge)
