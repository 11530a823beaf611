"""Recurrent cells over windows of steps with their gradient written out, back through all steps of a window.

As in `written_operation` nothing is allocated, sliced or looked up when the calls run. What does not depend on the step
before is computed for all steps at once, forward as well as backward; what is left to each step are a product with the
memory's weight and a few calls on a step's rows. Rows are in the order of time: the first steps of all windows, then
the second ones. n windows, L steps, B = n · L rows, k numbers of x, m units.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from trainer_process.models.side_stream import Call
from trainer_process.models.written_register import Register


class CellInput:
    """What a cell reads over windows.

    Attributes:
        x: [B, k].
        x_register: of it.
        first: [n, H], the memory before the first step; no gradient goes into it.
        previous: a new tensor [B, H] for the memory before every step.
    """

    def __init__(self, inputs: Sequence[Register], window_size: int) -> None:
        self.x_register, memory = inputs
        self.x = self.x_register.value
        self._count = len(self.x) // window_size
        self.first = memory.value[: self._count]
        self.previous = torch.empty_like(memory.value)

    def by_step(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Views of each step's rows."""
        return torch.split(rows, self._count)

    def before(self, memory: Tensor) -> list[Tensor]:
        """Of the memories [B, H] after each step those before each: views of each step's rows."""
        return [self.first, *self.by_step(memory)[:-1]]

    def keep_previous(self, memory: Tensor) -> list[Call]:
        """Fills `previous` out of the memories [B, H] after each step."""
        calls: list[Call] = [partial(self.previous[: self._count].copy_, self.first)]
        if len(memory) > self._count:
            calls.append(partial(self.previous[self._count :].copy_, memory[: -self._count]))
        return calls

    def x_slope(self, slope: Tensor, weight: Tensor) -> list[Call]:
        """What slopes [B, G] of weight[G, k] · x add to the gradient of x."""
        gradient = self.x_register.gradient
        if gradient is None:
            return []
        if self.x_register.adds:
            return [partial(gradient.addmm_, slope, weight)]
        return [partial(torch.mm, slope, weight, out=gradient)]


def weight_slope(gradient: Tensor | None, slope: Tensor, rows: Tensor) -> list[Call]:
    """The gradient [G, n] of a weight by the slopes [B, G] of its product with rows [B, n]."""
    return [] if gradient is None else [partial(torch.mm, slope.t(), rows, out=gradient)]


def bias_slope(gradient: Tensor | None, slope: Tensor) -> list[Call]:
    """The gradient [G] of a bias by slopes [B, G]."""
    return [] if gradient is None else [partial(torch.sum, slope, 0, out=gradient)]


def tanh_in_place(x: Tensor) -> Call:
    """By numpy where it is faster, see `tanh`."""
    if x.device.type == "cpu":
        return partial(np.tanh, x.numpy(), out=x.numpy())
    return x.tanh_


def of_sigmoid(y: Tensor, out: Tensor) -> Call:
    """y (1 − y), the slope of a sigmoid that yielded y."""
    return partial(torch.addcmul, y, y, y, value=-1.0, out=out)


def of_tanh(y: Tensor, out: Tensor) -> Call:
    """1 − y², the slope of a tanh that yielded y."""
    return partial(torch.addcmul, y.new_ones(()), y, y, value=-1.0, out=out)
