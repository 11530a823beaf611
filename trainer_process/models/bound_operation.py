"""An operation of a network bound to its parameters, and what it does with registers that depend on weights alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor

from protocol.network_spec import Operation

Run: TypeAlias = Callable[[list[Tensor]], Tensor]
Bind: TypeAlias = Callable[[Operation, Sequence[Tensor], bool], Run]
"""(operation, its parameters, whether it may overwrite its input) → what computes it."""


@dataclass(frozen=True, slots=True)
class BoundOperation:
    """One operation ready to run: input registers → output register."""

    inputs: tuple[str, ...]
    output: str
    run: Run


def spread(x: Tensor, rows: int) -> Tensor:
    """The rows of a register [rows, n]; one that depends on weights alone has those of a single agent, [r, n]."""
    if len(x) == rows:
        return x
    return x.expand(rows, -1) if len(x) == 1 else x.repeat(rows // len(x), 1)


def spread_alike(inputs: Sequence[Tensor]) -> list[Tensor]:
    """Registers of the same rows an agent, each with all rows."""
    rows = max(len(x) for x in inputs)
    return [spread(x, rows) for x in inputs]
