"""One measured line of a bench's table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BenchRow:
    """A measurement, with what a peer reached in the same run where there is one.

    Attributes:
        bench: the bench it belongs to, as `update`.
        name: what was measured, in a few words.
        median: of the repetitions, in `unit`.
        low: the smallest repetition.
        high: the largest repetition.
        unit: as `s`, `µs`, `MB` or `1` for a bare ratio.
        peer_name: the peer and its version; empty where nothing was compared.
        peer_median: the peer's median in the same unit, measured in the same run.
        ratio: ours over the peer's, the median of the paired repetitions.
        target: what must be reached, as `ratio <= 0.8`; empty where nothing is promised.
        note: what a reader must know beside, such as a missing peer.
        axis: where the row is a point of a curve, what the curve runs over, as `agents`; empty elsewhere.
        x: where on that axis.
    """

    bench: str
    name: str
    median: float
    low: float
    high: float
    unit: str
    peer_name: str = ""
    peer_median: float | None = None
    ratio: float | None = None
    target: str = ""
    note: str = ""
    axis: str = ""
    x: float | None = None
