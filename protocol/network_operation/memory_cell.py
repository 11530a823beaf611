"""Recurrent cells: x [n] and a memory give the next memory. σ is the sigmoid, * works number by number.

gru   memory [m], y = the next memory [m]. Parameters input_weight[3m, n], input_bias[3m], hidden_weight[3m, m],
      hidden_bias[3m], rows in the order r, z, c; a is input_weight · x + input_bias, b is
      hidden_weight · memory + hidden_bias: r = σ(a_r + b_r), z = σ(a_z + b_z), c = tanh(a_c + r * b_c),
      y = (1 − z) * c + z * memory. As torch.nn.GRUCell (Cho et al. 2014, arXiv:1406.1078).
lstm  memory [2m] = hidden[m], cell[m], y = the next of both. Parameters input_weight[4m, n], hidden_weight[4m, m],
      bias[4m], rows in the order i, f, g, o of a = input_weight · x + hidden_weight · hidden + bias:
      cell' = σ(a_f) * cell + σ(a_i) * tanh(a_g), hidden' = σ(a_o) * tanh(cell'). As torch.nn.LSTMCell
      (Hochreiter & Schmidhuber 1997).
learning_agents_cell  memory [m], y = output[o], then the next memory [m]. Parameters gate_weight[2m + 2o, n + m],
      gate_bias[2m + 2o], memory_weight[o, m], memory_bias[o]; gate_weight · [x, memory] + gate_bias has the rows
      remember[m], new[m], pass[o], direct[o]: r = σ(remember), memory' = (1 − r) * memory + r * tanh(new),
      p = σ(pass), output = (1 − p) * tanh(memory_weight · memory' + memory_bias) + p * tanh(direct). The cell of
      Unreal's Learning Agents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from protocol.network_operation.kind import (
    OperationKind,
    RegisterShape,
    Shape,
    common_rows,
    require,
    require_shapes,
)


def _two_inputs(inputs: Sequence[RegisterShape]) -> tuple[int, int, int]:
    """Sizes of x and of the memory, and their rows."""
    require(len(inputs) == 2, f"two inputs, x and the memory, not {len(inputs)}")
    return inputs[0].size, inputs[1].size, common_rows(inputs)


def _infer_gru(inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]) -> RegisterShape:
    size, memory, rows = _two_inputs(inputs)
    require_shapes(shapes, ((3 * memory, size), (3 * memory,), (3 * memory, memory), (3 * memory,)))
    return RegisterShape(memory, rows)


def _infer_lstm(inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]) -> RegisterShape:
    size, memory, rows = _two_inputs(inputs)
    require(memory % 2 == 0, f"a memory of an even size, hidden and cell, not {memory}")
    require_shapes(shapes, ((2 * memory, size), (2 * memory, memory // 2), (2 * memory,)))
    return RegisterShape(memory, rows)


def _infer_learning_agents_cell(
    inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]
) -> RegisterShape:
    size, memory, rows = _two_inputs(inputs)
    (output,) = shapes[3]
    gates = 2 * memory + 2 * output
    require_shapes(shapes, ((gates, size + memory), (gates,), (output, memory), (output,)))
    return RegisterShape(output + memory, rows)


MEMORY_CELLS: dict[str, OperationKind] = {
    "gru": OperationKind({}, (2, 1, 2, 1), _infer_gru),
    "lstm": OperationKind({}, (2, 2, 1), _infer_lstm),
    "learning_agents_cell": OperationKind({}, (2, 1, 2, 1), _infer_learning_agents_cell),
}
