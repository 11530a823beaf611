"""Every bridge of the throughput bench moves steps between two processes, and all decide alike."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from tools.bench.measured_program import MeasuredProgram, MeasuredProgramError
from tools.bench.peers.bridge_policy import BridgePolicy, noop_observations
from tools.bench.peers.step_store import StepStore
from tools.bench.throughput import OURS, PEERS, Peer, command, missing_packages, row

AGENTS = 3
HAS_GRPC = find_spec("grpc") is not None


@pytest.mark.parametrize(
    "name",
    [
        OURS,
        "json_bridge",
        "zmq_bridge",
        pytest.param("grpc_bridge", marks=pytest.mark.skipif(not HAS_GRPC, reason="grpcio is not installed")),
    ],
)
def test_a_contestant_ticks_for_as_long_as_it_is_told(name: str) -> None:
    with MeasuredProgram(command(name, AGENTS), name=name) as program:
        program.await_ready()
        turn = program.run(0.05)
    assert turn.ticks > 0
    assert turn.steps == turn.played_steps == AGENTS * turn.ticks
    assert 0.05 <= turn.wall_s < 5.0


def test_a_program_that_ends_too_early_is_named() -> None:
    with (
        MeasuredProgram((sys.executable, "-c", "raise SystemExit(3)"), name="brief") as program,
        pytest.raises(MeasuredProgramError, match="brief: expected an answer, got its end with exit status 3"),
    ):
        program.await_ready()


def test_the_bridges_policy_is_the_games() -> None:
    observations = noop_observations(AGENTS)
    actions = BridgePolicy(AGENTS).act(observations)
    assert actions.shape == (AGENTS, 8)
    np.testing.assert_array_equal(actions, BridgePolicy(AGENTS).act(observations))


def test_a_full_store_begins_at_its_top_again() -> None:
    store = StepStore(agent_count=5_000)
    for step in range(3):
        ones = np.full((5_000, 64), step, np.float32)
        store.add(ones, ones[:, :8], ones[:, 0], np.zeros(5_000, np.bool_))
    assert store._observations[:, 0, 0].tolist() == [2.0, 1.0]


def test_a_peer_whose_packages_are_missing_is_a_row_with_a_note() -> None:
    peer = Peer("grpc_bridge", "gRPC", ("no-such-package",), 1, {1: 1041})
    assert missing_packages(peer) == ("no-such-package",)
    made = row(peer, 1, {OURS: [1000.0, 1200.0]})
    assert (made.median, made.ratio, made.peer_median) == (1100.0, None, None)
    assert "pip install no-such-package" in made.note


def test_ratios_are_ours_over_the_peers() -> None:
    grpc, _, lockstep = PEERS
    results = {OURS: [1000.0, 1200.0], "grpc_bridge": [100.0, 100.0], "zmq_bridge": [500.0, 500.0]}
    if not missing_packages(grpc):
        assert row(grpc, 16, results).ratio == 11.0
    made = row(lockstep, 16, results)
    assert (made.ratio, made.target) == (2.2, "")
