"""Unreal Learning Agents' cell over windows with its gradient written out; see `written_cell`.

r = σ(a_r), u = tanh(a_u), m' = m + r (u − m), p = σ(a_p), e = tanh(a_e), q = tanh(V m' + bias), y = q + p (e − q),
where a = W x + U m + bias. Only r and u lead from one memory to the next, so that all that belongs to p, e and q is
computed for all steps at once. With g the slope by y and d that by m': by V m' g (1 − p)(1 − q²), by a_p
g (e − q) p (1 − p), by a_e g p (1 − e²); d gains what comes through q; by a_r d (u − m) r (1 − r), by a_u d r (1 − u²),
by m d (1 − r) + the slope of a · U.
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


def write_learning_agents_cell(
    operation: Operation,
    parameters: Sequence[Tensor],
    inputs: Sequence[Register],
    output: Register,
    *,
    window_size: int,
) -> WrittenOperation:
    """Over windows of so many steps."""
    cell = _LearningAgentsCell(parameters, CellInput(inputs, window_size), output)
    return WrittenOperation(cell.forward(), [], [] if output.gradient is None else cell.backward(output.gradient))


class _LearningAgentsCell:
    def __init__(self, parameters: Sequence[Tensor], given: CellInput, output: Register) -> None:
        self._gradients = [parameter.grad for parameter in parameters]
        gate_weight, self._bias, self._recall_weight, self._recall_bias = (each.detach() for each in parameters)
        self._given = given
        self._output_size, self._size = self._recall_weight.shape
        x_size = given.x.shape[1]
        self._weight, self._memory_weight = gate_weight[:, :x_size], gate_weight[:, x_size:]
        self._y, self._memory = torch.split(output.value, [self._output_size, self._size], 1)
        self._a = given.x.new_zeros(len(given.x), len(gate_weight))
        self._q = given.x.new_zeros(len(given.x), self._output_size)

    def _gates(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Columns of r, u, p and e."""
        return torch.split(rows, [self._size, self._size, self._output_size, self._output_size], 1)

    def forward(self) -> list[Call]:
        given, inner = self._given, 2 * self._size
        calls: list[Call] = [partial(torch.addmm, self._bias, given.x, self._weight.t(), out=self._a)]
        turned = self._memory_weight[:inner].t()
        steps = zip(*map(given.by_step, (self._a, self._memory)), given.before(self._memory), strict=True)
        for a, after, before in steps:
            r, u, *_ = self._gates(a)
            calls.append(partial(a[:, :inner].addmm_, before, turned))
            calls.append(r.sigmoid_)
            calls.append(tanh_in_place(u))
            calls.append(partial(torch.lerp, before, u, r, out=after))
        _, _, p, e = self._gates(self._a)
        calls += given.keep_previous(self._memory)
        calls.append(partial(self._a[:, inner:].addmm_, given.previous, self._memory_weight[inner:].t()))
        calls += [p.sigmoid_, tanh_in_place(e)]
        calls.append(partial(torch.addmm, self._recall_bias, self._memory, self._recall_weight.t(), out=self._q))
        calls.append(tanh_in_place(self._q))
        calls.append(partial(torch.lerp, self._q, e, p, out=self._y))
        return calls

    def backward(self, gradient: Tensor) -> list[Call]:
        given, inner = self._given, 2 * self._size
        slopes, factors = torch.zeros_like(self._a), torch.zeros_like(self._a[:, :inner])
        by_q, kept = torch.zeros_like(self._q), torch.zeros_like(factors[:, : self._size])
        g, d = torch.split(gradient, [self._output_size, self._size], 1)
        calls = [*self._output_slopes(g, slopes, by_q), *self._factors(factors, kept)]
        calls.append(partial(d.addmm_, by_q, self._recall_weight))
        if (first := len(given.first)) < len(d):
            calls.append(partial(d[:-first].addmm_, slopes[first:, inner:], self._memory_weight[inner:]))
        steps = list(zip(*map(given.by_step, (d, slopes[:, :inner], factors, kept)), strict=True))
        for index in reversed(range(len(steps))):
            of_memory, slope, factor, keep = steps[index]
            by_gate, of_gate = (rows.unflatten(1, (2, self._size)) for rows in (slope, factor))
            calls.append(partial(torch.mul, of_memory.unsqueeze(1), of_gate, out=by_gate))
            if index > 0:
                before = steps[index - 1][0]
                calls.append(partial(before.addcmul_, of_memory, keep))
                calls.append(partial(before.addmm_, slope, self._memory_weight[:inner]))
        by_weight, by_bias, by_recall_weight, by_recall_bias = self._gradients
        x_size = given.x.shape[1]
        if by_weight is not None:
            calls += weight_slope(by_weight[:, :x_size], slopes, given.x)
            calls += weight_slope(by_weight[:, x_size:], slopes, given.previous)
        calls += bias_slope(by_bias, slopes)
        calls += weight_slope(by_recall_weight, by_q, self._memory)
        calls += bias_slope(by_recall_bias, by_q)
        return calls + given.x_slope(slopes, self._weight)

    def _output_slopes(self, g: Tensor, slopes: Tensor, by_q: Tensor) -> list[Call]:
        """Of a_p and a_e into their columns of `slopes`, of V m' into `by_q`."""
        (_, _, p, e), (_, _, by_p, by_e) = self._gates(self._a), self._gates(slopes)
        own = torch.empty_like(by_q)
        return [
            of_tanh(self._q, by_q),
            partial(torch.addcmul, by_q, by_q, p, value=-1.0, out=by_q),
            partial(by_q.mul_, g),
            of_sigmoid(p, by_p),
            partial(torch.sub, e, self._q, out=own),
            partial(by_p.mul_, own),
            partial(by_p.mul_, g),
            of_tanh(e, by_e),
            partial(by_e.mul_, p),
            partial(by_e.mul_, g),
        ]

    def _factors(self, factors: Tensor, kept: Tensor) -> list[Call]:
        """What d is to be multiplied by for a_r and a_u, and, into `kept`, for m."""
        (r, u, _, _), (by_r, by_u) = self._gates(self._a), torch.split(factors, self._size, 1)
        return [
            partial(torch.sub, u, self._given.previous, out=by_u),
            of_sigmoid(r, by_r),
            partial(by_r.mul_, by_u),
            of_tanh(u, by_u),
            partial(by_u.mul_, r),
            partial(torch.sub, r.new_ones(()), r, out=kept),
        ]
