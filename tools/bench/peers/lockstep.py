"""The two processes of a bridge that asks for every decision: the engine, which is measured, and the Python side.

`python -m tools.bench.peers.NAME --agents N` is the engine; it starts its Python side by the same command with
`--serve ADDRESS`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np

from protocol.vector_array import FloatArray
from tools.bench.measured_program import leave_with_parent, run_on_request
from tools.bench.noop_game import ACTION_SIZE
from tools.bench.options import ROOT

START_TIMEOUT_S = 30.0


class LockstepBridge(ABC):
    """One way of moving a step to Python and its actions back.

    Attributes:
        agent_count: N.
        actions: float32[N, 8], what the engine would perform now.
    """

    module: ClassVar[str]

    def __init__(self, agent_count: int) -> None:
        self.agent_count = agent_count
        self.actions: FloatArray = np.zeros((agent_count, ACTION_SIZE), np.float32)

    @abstractmethod
    def connect(self, folder: Path) -> str:
        """Engine: where its Python side shall listen; called before that is started."""

    @abstractmethod
    def exchange(self) -> None:
        """Engine: one step there, its actions back; the first call waits for the Python side to listen."""

    @abstractmethod
    def serve(self, address: str) -> None:
        """Python side: listens, then turns every step into actions until the process ends."""


def run_bridge(make: type[LockstepBridge]) -> None:
    """Reads the command line and is one of the two processes."""
    parser = argparse.ArgumentParser(description=sys.modules[make.__module__].__doc__)
    parser.add_argument("--agents", type=int, required=True)
    parser.add_argument("--serve", metavar="ADDRESS")
    arguments = parser.parse_args()
    bridge = make(arguments.agents)
    if arguments.serve is not None:
        leave_with_parent()
        bridge.serve(arguments.serve)
        return
    with tempfile.TemporaryDirectory(prefix="lb-") as folder:
        address = bridge.connect(Path(folder))
        command = (sys.executable, "-m", make.module, "--agents", str(arguments.agents), "--serve", address)
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE) as server:
            assert server.stdin is not None
            try:
                bridge.exchange()
                run_on_request(bridge.exchange, arguments.agents)
            finally:
                server.stdin.close()
                server.wait(START_TIMEOUT_S)
