"""Activations with their gradient written out, which is a function of what they yield."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.side_stream import Call
from trainer_process.models.written_register import Compute, Register, WrittenOperation, contribution

_aten = torch.ops.aten


def write_activation(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    """In place where the input lies where the output lies."""
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
            written.backward.extend(contribution(source, partial(_SLOPES[function], slope, y)))
    return written


def _relu(x: Tensor, *, out: Tensor) -> Tensor:
    return torch.clamp_min(x, 0.0, out=out)


def _elu(x: Tensor, *, out: Tensor) -> Tensor:
    result: Tensor = _aten.elu.out(x, out=out)
    return result


def _tanh_slope(slope: Tensor, y: Tensor, *, out: Tensor) -> Tensor:
    """1 − y²."""
    result: Tensor = _aten.tanh_backward.grad_input(slope, y, grad_input=out)
    return result


def _sigmoid_slope(slope: Tensor, y: Tensor, *, out: Tensor) -> Tensor:
    """y (1 − y)."""
    result: Tensor = _aten.sigmoid_backward.grad_input(slope, y, grad_input=out)
    return result


def _relu_slope(slope: Tensor, y: Tensor, *, out: Tensor) -> Tensor:
    """1 where y > 0."""
    result: Tensor = _aten.threshold_backward.grad_input(slope, y, 0.0, grad_input=out)
    return result


def _elu_slope(slope: Tensor, y: Tensor, *, out: Tensor) -> Tensor:
    """1 where y > 0, y + 1 elsewhere."""
    result: Tensor = _aten.elu_backward.grad_input(slope, 1.0, 1.0, 1.0, True, y, grad_input=out)
    return result


_ACTIVATIONS: dict[str, Compute] = {"tanh": torch.tanh, "relu": _relu, "elu": _elu, "sigmoid": torch.sigmoid}
_SLOPES: dict[str, Compute] = {
    "tanh": _tanh_slope,
    "relu": _relu_slope,
    "elu": _elu_slope,
    "sigmoid": _sigmoid_slope,
}
