"""The gated recurrent unit over windows with its gradient written out; see `written_cell`.

r = σ(a_r + b_r), z = σ(a_z + b_z), c = tanh(a_c + r b_c), y = c + z (h − c), where a = W x + bias and b = U h + bias.
With g the slope by y: by a_c g (1 − z)(1 − c²), by b_c that times r, by a_r and b_r that of a_c times b_c r (1 − r), by
a_z and b_z g (h − c) z (1 − z), by h g z + slope of b · U.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.side_stream import Call
from trainer_process.models.written_cell import (
    CellInput,
    bias_slope,
    of_sigmoid,
    of_tanh,
    tanh_in_place,
    weight_slope,
)
from trainer_process.models.written_register import Register, WrittenOperation


def write_gru(
    operation: Operation,
    parameters: Sequence[Tensor],
    inputs: Sequence[Register],
    output: Register,
    *,
    window_size: int,
) -> WrittenOperation:
    """Over windows of so many steps."""
    cell = _Gru(parameters, CellInput(inputs, window_size), output)
    return WrittenOperation(cell.forward(), [], [] if output.gradient is None else cell.backward(output.gradient))


class _Gru:
    def __init__(self, parameters: Sequence[Tensor], given: CellInput, output: Register) -> None:
        self._gradients = [parameter.grad for parameter in parameters]
        self._weight, self._bias, self._hidden_weight, self._hidden_bias = (each.detach() for each in parameters)
        self._given, self._y = given, output.value
        self._size = self._y.shape[1]
        self._a = given.x.new_zeros(len(given.x), 3 * self._size)
        self._b = torch.zeros_like(self._a)

    def forward(self) -> list[Call]:
        given, size, turned = self._given, self._size, self._hidden_weight.t()
        calls: list[Call] = [partial(torch.addmm, self._bias, given.x, self._weight.t(), out=self._a)]
        steps = zip(*map(given.by_step, (self._a, self._b, self._y)), given.before(self._y), strict=True)
        for a, b, y, h in steps:
            both, r, z, c = a[:, : 2 * size], *torch.split(a, size, 1)
            calls.append(partial(torch.addmm, self._hidden_bias, h, turned, out=b))
            calls.append(partial(both.add_, b[:, : 2 * size]))
            calls.append(both.sigmoid_)
            calls.append(partial(c.addcmul_, r, b[:, 2 * size :]))
            calls.append(tanh_in_place(c))
            calls.append(partial(torch.lerp, c, h, z, out=y))
        return calls

    def backward(self, gradient: Tensor) -> list[Call]:
        given, size = self._given, self._size
        slopes = torch.zeros_like(self._b)
        factors = torch.zeros_like(self._b)
        by_c = torch.zeros_like(self._y)
        z = self._a[:, size : 2 * size]
        calls = [*given.keep_previous(self._y), *self._factors(factors, by_c)]
        steps = list(zip(*map(given.by_step, (gradient, slopes, factors, z)), strict=True))
        for index in reversed(range(len(steps))):
            g, slope, factor, kept = steps[index]
            blocks = (len(g), 3, size)
            calls.append(partial(torch.mul, g.unsqueeze(1), factor.view(blocks), out=slope.view(blocks)))
            if index > 0:
                before = steps[index - 1][0]
                calls.append(partial(before.addcmul_, g, kept))
                calls.append(partial(before.addmm_, slope, self._hidden_weight))
        by_weight, by_bias, by_hidden_weight, by_hidden_bias = self._gradients
        calls += weight_slope(by_hidden_weight, slopes, given.previous)
        calls += bias_slope(by_hidden_bias, slopes)
        calls.append(partial(torch.mul, gradient, by_c, out=slopes[:, 2 * size :]))
        calls += weight_slope(by_weight, slopes, given.x)
        calls += bias_slope(by_bias, slopes)
        return calls + given.x_slope(slopes, self._weight)

    def _factors(self, factors: Tensor, by_c: Tensor) -> list[Call]:
        """What a slope by y is to be multiplied by: to `factors` [B, 3m] for b, to `by_c` [B, m] for a_c."""
        (r, z, c), hidden = torch.split(self._a, self._size, 1), self._b[:, 2 * self._size :]
        by_r, by_z, by_hidden = torch.split(factors, self._size, 1)
        own = torch.empty_like(by_c)
        return [
            of_tanh(c, by_c),
            partial(torch.addcmul, by_c, by_c, z, value=-1.0, out=by_c),
            partial(torch.mul, by_c, r, out=by_hidden),
            of_sigmoid(r, by_r),
            partial(by_r.mul_, hidden),
            partial(by_r.mul_, by_c),
            of_sigmoid(z, by_z),
            partial(torch.sub, self._given.previous, c, out=own),
            partial(by_z.mul_, own),
        ]
