"""Operations that work row by row, in torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.bound_operation import Bind, Run, spread_alike
from trainer_process.models.tanh import tanh


def bind_normalize(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    """See `Bind`."""
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
    if function == "sigmoid":
        return lambda inputs: inputs[0].sigmoid_() if in_place else inputs[0].sigmoid()
    return lambda inputs: F.elu(inputs[0], inplace=in_place)


def _bind_concat(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    return lambda inputs: torch.cat(spread_alike(inputs), dim=1)


def _bind_slice(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    start, stop = operation.attribute("start"), operation.attribute("stop")
    return lambda inputs: inputs[0][:, start:stop]


def _bind_select(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    on_cpu = torch.tensor(operation.attribute("indices"), dtype=torch.int64)
    by_device = {on_cpu.device: on_cpu}

    def run(inputs: list[Tensor]) -> Tensor:
        (x,) = inputs
        if x.device not in by_device:
            by_device[x.device] = on_cpu.to(x.device)
        return x.index_select(1, by_device[x.device])

    return run


def _bind_broadcast(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    row = parameters[0]
    return lambda inputs: row.unsqueeze(0)


def _bind_clamp(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    minimum, maximum = operation.attribute("minimum"), operation.attribute("maximum")
    return lambda inputs: inputs[0].clamp(minimum, maximum)


def _bind_scale(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    factor = operation.attribute("factor")
    return lambda inputs: inputs[0] * factor


def _bind_mean(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    return lambda inputs: inputs[0].mean(dim=1, keepdim=True)


def _bind_gate_sum(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    def run(inputs: list[Tensor]) -> Tensor:
        gates, first, *others = spread_alike(inputs)
        total = first * gates[:, :1]
        for index, x in enumerate(others, start=1):
            total = torch.addcmul(total, x, gates[:, index : index + 1])
        return total

    return run


ROW_BINDERS: dict[str, Bind] = {
    "normalize": bind_normalize,
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
