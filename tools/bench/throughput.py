"""Agent-steps a second through the bridge, beside bridges that ask Python for every decision.

A no-op world of 64 observed floats and 8 actions, the same network in numpy everywhere, a trainer that consumes without
learning. Ours decides in the game and hands off whole batches; each peer sends every step there and waits. The peers'
engines cost next to nothing: they send bytes made once and read their actions, while ours gathers, records and acts.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from tools.bench.measured_program import MeasuredProgram
from tools.bench.options import BenchOptions
from tools.bench.row import BenchRow
from tools.bench.timing import Comparison

AGENT_COUNTS = (1, 16, 64, 256, 1024)
TURN_S = 0.6
OURS = "ours"


@dataclass(frozen=True)
class Peer:
    """A bridge to be measured beside ours.

    Attributes:
        module: its program.
        style: what it is, for the table.
        packages: what it needs beside numpy.
        least_agents: from how many agents on the target holds; None where nothing is promised.
        real_us: microseconds a step that the package it is modelled on took on a machine like this, by agents; from
            one run with an emulated engine, good to a factor of two.
    """

    module: str
    style: str
    packages: tuple[str, ...]
    least_agents: int | None
    real_us: Mapping[int, int]


PEERS = (
    Peer(
        "grpc_bridge",
        "gRPC as ML-Agents",
        ("grpcio", "protobuf"),
        1,
        {1: 1041, 16: 1705, 64: 3667, 256: 11_810},
    ),
    Peer("json_bridge", "TCP + JSON as Godot RL", (), 64, {1: 80, 16: 552, 64: 1929, 256: 8260}),
    Peer("zmq_bridge", "lockstep pyzmq", ("pyzmq",), None, {}),
)
REAL_NAMES = {"grpc_bridge": "ML-Agents 1.1.0", "json_bridge": "Godot RL 0.8.2"}
TARGET = "ratio >= 10"


def missing_packages(peer: Peer) -> tuple[str, ...]:
    """What would have to be installed before the peer can run."""
    return tuple(name for name in peer.packages if installed_version(name) is None)


def installed_version(package: str) -> str | None:
    """Its version in this environment."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def command(name: str, agent_count: int) -> tuple[str, ...]:
    """What starts one contestant."""
    module = "tools.bench.noop_host" if name == OURS else f"tools.bench.peers.{name}"
    return (sys.executable, "-m", module, "--agents", str(agent_count))


def measure(names: Sequence[str], agent_count: int, rounds: int) -> dict[str, list[float]]:
    """Agent-steps a second of each contestant and round; all are there all the time, and run in turn."""
    with ExitStack() as stack:
        programs = {name: stack.enter_context(MeasuredProgram(command(name, agent_count), name=name)) for name in names}
        for program in programs.values():
            program.await_ready()
        results: dict[str, list[float]] = {name: [] for name in names}
        for index in range(rounds + 1):
            for name in names if index % 2 == 0 else tuple(reversed(names)):
                turn = programs[name].run(TURN_S)
                if index > 0:  # the first round warms up
                    results[name].append(turn.steps_per_second)
    return results


def row(peer: Peer, agent_count: int, results: Mapping[str, Sequence[float]]) -> BenchRow:
    """One peer's line at one number of agents."""
    missing = missing_packages(peer)
    target = TARGET if peer.least_agents is not None and agent_count >= peer.least_agents else ""
    name = f"{agent_count:,} agent{'s' if agent_count > 1 else ''}, beside {peer.style}"
    versions = ", ".join(f"{package} {installed_version(package)}" for package in peer.packages if not missing)
    compared = None if missing else Comparison.of(list(zip(results[OURS], results[peer.module], strict=True)))
    ours = Comparison.of([(value, value) for value in results[OURS]]).ours
    notes = []
    if missing:
        notes.append(f"not measured: pip install {' '.join(missing)}")
    if compared is not None:
        notes.append(f"ratios of the rounds {compared.ratio.low:.3g} .. {compared.ratio.high:.3g}")
        notes.append(f"the peer took {1e6 * agent_count / compared.peer.median:,.0f} µs a step")
    if agent_count in peer.real_us:
        notes.append(f"{REAL_NAMES[peer.module]} itself once took {peer.real_us[agent_count]:,} µs")
    return BenchRow(
        bench="throughput",
        name=name,
        median=ours.median,
        low=ours.low,
        high=ours.high,
        unit="steps/s",
        peer_name=f"{peer.style} ({versions})" if versions else peer.style,
        peer_median=compared.peer.median if compared is not None else None,
        ratio=compared.ratio.median if compared is not None else None,
        target=target,
        note="; ".join(notes),
        axis="agents",
        x=agent_count,
    )


def run(options: BenchOptions) -> list[BenchRow]:
    """Each number of agents, with every peer that can run here."""
    names = (OURS, *(peer.module for peer in PEERS if not missing_packages(peer)))
    rows = []
    for agent_count in AGENT_COUNTS:
        results = measure(names, agent_count, options.rounds)
        rows += [row(peer, agent_count, results) for peer in PEERS]
    return rows
