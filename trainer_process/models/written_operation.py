"""Each kind of operation with its gradient written out, on buffers that stay where they are.

An operation becomes lists of calls whose arguments are all bound: nothing is allocated, sliced or looked up when they
run, and a CUDA graph can replay them. Meanings stand in `protocol.network_operation`; `operation` has the same in
plain torch, which the tests hold this against. B rows, n floats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.side_stream import Call

Compute: TypeAlias = Callable[..., object]
"""Writes its result into the tensor given as `out`."""

_aten = torch.ops.aten


@dataclass(eq=False, slots=True)
class Register:
    """Where one register of a network lies.

    Attributes:
        value: [B, n]; [1, n] of what depends on weights alone.
        gradient: of the loss by `value`, of the same shape; None where nothing that learns comes before.
        adds: whether those that read the register add to its gradient, rather than being the only one to write it.
    """

    value: Tensor
    gradient: Tensor | None
    adds: bool


@dataclass(frozen=True, slots=True)
class WrittenOperation:
    """The calls of one operation, in their order.

    Attributes:
        forward: computes the output.
        parameters: computes the parameters' gradient, which nothing waits for but the end of the backward pass.
        backward: computes what the operation adds to the gradient of its inputs.
    """

    forward: list[Call] = field(default_factory=list)
    parameters: list[Call] = field(default_factory=list)
    backward: list[Call] = field(default_factory=list)


def write_operation(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    """The calls of one operation.

    An input may lie where the output lies: an activation then works in place, and a concat leaves that input alone.
    """
    return _WRITERS[operation.kind](operation, parameters, inputs, output)


def _linear(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    """By weight slopeᵀ · x, by bias the sum of the slopes, by x slope · weight."""
    (source,), (weight, bias) = inputs, (parameter.detach() for parameter in parameters)
    written = WrittenOperation([partial(torch.addmm, bias, source.value, weight.t(), out=output.value)])
    slope = output.gradient
    if slope is None:
        return written
    by_weight, by_bias = (parameter.grad for parameter in parameters)
    if by_weight is not None:
        written.parameters.append(partial(torch.mm, slope.t(), source.value, out=by_weight))
    if by_bias is not None:
        written.parameters.append(partial(torch.sum, slope, 0, out=by_bias))
    if source.gradient is None:
        return written
    if source.adds:
        written.backward.append(partial(source.gradient.addmm_, slope, weight))
    else:
        written.backward.append(partial(torch.mm, slope, weight, out=source.gradient))
    return written


def _activation(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    (source,), function = inputs, operation.attribute("function")
    x, y, slope = source.value, output.value, output.gradient
    if function == "tanh" and x.device.type == "cpu":
        # numpy's kernel takes a tenth of the time of torch's, see `tanh`.
        forward: Call = partial(np.tanh, x.numpy(), out=y.numpy())
    else:
        forward = partial(_ACTIVATIONS[function], x, out=y)
    written = WrittenOperation([forward])
    if slope is not None and source.gradient is not None:
        if source is output:
            written.backward.append(partial(_SLOPES[function], slope, y, out=slope))
        else:
            written.backward.extend(_contribution(source, partial(_SLOPES[function], slope, y)))
    return written


def _concat(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    """What depends on weights alone is spread over the rows, and has the sum of their slopes."""
    written, start = WrittenOperation(), 0
    for source in inputs:
        part = slice(start, start + source.value.shape[1])
        start = part.stop
        place = output.value[:, part]
        if place.data_ptr() == source.value.data_ptr():
            continue
        written.forward.append(partial(place.copy_, source.value))
        if output.gradient is None or source.gradient is None:
            continue
        slope = output.gradient[:, part]
        if slope.shape != source.value.shape:
            written.backward.extend(_contribution(source, partial(torch.sum, slope, 0, keepdim=True)))
        elif source.adds:
            written.backward.append(partial(source.gradient.add_, slope))
        else:
            written.backward.append(partial(source.gradient.copy_, slope))
    return written


def _slice(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    part = slice(operation.attribute("start"), operation.attribute("stop"))
    (source,) = inputs
    written = WrittenOperation([partial(output.value.copy_, source.value[:, part])])
    if output.gradient is not None and source.gradient is not None:
        written.backward.append(partial(source.gradient[:, part].add_, output.gradient))
    return written


def _broadcast(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    """The register is the parameter itself."""
    return WrittenOperation()


def _clamp(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    (source,), x, y = inputs, inputs[0].value, output.value
    minimum, maximum = operation.attribute("minimum"), operation.attribute("maximum")
    written = WrittenOperation([partial(torch.clamp, x, minimum, maximum, out=y)])
    if output.gradient is not None and source.gradient is not None:
        # What the clamp left alone is what lay within the bounds.
        is_within, zero = torch.empty_like(x, dtype=torch.bool), torch.zeros_like(x[:1, :1])
        written.backward.append(partial(torch.eq, x, y, out=is_within))
        written.backward.extend(_contribution(source, partial(torch.where, is_within, output.gradient, zero)))
    return written


def _contribution(source: Register, compute: Compute) -> list[Call]:
    """What one reader does to a register's gradient."""
    assert source.gradient is not None
    if not source.adds:
        return [partial(compute, out=source.gradient)]
    own = torch.empty_like(source.gradient)
    return [partial(compute, out=own), partial(source.gradient.add_, own)]


def _relu(x: Tensor, *, out: Tensor) -> Tensor:
    return torch.clamp_min(x, 0.0, out=out)


def _elu(x: Tensor, *, out: Tensor) -> Tensor:
    result: Tensor = _aten.elu.out(x, out=out)
    return result


def _tanh_slope(slope: Tensor, y: Tensor, *, out: Tensor) -> Tensor:
    """1 − y²."""
    result: Tensor = _aten.tanh_backward.grad_input(slope, y, grad_input=out)
    return result


def _relu_slope(slope: Tensor, y: Tensor, *, out: Tensor) -> Tensor:
    """1 where y > 0."""
    result: Tensor = _aten.threshold_backward.grad_input(slope, y, 0.0, grad_input=out)
    return result


def _elu_slope(slope: Tensor, y: Tensor, *, out: Tensor) -> Tensor:
    """1 where y > 0, y + 1 elsewhere."""
    result: Tensor = _aten.elu_backward.grad_input(slope, 1.0, 1.0, 1.0, True, y, grad_input=out)
    return result


_ACTIVATIONS: dict[str, Compute] = {"tanh": torch.tanh, "relu": _relu, "elu": _elu}
_SLOPES: dict[str, Compute] = {"tanh": _tanh_slope, "relu": _relu_slope, "elu": _elu_slope}
_WRITERS: dict[str, Callable[[Operation, Sequence[Tensor], Sequence[Register], Register], WrittenOperation]] = {
    "linear": _linear,
    "activation": _activation,
    "concat": _concat,
    "slice": _slice,
    "broadcast": _broadcast,
    "clamp": _clamp,
}
WRITTEN_KINDS = frozenset(_WRITERS)
