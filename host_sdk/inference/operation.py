"""The numpy calls of each kind of operation, bound to their arrays so that running them takes no look-ups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.network_spec import Operation

FloatArray: TypeAlias = npt.NDArray[np.float32]
Step: TypeAlias = Callable[[], object]
Input: TypeAlias = tuple[FloatArray, bool]
"""A register's rows, and whether its part of the work is due in this pass (only a concat works in parts)."""


def works_elementwise(kind: str) -> bool:
    """Whether an operation of this kind may write where it reads."""
    return kind in ("clamp", "normalize", "activation")


def bind_operation(
    operation: Operation, inputs: Sequence[Input], parameters: Mapping[str, FloatArray], output: FloatArray
) -> list[Step]:
    """The numpy calls that make `output` from `inputs`.

    Args:
        operation: what to do; its meaning stands in `protocol.network_operation`.
        inputs: rows of each register it reads.
        parameters: all parameters of the network by name.
        output: rows of the register it writes.
    """
    return _BINDERS[operation.kind](operation, inputs, [parameters[name] for name in operation.parameters], output)


def _row(values: npt.NDArray[np.floating]) -> FloatArray:
    """float32[1, n]: numpy takes three times as long over one row and an array of fewer axes."""
    return values[np.newaxis].astype(np.float32, copy=False)


def _bind_normalize(
    operation: Operation, inputs: Sequence[Input], parameters: list[FloatArray], output: FloatArray
) -> list[Step]:
    x, (mean, variance, _) = inputs[0][0], parameters
    clip, edges = operation.attribute("clip"), operation.attribute("normalized")
    mask = np.zeros(len(mean), dtype=np.bool_)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        mask[start:stop] = True
    epsilon = np.float32(operation.attribute("epsilon"))
    inverse = _row(np.where(mask, 1 / np.sqrt(np.maximum(variance, 0) + epsilon), 1))
    bound = np.array(clip, np.float32) if mask.all() else _row(np.where(mask, clip, np.inf))
    return [
        partial(np.subtract, x, _row(np.where(mask, mean, 0)), output),
        partial(np.multiply, output, inverse, output),
        partial(np.maximum, output, -bound, out=output),
        partial(np.minimum, output, bound, out=output),
    ]


def _bind_linear(
    operation: Operation, inputs: Sequence[Input], parameters: list[FloatArray], output: FloatArray
) -> list[Step]:
    x, (weight, bias) = inputs[0][0], parameters
    # `dot` does the same and starts sooner, but wants its output in one piece.
    multiply = np.dot if output.flags.c_contiguous else np.matmul
    return [partial(multiply, x, weight.T, output), partial(np.add, output, _row(bias), output)]


def _bind_activation(
    operation: Operation, inputs: Sequence[Input], parameters: list[FloatArray], output: FloatArray
) -> list[Step]:
    x, function = inputs[0][0], operation.attribute("function")
    if function == "tanh":
        return [partial(np.tanh, x, output)]
    zero = np.array(0, np.float32)
    if function == "relu":
        return [partial(np.maximum, x, zero, out=output)]
    negative = np.empty_like(output)
    return [
        partial(np.minimum, x, zero, out=negative),
        partial(np.expm1, negative, negative),
        partial(np.maximum, x, zero, out=output),
        partial(np.add, output, negative, output),
    ]


def _bind_concat(
    operation: Operation, inputs: Sequence[Input], parameters: list[FloatArray], output: FloatArray
) -> list[Step]:
    steps: list[Step] = []
    stop = 0
    for x, is_due in inputs:
        start, stop = stop, stop + x.shape[1]
        block = output[:, start:stop]
        if is_due and x.ctypes.data != block.ctypes.data:
            steps.append(partial(np.copyto, block, x))
    return steps


def _bind_slice(
    operation: Operation, inputs: Sequence[Input], parameters: list[FloatArray], output: FloatArray
) -> list[Step]:
    x = inputs[0][0]
    return [partial(np.copyto, output, x[:, operation.attribute("start") : operation.attribute("stop")])]


def _bind_broadcast(
    operation: Operation, inputs: Sequence[Input], parameters: list[FloatArray], output: FloatArray
) -> list[Step]:
    return [partial(np.copyto, output, parameters[0])]


def _bind_clamp(
    operation: Operation, inputs: Sequence[Input], parameters: list[FloatArray], output: FloatArray
) -> list[Step]:
    x = inputs[0][0]
    return [
        partial(np.maximum, x, np.array(operation.attribute("minimum"), np.float32), out=output),
        partial(np.minimum, output, np.array(operation.attribute("maximum"), np.float32), out=output),
    ]


_BINDERS: dict[str, Callable[[Operation, Sequence[Input], list[FloatArray], FloatArray], list[Step]]] = {
    "normalize": _bind_normalize,
    "linear": _bind_linear,
    "activation": _bind_activation,
    "concat": _bind_concat,
    "slice": _bind_slice,
    "broadcast": _bind_broadcast,
    "clamp": _bind_clamp,
}
