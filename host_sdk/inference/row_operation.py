"""The numpy calls of operations that work row by row."""

from __future__ import annotations

from functools import partial

import numpy as np

from host_sdk.inference.binding import Bind, Binding, FloatArray, Prepare, Step, as_row, product
from protocol.network_spec import Operation

ZERO = np.array(0, np.float32)
HALF = np.array(0.5, np.float32)
ONE = np.array(1, np.float32)


def _prepare_normalize(operation: Operation, parameters: list[FloatArray]) -> list[FloatArray]:
    """mean[1, n], 1 / standard deviation[1, n] and the bound, [] or [1, n]."""
    mean, variance, _ = parameters
    clip, edges = operation.attribute("clip"), operation.attribute("normalized")
    mask = np.zeros(len(mean), dtype=np.bool_)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        mask[start:stop] = True
    epsilon = np.float32(operation.attribute("epsilon"))
    inverse = as_row(np.where(mask, 1 / np.sqrt(np.maximum(variance, 0) + epsilon), 1))
    bound = np.array(clip, np.float32) if mask.all() else as_row(np.where(mask, clip, np.inf))
    return [as_row(np.where(mask, mean, 0)), inverse, bound]


def _bind_normalize(binding: Binding) -> list[Step]:
    (x,), (mean, inverse, bound), output = binding.inputs, binding.parameters, binding.output
    return [
        partial(np.subtract, x, mean, output),
        partial(np.multiply, output, inverse, output),
        partial(np.maximum, output, -bound, out=output),
        partial(np.minimum, output, bound, out=output),
    ]


def _bind_linear(binding: Binding) -> list[Step]:
    (x,), (weight, bias), output = binding.inputs, binding.parameters, binding.output
    if not output.flags.c_contiguous:
        # numpy is slow in an array that is part of a wider one, so that it is written but once.
        (sums,) = binding.scratch.take(output.shape)
        return [product(x, weight.T, sums), partial(np.add, sums, as_row(bias), output)]
    # It is slow with short rows too: all rows of an agent are added to at once.
    agents = output.reshape(-1, binding.rows * len(bias))
    return [product(x, weight.T, output), partial(np.add, agents, as_row(np.tile(bias, binding.rows)), agents)]


def _bind_activation(binding: Binding) -> list[Step]:
    (x,), output, function = binding.inputs, binding.output, binding.operation.attribute("function")
    if function == "tanh":
        return [partial(np.tanh, x, output)]
    if function == "relu":
        return [partial(np.maximum, x, ZERO, out=output)]
    if function == "sigmoid":
        # σ(x) = (1 + tanh(x / 2)) / 2, which overflows nowhere.
        return [
            partial(np.multiply, x, HALF, output),
            partial(np.tanh, output, output),
            partial(np.multiply, output, HALF, output),
            partial(np.add, output, HALF, output),
        ]
    (negative,) = binding.scratch.take(output.shape)
    return [
        partial(np.minimum, x, ZERO, out=negative),
        partial(np.expm1, negative, negative),
        partial(np.maximum, x, ZERO, out=output),
        partial(np.add, output, negative, output),
    ]


def _bind_concat(binding: Binding) -> list[Step]:
    steps: list[Step] = []
    stop = 0
    for x, is_due in zip(binding.inputs, binding.due, strict=True):
        start, stop = stop, stop + x.shape[1]
        block = binding.output[:, start:stop]
        if is_due and x.ctypes.data != block.ctypes.data:
            steps.append(partial(np.copyto, block, x))
    return steps


def _bind_slice(binding: Binding) -> list[Step]:
    (x,), operation = binding.inputs, binding.operation
    return [partial(np.copyto, binding.output, x[:, operation.attribute("start") : operation.attribute("stop")])]


def _bind_select(binding: Binding) -> list[Step]:
    # Any other mode would go through a copy of the output; the indices were checked with the network.
    indices = np.array(binding.operation.attribute("indices"), np.intp)
    return [partial(np.take, binding.inputs[0], indices, axis=1, out=binding.output, mode="clip")]


def _bind_broadcast(binding: Binding) -> list[Step]:
    return [partial(np.copyto, binding.output, binding.parameters[0])]


def _bind_clamp(binding: Binding) -> list[Step]:
    (x,), output, operation = binding.inputs, binding.output, binding.operation
    return [
        partial(np.maximum, x, np.array(operation.attribute("minimum"), np.float32), out=output),
        partial(np.minimum, output, np.array(operation.attribute("maximum"), np.float32), out=output),
    ]


def _bind_scale(binding: Binding) -> list[Step]:
    factor = np.array(binding.operation.attribute("factor"), np.float32)
    return [partial(np.multiply, binding.inputs[0], factor, binding.output)]


def _bind_mean(binding: Binding) -> list[Step]:
    (x,), output = binding.inputs, binding.output
    share = np.full((x.shape[1], 1), 1 / x.shape[1], np.float32)
    return [product(x, share, output)]


def _bind_gate_sum(binding: Binding) -> list[Step]:
    (gates, first, *others), output = binding.inputs, binding.output
    (product,) = binding.scratch.take(output.shape)
    steps: list[Step] = [partial(np.multiply, first, gates[:, :1], output)]
    for index, x in enumerate(others, start=1):
        steps.append(partial(np.multiply, x, gates[:, index : index + 1], product))
        steps.append(partial(np.add, output, product, output))
    return steps


ROW_PREPARERS: dict[str, Prepare] = {"normalize": _prepare_normalize}
ROW_BINDERS: dict[str, Bind] = {
    "normalize": _bind_normalize,
    "linear": _bind_linear,
    "activation": _bind_activation,
    "concat": _bind_concat,
    "slice": _bind_slice,
    "select": _bind_select,
    "broadcast": _bind_broadcast,
    "clamp": _bind_clamp,
    "scale": _bind_scale,
    "mean": _bind_mean,
    "gate_sum": _bind_gate_sum,
}
