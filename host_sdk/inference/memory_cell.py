"""The numpy calls of recurrent cells.

A gate is σ(a) = (1 + tanh(a / 2)) / 2. The halves within are part of the weights as prepared, so that one call makes
all gates of a cell; 1 + tanh is kept, and the halves without are multiplied in where gates have been used.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from host_sdk.inference.binding import Bind, Binding, FloatArray, Prepare, Step, as_row, product_into
from host_sdk.inference.row_operation import HALF, ONE
from protocol.network_spec import Operation


def _halved(values: FloatArray, *parts: slice) -> FloatArray:
    """A copy with some rows halved."""
    result = values.copy()
    for part in parts:
        result[part] *= HALF
    return result


def _prepare_gru(operation: Operation, parameters: list[FloatArray]) -> list[FloatArray]:
    """Weights of x[3m, n] and of the memory[3m, m], and the bias of each, [1, 3m] and [1, m]."""
    input_weight, input_bias, hidden_weight, hidden_bias = parameters
    size = hidden_weight.shape[1]
    gates, candidate = slice(0, 2 * size), slice(2 * size, None)
    bias = input_bias.copy()
    bias[gates] += hidden_bias[gates]
    # r * b_c is half of (1 + tanh) * b_c, so that b_c is halved too.
    hidden = _halved(hidden_weight, gates, candidate)
    return [_halved(input_weight, gates), as_row(_halved(bias, gates)), hidden, as_row(hidden_bias[candidate] * HALF)]


def _bind_gru(binding: Binding) -> list[Step]:
    (x, memory), (input_weight, bias, hidden_weight, candidate_bias) = binding.inputs, binding.parameters
    y, size = binding.output, memory.shape[1]
    of_input, of_memory = binding.scratch.take((len(x), 3 * size), (len(x), 3 * size))
    gates, candidate = of_input[:, : 2 * size], of_input[:, 2 * size :]
    reset, update = gates[:, :size], gates[:, size:]
    remembered = of_memory[:, 2 * size :]
    return [
        partial(np.dot, x, input_weight.T, of_input),
        partial(np.add, of_input, bias, of_input),
        partial(np.dot, memory, hidden_weight.T, of_memory),
        partial(np.add, gates, of_memory[:, : 2 * size], gates),
        partial(np.tanh, gates, gates),
        partial(np.add, gates, ONE, gates),
        partial(np.add, remembered, candidate_bias, remembered),
        partial(np.multiply, remembered, reset, remembered),
        partial(np.add, candidate, remembered, candidate),
        partial(np.tanh, candidate, candidate),
        *_interpolate(candidate, memory, update, y),
    ]


def _interpolate(start: FloatArray, end: FloatArray, gate: FloatArray, output: FloatArray) -> list[Step]:
    """output = start + gate / 2 * (end − start)."""
    return [
        partial(np.subtract, end, start, output),
        partial(np.multiply, output, gate, output),
        partial(np.multiply, output, HALF, output),
        partial(np.add, output, start, output),
    ]


def _prepare_lstm(operation: Operation, parameters: list[FloatArray]) -> list[FloatArray]:
    """Weights of x[4m, n] and of the hidden state[4m, m] and the bias[1, 4m], rows in the order i, f, o, g."""
    size = parameters[1].shape[1]
    order = np.concatenate([np.arange(2 * size), np.arange(3 * size, 4 * size), np.arange(2 * size, 3 * size)])
    input_weight, hidden_weight, bias = (_halved(values[order], slice(0, 3 * size)) for values in parameters)
    return [input_weight, hidden_weight, as_row(bias)]


def _bind_lstm(binding: Binding) -> list[Step]:
    (x, memory), (input_weight, hidden_weight, bias), y = binding.inputs, binding.parameters, binding.output
    size = memory.shape[1] // 2
    cell, new_hidden, new_cell = memory[:, size:], y[:, :size], y[:, size:]
    gates, of_hidden, squashed = binding.scratch.take((len(x), 4 * size), (len(x), 4 * size), (len(x), size))
    take_in, forget, give_out, candidate = (gates[:, i * size : (i + 1) * size] for i in range(4))
    return [
        partial(np.dot, x, input_weight.T, gates),
        partial(np.dot, memory[:, :size], hidden_weight.T, of_hidden),
        partial(np.add, gates, of_hidden, gates),
        partial(np.add, gates, bias, gates),
        partial(np.tanh, gates, gates),
        partial(np.add, gates[:, : 3 * size], ONE, gates[:, : 3 * size]),
        partial(np.multiply, forget, cell, new_cell),
        partial(np.multiply, take_in, candidate, take_in),
        partial(np.add, new_cell, take_in, new_cell),
        partial(np.multiply, new_cell, HALF, new_cell),
        partial(np.tanh, new_cell, squashed),
        partial(np.multiply, squashed, give_out, squashed),
        partial(np.multiply, squashed, HALF, new_hidden),
    ]


def _prepare_learning_agents_cell(operation: Operation, parameters: list[FloatArray]) -> list[FloatArray]:
    """Gates' weight[2m + 2o, n + m] and bias[1, 2m + 2o]; the memory's weight[o, m] and bias[1, o]."""
    gate_weight, gate_bias, memory_weight, memory_bias = parameters
    output_size, size = memory_weight.shape
    parts = slice(0, size), slice(2 * size, 2 * size + output_size)
    return [_halved(gate_weight, *parts), as_row(_halved(gate_bias, *parts)), memory_weight, as_row(memory_bias)]


def _bind_learning_agents_cell(binding: Binding) -> list[Step]:
    (x, memory), (gate_weight, gate_bias, memory_weight, memory_bias) = binding.inputs, binding.parameters
    (rows, width), (output_size, size) = x.shape, memory_weight.shape
    output, new_memory = binding.output[:, :output_size], binding.output[:, output_size:]
    gates, of_memory, recalled = binding.scratch.take(
        (rows, len(gate_weight)), (rows, len(gate_weight)), (rows, output_size)
    )
    remember, new = gates[:, :size], gates[:, size : 2 * size]
    let_pass, direct = gates[:, 2 * size : 2 * size + output_size], gates[:, 2 * size + output_size :]
    return [
        partial(np.dot, x, gate_weight[:, :width].T, gates),
        partial(np.dot, memory, gate_weight[:, width:].T, of_memory),
        partial(np.add, gates, of_memory, gates),
        partial(np.add, gates, gate_bias, gates),
        partial(np.tanh, gates, gates),
        partial(np.add, remember, ONE, remember),
        partial(np.add, let_pass, ONE, let_pass),
        *_interpolate(memory, new, remember, new_memory),
        partial(product_into(recalled), new_memory, memory_weight.T, recalled),
        partial(np.add, recalled, memory_bias, recalled),
        partial(np.tanh, recalled, recalled),
        *_interpolate(recalled, direct, let_pass, output),
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
