"""Recurrent cells in torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.bound_operation import Bind, Run, spread_alike


def _bind_gru(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    input_weight, input_bias, hidden_weight, hidden_bias = parameters

    def run(inputs: list[Tensor]) -> Tensor:
        x, memory = spread_alike(inputs)
        return torch.gru_cell(x, memory, input_weight, hidden_weight, input_bias, hidden_bias)

    return run


def _bind_lstm(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    input_weight, hidden_weight, bias = parameters
    # torch has a bias for the hidden state as well.
    no_bias = torch.zeros_like(bias, requires_grad=False)

    def run(inputs: list[Tensor]) -> Tensor:
        x, memory = spread_alike(inputs)
        state = memory.chunk(2, dim=1)
        return torch.cat(torch.lstm_cell(x, state, input_weight, hidden_weight, bias, no_bias), dim=1)

    return run


def _bind_learning_agents_cell(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    gate_weight, gate_bias, memory_weight, memory_bias = parameters
    output_size, size = memory_weight.shape

    def run(inputs: list[Tensor]) -> Tensor:
        x, memory = spread_alike(inputs)
        gates = F.linear(torch.cat([x, memory], dim=1), gate_weight, gate_bias)
        remember, new, let_pass, direct = torch.split(gates, [size, size, output_size, output_size], dim=1)
        new_memory = torch.lerp(memory, new.tanh(), remember.sigmoid())
        recalled = F.linear(new_memory, memory_weight, memory_bias).tanh()
        output = torch.lerp(recalled, direct.tanh(), let_pass.sigmoid())
        return torch.cat([output, new_memory], dim=1)

    return run


CELL_BINDERS: dict[str, Bind] = {
    "gru": _bind_gru,
    "lstm": _bind_lstm,
    "learning_agents_cell": _bind_learning_agents_cell,
}
