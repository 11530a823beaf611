"""Operations between an agent's rows, in torch: split, join, slot_bias and attention_pool."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.bound_operation import Bind, Run, spread

ABSENT_SCORE = 1e30
"""What an absent element's score is lowered by: its weight is exp(-1e30) = 0 beside any other."""


def _bind_split(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    count = operation.attribute("count")
    return lambda inputs: inputs[0].reshape(-1, inputs[0].shape[1] // count)


def _bind_join(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    count = operation.attribute("count")
    return lambda inputs: inputs[0].reshape(-1, inputs[0].shape[1] * count)


def _bind_slot_bias(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    (bias,) = parameters
    return lambda inputs: (inputs[0].reshape(-1, *bias.shape) + bias).reshape(inputs[0].shape)


def _bind_attention_pool(operation: Operation, parameters: Sequence[Tensor], in_place: bool) -> Run:
    query_weight, query_bias, key_weight, key_bias, value_weight, value_bias = parameters
    heads, count = operation.attribute("heads"), operation.attribute("count")
    factor = 1 / math.sqrt(len(query_weight) // heads)

    def run(inputs: list[Tensor]) -> Tensor:
        x, presence = inputs
        agents = max(len(x) // count, len(presence))
        x, presence = spread(x, agents * count), spread(presence, agents)
        queries, keys = F.linear(x, query_weight, query_bias), F.linear(x, key_weight, key_bias)
        scores = (queries * keys).view(agents, count, heads, -1).sum(dim=3) * factor
        scores = scores.transpose(1, 2) + ((presence - 1) * ABSENT_SCORE).unsqueeze(1)
        # The 1 in the denominator is the exponential of one score more, 0.
        weights = F.pad(scores, (1, 0)).softmax(dim=2)[:, :, 1:]
        pooled = torch.bmm(weights, x.reshape(agents, count, -1))
        # V (Σ w x) + b Σ w is Σ w (V x + b), without the values of every element.
        y = torch.bmm(pooled.transpose(0, 1), value_weight.view(heads, -1, x.shape[1]).transpose(1, 2))
        y = torch.addcmul(y, weights.sum(dim=2).t().unsqueeze(2), value_bias.view(heads, 1, -1))
        return y.transpose(0, 1).reshape(agents, -1)

    return run


SLOT_BINDERS: dict[str, Bind] = {
    "split": _bind_split,
    "join": _bind_join,
    "slot_bias": _bind_slot_bias,
    "attention_pool": _bind_attention_pool,
}
