"""The ONNX nodes of recurrent cells.

They are written out in elementary operations: ONNX's own GRU and LSTM run over a sequence and have no place for a step,
and not every engine has them.
"""

from __future__ import annotations

from trainer_process.export.graph_draft import GraphDraft
from trainer_process.export.operation_emitter import Emit, EmittedOperation


def _gate(draft: GraphDraft, function: str, *summands: str) -> str:
    first, *others = summands
    for other in others:
        first = draft.add("Add", first, other)
    return draft.add(function, first)


def _interpolate(draft: GraphDraft, start: str, end: str, share: str) -> str:
    """start + share · (end − start)."""
    return draft.add("Add", start, draft.add("Mul", share, draft.add("Sub", end, start)))


def _emit_gru(emitted: EmittedOperation) -> None:
    draft, (x, memory) = emitted.draft, emitted.inputs
    size = emitted.shapes[1].size
    input_weight, input_bias, hidden_weight, hidden_bias = emitted.constants()
    of_input = draft.linear(x, input_weight, input_bias)
    of_memory = draft.linear(memory, hidden_weight, hidden_bias)
    reset_x, update_x, new_x = _equal_parts(draft, of_input, 3, size)
    reset_m, update_m, new_m = _equal_parts(draft, of_memory, 3, size)
    reset = _gate(draft, "Sigmoid", reset_x, reset_m)
    update = _gate(draft, "Sigmoid", update_x, update_m)
    candidate = _gate(draft, "Tanh", new_x, draft.add("Mul", reset, new_m))
    draft.add("Identity", _interpolate(draft, candidate, memory, update), name=emitted.output)


def _emit_lstm(emitted: EmittedOperation) -> None:
    draft, (x, memory) = emitted.draft, emitted.inputs
    size = emitted.shapes[1].size // 2
    input_weight, hidden_weight, bias = emitted.constants()
    hidden, cell = _equal_parts(draft, memory, 2, size)
    total = draft.add("Gemm", hidden, hidden_weight, draft.linear(x, input_weight, bias), transB=1)
    take_in, forget, new, give_out = _equal_parts(draft, total, 4, size)
    kept = draft.add("Mul", draft.add("Sigmoid", forget), cell)
    taken = draft.add("Mul", draft.add("Sigmoid", take_in), draft.add("Tanh", new))
    next_cell = draft.add("Add", kept, taken)
    next_hidden = draft.add("Mul", draft.add("Sigmoid", give_out), draft.add("Tanh", next_cell))
    draft.side_by_side(next_hidden, next_cell, name=emitted.output)


def _emit_learning_agents_cell(emitted: EmittedOperation) -> None:
    draft, (x, memory) = emitted.draft, emitted.inputs
    gate_weight, gate_bias, memory_weight, memory_bias = emitted.constants()
    size, output_size = emitted.shapes[1].size, len(emitted.arrays()[3])
    gates = draft.linear(draft.side_by_side(x, memory), gate_weight, gate_bias)
    remember, new = _equal_parts(draft, draft.columns(gates, 0, 2 * size), 2, size)
    let_pass, direct = _equal_parts(draft, draft.columns(gates, 2 * size, 2 * size + 2 * output_size), 2, output_size)
    next_memory = _interpolate(draft, memory, draft.add("Tanh", new), draft.add("Sigmoid", remember))
    recalled = draft.add("Tanh", draft.linear(next_memory, memory_weight, memory_bias))
    output = _interpolate(draft, recalled, draft.add("Tanh", direct), draft.add("Sigmoid", let_pass))
    draft.side_by_side(output, next_memory, name=emitted.output)


def _equal_parts(draft: GraphDraft, x: str, count: int, size: int) -> list[str]:
    return [draft.columns(x, index * size, (index + 1) * size) for index in range(count)]


CELL_EMITTERS: dict[str, Emit] = {
    "gru": _emit_gru,
    "lstm": _emit_lstm,
    "learning_agents_cell": _emit_learning_agents_cell,
}
