"""The numpy calls of recurrent cells.

A gate is σ(a) = (1 + tanh(a / 2)) / 2. The halves within are part of the weights as prepared, so that one call makes
several gates; 1 + tanh is kept, and the halves without are multiplied in where gates have been used. Each gate lies in
an array of its own [B, m], as numpy is slow in parts of wider ones: the weights of k gates are [k, n, m].
"""

from __future__ import annotations

from functools import partial

import numpy as np

from host_sdk.inference.binding import Bind, Binding, FloatArray, Prepare, Step, as_row, product
from host_sdk.inference.row_operation import HALF, ONE
from protocol.network_spec import Operation


def _gates(values: FloatArray, count: int, *halved: int) -> FloatArray:
    """A copy of weights [k · m, n] as [k, n, m], or of biases [k · m] as [k, 1, m], some of the k gates halved."""
    result = values.reshape(count, -1, 1 if values.ndim == 1 else values.shape[1]).transpose(0, 2, 1).copy()
    result[list(halved)] *= HALF
    return result


def _interpolate(start: FloatArray, end: FloatArray, gate: FloatArray, output: FloatArray) -> list[Step]:
    """output = start + gate / 2 * (end − start), by way of the gate's memory."""
    return [
        partial(np.multiply, gate, HALF, gate),
        partial(np.subtract, end, start, end),
        partial(np.multiply, end, gate, gate),
        partial(np.add, start, gate, output),
    ]


def _prepare_gru(operation: Operation, parameters: list[FloatArray]) -> list[FloatArray]:
    """Weights of x[3, n, m] and of the memory[3, m, m], and the bias of each, [3, 1, m] and [1, m]."""
    input_weight, input_bias, hidden_weight, hidden_bias = parameters
    bias = _gates(input_bias, 3, 0, 1)
    of_hidden = _gates(hidden_bias, 3, 0, 1, 2)
    bias[:2] += of_hidden[:2]
    # r * b_c is (1 + tanh) * b_c / 2, so that b_c is halved too.
    return [_gates(input_weight, 3, 0, 1), bias, _gates(hidden_weight, 3, 0, 1, 2), of_hidden[2]]


def _bind_gru(binding: Binding) -> list[Step]:
    (x, memory), (input_weight, bias, hidden_weight, candidate_bias) = binding.inputs, binding.parameters
    shape = (3, *memory.shape)
    of_input, of_memory, change = binding.scratch.take(shape, shape, memory.shape)
    gates, candidate, remembered = of_input[:2], of_input[2], of_memory[2]
    reset, update = gates
    return [
        partial(np.matmul, x, input_weight, of_input),
        partial(np.add, of_input, bias, of_input),
        partial(np.matmul, memory, hidden_weight, of_memory),
        partial(np.add, gates, of_memory[:2], gates),
        partial(np.tanh, gates, gates),
        partial(np.add, gates, ONE, gates),
        partial(np.add, remembered, candidate_bias, remembered),
        partial(np.multiply, remembered, reset, remembered),
        partial(np.add, candidate, remembered, candidate),
        partial(np.tanh, candidate, candidate),
        partial(np.multiply, update, HALF, update),
        partial(np.subtract, memory, candidate, change),
        partial(np.multiply, change, update, change),
        partial(np.add, candidate, change, binding.output),
    ]


def _prepare_lstm(operation: Operation, parameters: list[FloatArray]) -> list[FloatArray]:
    """Weights of x[4, n, m] and of the hidden state[4, m, m] and the bias[4, 1, m], in the order i, f, o, g."""
    return [_gates(values, 4, 0, 1, 3)[[0, 1, 3, 2]] for values in parameters]


def _bind_lstm(binding: Binding) -> list[Step]:
    (x, memory), (input_weight, hidden_weight, bias), y = binding.inputs, binding.parameters, binding.output
    size = memory.shape[1] // 2
    shape = (4, len(x), size)
    gates, of_hidden, cell = binding.scratch.take(shape, shape, shape[1:])
    take_in, forget, give_out, candidate = gates
    return [
        partial(np.matmul, x, input_weight, gates),
        partial(np.matmul, memory[:, :size], hidden_weight, of_hidden),
        partial(np.add, gates, of_hidden, gates),
        partial(np.add, gates, bias, gates),
        partial(np.tanh, gates, gates),
        partial(np.add, gates[:3], ONE, gates[:3]),
        partial(np.multiply, gates[:3], HALF, gates[:3]),
        partial(np.multiply, forget, memory[:, size:], forget),
        partial(np.multiply, take_in, candidate, take_in),
        partial(np.add, forget, take_in, cell),
        partial(np.copyto, y[:, size:], cell),
        partial(np.tanh, cell, cell),
        partial(np.multiply, cell, give_out, y[:, :size]),
    ]


def _prepare_learning_agents_cell(operation: Operation, parameters: list[FloatArray]) -> list[FloatArray]:
    """Weights and biases of the memory's gates, of the output's gates, and of what is recalled.

    [2, n + m, m], [2, 1, m]; [2, n + m, o], [2, 1, o]; [m, o], [1, o].
    """
    gate_weight, gate_bias, memory_weight, memory_bias = parameters
    split = 2 * memory_weight.shape[1]
    gates = [
        _gates(values[part], 2, 0)
        for part in (slice(0, split), slice(split, None))
        for values in (gate_weight, gate_bias)
    ]
    return [*gates, memory_weight.T, as_row(memory_bias)]


def _bind_learning_agents_cell(binding: Binding) -> list[Step]:
    (x, memory), (*gate_parameters, memory_weight, memory_bias) = binding.inputs, binding.parameters
    output_size, count = memory_weight.shape[1], len(x)
    y, new_memory = binding.output[:, :output_size], binding.output[:, output_size:]
    both, memory_gates, output_gates, kept, recalled = binding.scratch.take(
        (count, x.shape[1] + memory.shape[1]),
        (2, *memory.shape),
        (2, count, output_size),
        memory.shape,
        (count, output_size),
    )
    steps: list[Step] = [
        partial(np.copyto, both[:, : x.shape[1]], x),
        partial(np.copyto, both[:, x.shape[1] :], memory),
    ]
    for gates, weight, bias in zip(
        (memory_gates, output_gates), gate_parameters[::2], gate_parameters[1::2], strict=True
    ):
        steps += [
            partial(np.matmul, both, weight, gates),
            partial(np.add, gates, bias, gates),
            partial(np.tanh, gates, gates),
            partial(np.add, gates[0], ONE, gates[0]),
        ]
    (remember, new), (let_pass, direct) = memory_gates, output_gates
    return [
        *steps,
        *_interpolate(memory, new, remember, kept),
        partial(np.copyto, new_memory, kept),
        product(kept, memory_weight, recalled),
        partial(np.add, recalled, memory_bias, recalled),
        partial(np.tanh, recalled, recalled),
        *_interpolate(recalled, direct, let_pass, y),
    ]


CELL_PREPARERS: dict[str, Prepare] = {
    "gru": _prepare_gru,
    "lstm": _prepare_lstm,
    "learning_agents_cell": _prepare_learning_agents_cell,
}
CELL_BINDERS: dict[str, Bind] = {
    "gru": _bind_gru,
    "lstm": _bind_lstm,
    "learning_agents_cell": _bind_learning_agents_cell,
}
