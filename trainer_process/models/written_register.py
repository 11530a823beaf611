"""Where the registers of a network lie whose gradient is written out, and what an operation does with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.side_stream import Call

Compute: TypeAlias = Callable[..., object]
"""Writes its result into the tensor given as `out`."""


@dataclass(eq=False, slots=True)
class Register:
    """Where one register of a network lies.

    Attributes:
        value: [B, n]; [1, n] of what depends on weights alone.
        gradient: of the loss by `value`, of the same shape; None where nothing that learns comes before.
        adds: whether those that read the register add to its gradient, rather than being the only one to write it.
    """

    value: Tensor
    gradient: Tensor | None
    adds: bool


@dataclass(frozen=True, slots=True)
class WrittenOperation:
    """The calls of one operation, in their order.

    Attributes:
        forward: computes the output.
        parameters: computes the parameters' gradient, which nothing waits for but the end of the backward pass.
        backward: computes what the operation adds to the gradient of its inputs.
    """

    forward: list[Call] = field(default_factory=list)
    parameters: list[Call] = field(default_factory=list)
    backward: list[Call] = field(default_factory=list)


def contribution(source: Register, compute: Compute) -> list[Call]:
    """What one reader does to a register's gradient."""
    assert source.gradient is not None
    if not source.adds:
        return [partial(compute, out=source.gradient)]
    own = torch.empty_like(source.gradient)
    return [partial(compute, out=own), partial(source.gradient.add_, own)]


Write: TypeAlias = Callable[[Operation, Sequence[Tensor], Sequence[Register], Register], WrittenOperation]
"""(operation, its parameters, its inputs, its output) → its calls."""
