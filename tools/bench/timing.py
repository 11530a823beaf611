"""Medians with their spread, and two things measured in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """What repetitions of one measurement gave.

    Attributes:
        median: of all.
        low: the smallest.
        high: the largest.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Comparison:
    """Ours and a peer, measured in turn on the same machine in the same minute.

    Attributes:
        ours: our repetitions.
        peer: the peer's.
        ratio: ours over the peer's, pair by pair, so that a machine that slows down slows both.
    """

    ours: Spread
    peer: Spread
    ratio: Spread

    @classmethod
    def of(cls, pairs: Sequence[tuple[float, float]]) -> Comparison:
        """The comparison of at least one pair (ours, the peer's)."""
        return cls(
            ours=Spread.of([pair[0] for pair in pairs]),
            peer=Spread.of([pair[1] for pair in pairs]),
            ratio=Spread.of([pair[0] / pair[1] for pair in pairs]),
        )


def seconds(action: Callable[[], object]) -> float:
    """Wall-clock time of one call."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def repeat(measure: Callable[[], float], rounds: int) -> Spread:
    """Measures once to warm up and `rounds` times to count."""
    measure()
    return Spread.of([measure() for _ in range(rounds)])


def alternate(ours: Callable[[], float], peer: Callable[[], float], rounds: int) -> Comparison:
    """Measures both in turn, each first in every other round, after one round to warm up.

    Args:
        ours: measures ours once; returns the value, as seconds.
        peer: the same of the peer, in the same unit.
        rounds: pairs that count, at least 1.
    """
    pairs: list[tuple[float, float]] = []
    for round_index in range(rounds + 1):
        if round_index % 2 == 0:
            pair = (ours(), peer())
        else:
            theirs = peer()
            pair = (ours(), theirs)
        if round_index > 0:
            pairs.append(pair)
    return Comparison.of(pairs)
