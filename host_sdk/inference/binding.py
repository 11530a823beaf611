"""An operation of a network at the arrays it works on, from which its numpy calls are bound."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.network_spec import Operation

FloatArray: TypeAlias = npt.NDArray[np.float32]
Step: TypeAlias = Callable[[], object]

CHUNK_FLOATS = 262_144
"""Scratch that one pass of a large operation takes, 1 MiB: it stays in a core's second-level cache."""

ALIGNMENT = 16
"""Floats that scratch arrays begin at multiples of: a cache line."""


class Scratch:
    """Memory that operations use while they run, one after the other; none finds again what it left there."""

    def __init__(self) -> None:
        self._memory = np.empty(0, dtype=np.float32)

    def take(self, *shapes: tuple[int, ...]) -> list[FloatArray]:
        """One array of each shape, apart from one another, for a single operation."""
        sizes = [math.prod(shape) for shape in shapes]
        starts = [0]
        for size in sizes:
            starts.append(starts[-1] + -(-size // ALIGNMENT) * ALIGNMENT)
        if starts[-1] > self._memory.size:
            # What was bound before keeps the memory it has.
            self._memory = np.empty(starts[-1], dtype=np.float32)
        parts = zip(starts[:-1], sizes, shapes, strict=True)
        return [self._memory[start : start + size].reshape(shape) for start, size, shape in parts]


@dataclass(frozen=True, slots=True)
class Binding:
    """What the calls of one operation are bound to.

    Attributes:
        operation: what to do; its meaning stands in `protocol.network_operation`.
        inputs: rows of each register it reads.
        due: for each input whether its part of the work is due now; only a concat works in parts.
        parameters: in the form that the kind's `prepare` gives them.
        output: rows of the register it writes.
        rows: how many of them an agent has.
        scratch: to be used while it runs.
    """

    operation: Operation
    inputs: list[FloatArray]
    due: list[bool]
    parameters: list[FloatArray]
    output: FloatArray
    rows: int
    scratch: Scratch


Bind: TypeAlias = Callable[[Binding], list[Step]]
Prepare: TypeAlias = Callable[[Operation, list[FloatArray]], list[FloatArray]]


def as_row(values: npt.NDArray[np.floating]) -> FloatArray:
    """float32[1, n]: numpy takes three times as long over one row and an array of fewer axes."""
    return values[np.newaxis].astype(np.float32, copy=False)


def product(a: FloatArray, b: FloatArray, output: FloatArray) -> Step:
    """output = a · b, matrices all: `dot` starts sooner, but copies what does not lie in one piece."""
    in_one_piece = a.flags.forc and b.flags.forc and output.flags.c_contiguous
    return partial(np.dot if in_one_piece else np.matmul, a, b, output)
