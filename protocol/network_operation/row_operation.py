"""Operations that work on each row by itself, whatever rows an agent has; several inputs have the same rows.

x is a row [n] of the input, y what is written; attributes in brackets.

    normalize   y = clip((x − mean) / sqrt(variance + [epsilon]), ±[clip]) in the slots of [normalized], else y = x.
                Parameters mean[n], variance[n], count[1] (how many observations the statistics are of; not read here).
                [normalized] lists start, stop, start, stop … of half-open ranges, rising and apart. One row an agent.
    linear      y = x · weightᵀ + bias. Parameters weight[m, n], bias[m].
    activation  y = [function](x): "tanh", "relu" = max(x, 0), "elu" = x where x > 0, exp(x) − 1 elsewhere,
                "sigmoid" = 1 / (1 + exp(−x)).
    concat      y = the inputs side by side; at least one.
    slice       y = x[[start]:[stop]].
    select      y = x[[indices]], at least one index; one may come several times.
    broadcast   y = the parameter row[m] for every agent. No inputs.
    clamp       y = min(max(x, [minimum]), [maximum]).
    scale       y = x · [factor].
    mean        y[1] = the mean of x.
    gate_sum    y = Σ_i gates[i] · x_i. Inputs gates[N], then x_1[m] … x_N[m].
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from protocol.network_operation.kind import (
    OperationKind,
    RegisterShape,
    Shape,
    common_rows,
    one_input,
    require,
    require_shapes,
)

ACTIVATION_FUNCTIONS = ("elu", "relu", "sigmoid", "tanh")


def _infer_normalize(
    inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]
) -> RegisterShape:
    size, rows = one_input(inputs)
    require(rows == 1, f"an input of one row an agent, not {rows}")
    require_shapes(shapes, ((size,), (size,), (1,)))
    require(attributes["clip"] > 0, "a clip above 0")
    require(attributes["epsilon"] > 0, "an epsilon above 0")
    edges = attributes["normalized"]
    require(len(edges) > 0 and len(edges) % 2 == 0, "a start and a stop for every normalized range")
    require(edges[0] >= 0 and edges[-1] <= size, f"normalized ranges within 0..{size}")
    require(all(a < b for a, b in pairwise(edges)), "normalized ranges that rise and lie apart")
    return RegisterShape(size)


def _infer_linear(
    inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]
) -> RegisterShape:
    (size, rows), (weight, bias) = one_input(inputs), shapes
    require(weight[1] == size, f"a weight with {size} columns, not {weight[1]}")
    require(bias[0] == weight[0], f"a bias of {weight[0]}, not {bias[0]}")
    return RegisterShape(weight[0], rows)


def _infer_activation(
    inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]
) -> RegisterShape:
    require(attributes["function"] in ACTIVATION_FUNCTIONS, f"a function out of {list(ACTIVATION_FUNCTIONS)}")
    return one_input(inputs)


def _infer_concat(
    inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]
) -> RegisterShape:
    rows = common_rows(inputs)
    return RegisterShape(sum(shape.size for shape in inputs), rows)


def _infer_slice(inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]) -> RegisterShape:
    (size, rows), start, stop = one_input(inputs), attributes["start"], attributes["stop"]
    require(0 <= start < stop <= size, f"0 <= start < stop <= {size}")
    return RegisterShape(stop - start, rows)


def _infer_select(
    inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]
) -> RegisterShape:
    (size, rows), indices = one_input(inputs), attributes["indices"]
    require(len(indices) > 0, "at least one index")
    require(all(0 <= index < size for index in indices), f"indices in 0..{size - 1}")
    return RegisterShape(len(indices), rows)


def _infer_broadcast(
    inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]
) -> RegisterShape:
    require(len(inputs) == 0, "no input")
    return RegisterShape(shapes[0][0])


def _infer_clamp(inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]) -> RegisterShape:
    require(attributes["minimum"] <= attributes["maximum"], "minimum <= maximum")
    return one_input(inputs)


def _infer_scale(inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]) -> RegisterShape:
    return one_input(inputs)


def _infer_mean(inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]) -> RegisterShape:
    return RegisterShape(1, one_input(inputs).rows)


def _infer_gate_sum(
    inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]
) -> RegisterShape:
    rows = common_rows(inputs)
    gates, *summands = (shape.size for shape in inputs)
    require(gates == len(summands), f"{gates} inputs after the gates, one for each, not {len(summands)}")
    require(len(set(summands)) == 1, f"inputs of one size after the gates, not {summands}")
    return RegisterShape(summands[0], rows)


ROW_OPERATIONS: dict[str, OperationKind] = {
    "normalize": OperationKind({"clip": float, "epsilon": float, "normalized": tuple}, (1, 1, 1), _infer_normalize),
    "linear": OperationKind({}, (2, 1), _infer_linear),
    "activation": OperationKind({"function": str}, (), _infer_activation),
    "concat": OperationKind({}, (), _infer_concat),
    "slice": OperationKind({"start": int, "stop": int}, (), _infer_slice),
    "select": OperationKind({"indices": tuple}, (), _infer_select),
    "broadcast": OperationKind({}, (1,), _infer_broadcast),
    "clamp": OperationKind({"minimum": float, "maximum": float}, (), _infer_clamp),
    "scale": OperationKind({"factor": float}, (), _infer_scale),
    "mean": OperationKind({}, (), _infer_mean),
    "gate_sum": OperationKind({}, (), _infer_gate_sum),
}
