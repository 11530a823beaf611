"""A batch of 10,000 steps over ZeroMQ ipc to a second process and its acknowledgement back, ours and bare pyzmq."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from tools.bench.options import ROOT, BenchOptions
from tools.bench.row import BenchRow
from tools.bench.timing import Comparison, seconds
from tools.bench.transport_link import ChannelLink, Link, RawLink

EXCHANGES = 50
"""Batches a round; a round's value is their median."""


@contextmanager
def receiver(kind: str, endpoint: str) -> Iterator[None]:
    """A receiver in a process of its own, listening when the block begins and gone when it ends."""
    command = (sys.executable, "-m", "tools.bench.transport_receiver", kind, endpoint)
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        if process.stdout.readline().strip() != "listening":
            raise RuntimeError(f"transport: expected a receiver that listens, got exit status {process.wait()}")
        try:
            yield
        finally:
            process.stdin.close()
            process.wait(10)


def measure(ours: Link, peer: Link) -> tuple[float, float]:
    """A round: the median time of an exchange over each link, in seconds, the two in turn exchange by exchange."""
    pairs = [(seconds(ours.exchange), seconds(peer.exchange)) for _ in range(EXCHANGES)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def endpoint_in(folder: Path, name: str) -> str:
    """An ipc endpoint; on Windows, where there is none, a loopback port that depends on the name alone."""
    if sys.platform == "win32":
        return f"tcp://127.0.0.1:{53_000 + len(name)}"
    return f"ipc://{folder / name}"


def run(options: BenchOptions) -> list[BenchRow]:
    """Both ways in turn."""
    with tempfile.TemporaryDirectory(prefix="lb-") as name:
        endpoints = {kind: endpoint_in(Path(name), kind) for kind in ("channel", "raw")}
        with receiver("channel", endpoints["channel"]), receiver("raw", endpoints["raw"]):
            links = (ChannelLink(endpoints["channel"]), RawLink(endpoints["raw"]))
            try:
                measure(*links)
                compared = Comparison.of([measure(*links) for _ in range(options.rounds)])
            finally:
                for link in links:
                    link.close()
    return [
        BenchRow(
            bench="transport",
            name="batch of 10,000 steps and its acknowledgement",
            median=1000 * compared.ours.median,
            low=1000 * compared.ours.low,
            high=1000 * compared.ours.high,
            unit="ms",
            peer_name=f"pyzmq {version('pyzmq')}, the same frames",
            peer_median=1000 * compared.peer.median,
            ratio=compared.ratio.median,
            target="ratio <= 1.3",
            note=f"ratios of the rounds {compared.ratio.low:.2f} .. {compared.ratio.high:.2f}",
        )
    ]
