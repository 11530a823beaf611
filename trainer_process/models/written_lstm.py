"""The long short-term memory over windows with its gradient written out; see `written_cell`.

i, f, o = σ(a_i), σ(a_f), σ(a_o), q = tanh(a_g), c' = f c + i q, h' = o tanh(c'), where a = W x + U h + bias. With g the
slope by h' and d that by c': d gains g o (1 − tanh²c'), then by a_i d q i (1 − i), by a_f d c f (1 − f), by a_g
d i (1 − q²), by a_o g tanh(c') o (1 − o), by c d f, by h the slope of a · U.
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


def write_lstm(
    operation: Operation,
    parameters: Sequence[Tensor],
    inputs: Sequence[Register],
    output: Register,
    *,
    window_size: int,
) -> WrittenOperation:
    """Over windows of so many steps."""
    cell = _Lstm(parameters, CellInput(inputs, window_size), output)
    return WrittenOperation(cell.forward(), [], [] if output.gradient is None else cell.backward(output.gradient))


class _Lstm:
    def __init__(self, parameters: Sequence[Tensor], given: CellInput, output: Register) -> None:
        self._gradients = [parameter.grad for parameter in parameters]
        self._weight, self._hidden_weight, self._bias = (parameter.detach() for parameter in parameters)
        self._given, self._y = given, output.value
        self._size = self._y.shape[1] // 2
        self._a = given.x.new_zeros(len(given.x), 4 * self._size)
        self._squashed = given.x.new_zeros(len(given.x), self._size)

    def forward(self) -> list[Call]:
        given, size, turned = self._given, self._size, self._hidden_weight.t()
        calls: list[Call] = [partial(torch.addmm, self._bias, given.x, self._weight.t(), out=self._a)]
        steps = zip(*map(given.by_step, (self._a, self._y, self._squashed)), given.before(self._y), strict=True)
        for a, y, squashed, before in steps:
            (i, f, q, o), (h, c) = torch.split(a, size, 1), torch.split(y, size, 1)
            calls.append(partial(a.addmm_, before[:, :size], turned))
            calls.append(a[:, : 2 * size].sigmoid_)
            calls.append(o.sigmoid_)
            calls.append(tanh_in_place(q))
            calls.append(partial(torch.mul, f, before[:, size:], out=c))
            calls.append(partial(c.addcmul_, i, q))
            calls.append(partial(squashed.copy_, c))
            calls.append(tanh_in_place(squashed))
            calls.append(partial(torch.mul, o, squashed, out=h))
        return calls

    def backward(self, gradient: Tensor) -> list[Call]:
        given, size = self._given, self._size
        slopes, factors, by_h = torch.zeros_like(self._a), torch.zeros_like(self._a), torch.zeros_like(self._squashed)
        f = self._a[:, size : 2 * size]
        calls = [*given.keep_previous(self._y), *self._factors(factors, by_h)]
        steps = list(zip(*map(given.by_step, (gradient, slopes, factors, by_h, f)), strict=True))
        for index in reversed(range(len(steps))):
            both, slope, factor, of_h, kept = steps[index]
            g, d = torch.split(both, size, 1)
            three = slice(0, 3 * size)
            calls.append(partial(d.addcmul_, g, of_h))
            by_d, of_d = (rows[:, three].unflatten(1, (3, size)) for rows in (slope, factor))
            calls.append(partial(torch.mul, d.unsqueeze(1), of_d, out=by_d))
            calls.append(partial(torch.mul, g, factor[:, 3 * size :], out=slope[:, 3 * size :]))
            if index > 0:
                g_before, d_before = torch.split(steps[index - 1][0], size, 1)
                calls.append(partial(d_before.addcmul_, d, kept))
                calls.append(partial(g_before.addmm_, slope, self._hidden_weight))
        by_weight, by_hidden_weight, by_bias = self._gradients
        calls += weight_slope(by_hidden_weight, slopes, given.previous[:, :size])
        calls += weight_slope(by_weight, slopes, given.x)
        calls += bias_slope(by_bias, slopes)
        return calls + given.x_slope(slopes, self._weight)

    def _factors(self, factors: Tensor, by_h: Tensor) -> list[Call]:
        """What slopes are to be multiplied by: d for a_i, a_f and a_g, g for a_o [B, 4m]; g for d [B, m]."""
        (i, f, q, o), squashed = torch.split(self._a, self._size, 1), self._squashed
        by_i, by_f, by_q, by_o = torch.split(factors, self._size, 1)
        return [
            of_sigmoid(i, by_i),
            partial(by_i.mul_, q),
            of_sigmoid(f, by_f),
            partial(by_f.mul_, self._given.previous[:, self._size :]),
            of_tanh(q, by_q),
            partial(by_q.mul_, i),
            of_sigmoid(o, by_o),
            partial(by_o.mul_, squashed),
            of_tanh(squashed, by_h),
            partial(by_h.mul_, o),
        ]
