"""The ONNX nodes of operations that work row by row."""

from __future__ import annotations

import numpy as np

from trainer_process.export.graph_draft import LARGEST
from trainer_process.export.operation_emitter import Emit, EmittedOperation


def _emit_normalize(emitted: EmittedOperation) -> None:
    draft, operation, (x,) = emitted.draft, emitted.operation, emitted.inputs
    mean, variance, _ = emitted.arrays()
    edges = operation.attribute("normalized")
    mask = np.zeros(len(mean), np.bool_)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        mask[start:stop] = True
    deviation = np.sqrt(np.maximum(variance, 0) + np.float32(operation.attribute("epsilon")))
    bound = np.where(mask, operation.attribute("clip"), LARGEST)
    centred = draft.add("Sub", x, draft.floats(np.where(mask, mean, 0)))
    scaled = draft.add("Mul", centred, draft.floats(np.where(mask, 1 / deviation, 1)))
    draft.add("Min", draft.add("Max", scaled, draft.floats(-bound)), draft.floats(bound), name=emitted.output)


def _emit_linear(emitted: EmittedOperation) -> None:
    weight, bias = emitted.constants()
    emitted.draft.linear(emitted.inputs[0], weight, bias, name=emitted.output)


ACTIVATION_NODES = {"elu": "Elu", "relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}


def _emit_activation(emitted: EmittedOperation) -> None:
    kind = ACTIVATION_NODES[emitted.operation.attribute("function")]
    emitted.draft.add(kind, emitted.inputs[0], name=emitted.output)


def _emit_concat(emitted: EmittedOperation) -> None:
    emitted.draft.side_by_side(*emitted.inputs, name=emitted.output)


def _emit_slice(emitted: EmittedOperation) -> None:
    start, stop = emitted.operation.attribute("start"), emitted.operation.attribute("stop")
    emitted.draft.columns(emitted.inputs[0], start, stop, name=emitted.output)


def _emit_select(emitted: EmittedOperation) -> None:
    draft = emitted.draft
    indices = draft.integers(*emitted.operation.attribute("indices"))
    draft.add("Gather", emitted.inputs[0], indices, name=emitted.output, axis=1)


def _emit_broadcast(emitted: EmittedOperation) -> None:
    (row,) = emitted.arrays()
    emitted.draft.for_each_agent(row, name=emitted.output)


def _emit_clamp(emitted: EmittedOperation) -> None:
    draft, operation = emitted.draft, emitted.operation
    raised = draft.add("Max", emitted.inputs[0], draft.floats([operation.attribute("minimum")]))
    draft.add("Min", raised, draft.floats([operation.attribute("maximum")]), name=emitted.output)


def _emit_scale(emitted: EmittedOperation) -> None:
    draft = emitted.draft
    draft.add("Mul", emitted.inputs[0], draft.floats([emitted.operation.attribute("factor")]), name=emitted.output)


def _emit_mean(emitted: EmittedOperation) -> None:
    emitted.draft.add("ReduceMean", emitted.inputs[0], name=emitted.output, axes=[1], keepdims=1)


def _emit_gate_sum(emitted: EmittedOperation) -> None:
    draft, (gates, *summands) = emitted.draft, emitted.inputs
    total = ""
    for index, x in enumerate(summands):
        part = draft.add("Mul", x, draft.columns(gates, index, index + 1))
        total = draft.add("Add", total, part) if total else part
    draft.add("Identity", total, name=emitted.output)


ROW_EMITTERS: dict[str, Emit] = {
    "normalize": _emit_normalize,
    "linear": _emit_linear,
    "activation": _emit_activation,
    "concat": _emit_concat,
    "slice": _emit_slice,
    "select": _emit_select,
    "broadcast": _emit_broadcast,
    "clamp": _emit_clamp,
    "scale": _emit_scale,
    "mean": _emit_mean,
    "gate_sum": _emit_gate_sum,
}
