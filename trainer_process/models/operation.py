"""Each kind of operation in torch, bound to its parameters; meanings stand in `protocol.network_operation`.

Registers that depend on weights alone have one row, whatever the batch; a concat spreads them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.tanh import tanh

Run: TypeAlias = Callable[[list[Tensor]], Tensor]


@dataclass(frozen=True, slots=True)
class BoundOperation:
    """One operation ready to run: input registers → output register."""

    inputs: tuple[str, ...]
    output: str
    run: Run


def bind_operation(operation: Operation, parameters: Sequence[Tensor], *, in_place: bool) -> BoundOperation:
    """Bind an operation to its parameters.

    Args:
        in_place: whether an activation may overwrite its input.
    """
    run = _BINDERS[operation.kind](operation, parameters, in_place)
    return BoundOperation(operation.inputs, operation.output, run)


def normalize(operation: Operation, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """What a normalize operation yields for x [B, n]."""
    return _bind_normalize(operation, [parameters[name] for name in operation.parameters], False)([x])


def _bind_normalize(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    mean, variance, _ = parameters
    edges = operation.attribute("normalized")
    mask = torch.zeros(len(mean), dtype=torch.bool)
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        mask[start:stop] = True
    mask = mask.to(mean.device)
    clip, epsilon = operation.attribute("clip"), operation.attribute("epsilon")

    def run(inputs: list[Tensor]) -> Tensor:
        scaled = (inputs[0] - mean) / torch.sqrt(variance.clamp_min(0) + epsilon)
        return torch.where(mask, scaled.clamp(-clip, clip), inputs[0])

    return run


def _bind_linear(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    weight, bias = parameters
    return lambda inputs: F.linear(inputs[0], weight, bias)


def _bind_activation(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    function = operation.attribute("function")
    if function == "tanh":
        return lambda inputs: tanh(inputs[0], in_place=in_place)
    if function == "relu":
        return lambda inputs: F.relu(inputs[0], inplace=in_place)
    return lambda inputs: F.elu(inputs[0], inplace=in_place)


def _bind_concat(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    def run(inputs: list[Tensor]) -> Tensor:
        rows = max(len(x) for x in inputs)
        return torch.cat([x if len(x) == rows else x.expand(rows, -1) for x in inputs], dim=1)

    return run


def _bind_slice(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    start, stop = operation.attribute("start"), operation.attribute("stop")
    return lambda inputs: inputs[0][:, start:stop]


def _bind_broadcast(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    row = parameters[0]
    return lambda inputs: row.unsqueeze(0)


def _bind_clamp(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    minimum, maximum = operation.attribute("minimum"), operation.attribute("maximum")
    return lambda inputs: inputs[0].clamp(minimum, maximum)


_BINDERS: dict[str, Callable[[Operation, Sequence[Tensor], bool], Run]] = {
    "normalize": _bind_normalize,
    "linear": _bind_linear,
    "activation": _bind_activation,
    "concat": _bind_concat,
    "slice": _bind_slice,
    "broadcast": _bind_broadcast,
    "clamp": _bind_clamp,
}
