"""The numpy calls of operations between an agent's rows: split, join, slot_bias and attention_pool."""

from __future__ import annotations

from functools import partial

import numpy as np

from host_sdk.inference.binding import CHUNK_FLOATS, Bind, Binding, FloatArray, Prepare, Scratch, Step
from host_sdk.inference.row_operation import ONE, ZERO
from protocol.network_spec import Operation

ABSENT_SCORE = np.array(1e30, np.float32)
"""What an absent element's score is lowered by: its weight is exp(-1e30) = 0 beside any other."""


def _bind_split(binding: Binding) -> list[Step]:
    (x,), output, count = binding.inputs, binding.output, binding.operation.attribute("count")
    blocks = (len(x), count, output.shape[1])
    return [partial(np.copyto, output.reshape(blocks), x.reshape(blocks))]


def _bind_join(binding: Binding) -> list[Step]:
    (x,), output, count = binding.inputs, binding.output, binding.operation.attribute("count")
    blocks = (len(output), count, x.shape[1])
    return [partial(np.copyto, output.reshape(blocks), x.reshape(blocks))]


def _bind_slot_bias(binding: Binding) -> list[Step]:
    (x,), (bias,), output = binding.inputs, binding.parameters, binding.output
    groups = len(x) // len(bias)
    # Long rows are quicker, but only arrays in one piece can be seen as such.
    shape = (1, bias.size) if x.flags.c_contiguous and output.flags.c_contiguous else (1, *bias.shape)
    blocks = (groups, *shape[1:])
    return [partial(np.add, x.reshape(blocks), bias.reshape(shape), output.reshape(blocks))]


def _prepare_attention_pool(operation: Operation, parameters: list[FloatArray]) -> list[FloatArray]:
    """Queries' and keys' weight[2hd, n] and bias[2hd, 1] in one; value weights [h, n + 1, v], the bias as last row."""
    query, query_bias, key, key_bias, value, value_bias = parameters
    heads = operation.attribute("heads")
    per_head = value.reshape(heads, -1, value.shape[1])
    values = np.concatenate([per_head, value_bias.reshape(heads, -1, 1)], axis=2).transpose(0, 2, 1)
    weight, bias = np.concatenate([query, key]), np.concatenate([query_bias, key_bias])[:, np.newaxis]
    return [weight, bias, np.ascontiguousarray(values)]


def _bind_attention_pool(binding: Binding) -> list[Step]:
    """y_h = V_h (Σ_i w_ih x_i) + b_h Σ_i w_ih: elements are pooled before the value weights, not after."""
    (x, presence), output = binding.inputs, binding.output
    agents, count = presence.shape
    chunk = max(1, CHUNK_FLOATS // (count * len(binding.parameters[0])))
    steps: list[Step] = []
    for start in range(0, agents, chunk):
        stop = min(start + chunk, agents)
        part = _AttentionPart(binding, x[start * count : stop * count], presence[start:stop], output[start:stop])
        steps.extend((*part.scores(), *part.weights(), *part.values()))
    return steps


class _AttentionPart:
    """The attention of g agents with c elements each, h heads, d numbers of a query, v of a value.

    Scores lie element by element with the agents side by side, [h, c, g]: numpy is quick where the last axis is long.
    """

    def __init__(self, binding: Binding, x: FloatArray, presence: FloatArray, output: FloatArray) -> None:
        self._weight, self._bias, self._values = binding.parameters
        self._x, self._presence, self._output = x, presence, output
        (agents, count), (heads, width, _) = presence.shape, self._values.shape
        self._shape = (agents, count, heads)
        self._take(binding.scratch, width)

    def _take(self, scratch: Scratch, width: int) -> None:
        agents, count, heads = self._shape
        (
            self._products,
            self._raw_scores,
            self._scores,
            self._absence,
            self._greatest,
            self._sum,
            self._weights,
            self._pooled,
        ) = scratch.take(
            (len(self._weight), agents * count),
            (heads, agents, count),
            (heads, count, agents),
            (count, agents),
            (heads, 1, agents),
            (heads, 1, agents),
            (agents, heads, count),
            (agents, heads, width),
        )

    def scores(self) -> list[Step]:
        """scores[h, c, g] = q · k / sqrt(d); far below any other where an element is absent."""
        agents, count, heads = self._shape
        queries, keys = np.split(self._products, 2)
        per_head = queries.reshape(heads, -1, agents * count)
        factor = np.array(1 / np.sqrt(per_head.shape[1]), np.float32)
        raw = self._raw_scores.reshape(heads, agents * count)
        return [
            partial(np.dot, self._weight, self._x.T, self._products),
            partial(np.add, self._products, self._bias, self._products),
            partial(np.multiply, queries, keys, queries),
            partial(np.add.reduce, per_head, axis=1, out=raw),
            partial(np.multiply, self._raw_scores.transpose(0, 2, 1), factor, self._scores),
            partial(np.subtract, self._presence.T, ONE, self._absence),
            partial(np.multiply, self._absence, ABSENT_SCORE, self._absence),
            partial(np.add, self._scores, self._absence, self._scores),
        ]

    def weights(self) -> list[Step]:
        """scores = exp(s − m) / (exp(−m) + Σ exp(s − m)) with m = max(0, all s), and their sum over the elements."""
        scores, greatest, total = self._scores, self._greatest, self._sum
        return [
            partial(np.maximum.reduce, scores, axis=1, keepdims=True, out=greatest),
            partial(np.maximum, greatest, ZERO, out=greatest),
            partial(np.subtract, scores, greatest, scores),
            partial(np.exp, scores, scores),
            partial(np.negative, greatest, greatest),
            partial(np.exp, greatest, greatest),
            partial(np.add.reduce, scores, axis=1, keepdims=True, out=total),
            partial(np.add, greatest, total, greatest),
            partial(np.divide, scores, greatest, scores),
            partial(np.divide, total, greatest, total),
        ]

    def values(self) -> list[Step]:
        """The pooled elements, beside the sum of their weights, times the value weights with the bias as last row."""
        agents, count, heads = self._shape
        elements = self._x.reshape(agents, count, -1)
        output = self._output.reshape(agents, heads, -1)
        return [
            partial(np.copyto, self._weights, self._scores.transpose(2, 0, 1)),
            partial(np.matmul, self._weights, elements, self._pooled[:, :, :-1]),
            partial(np.copyto, self._pooled[:, :, -1], self._sum[:, 0].T),
            partial(np.matmul, self._pooled.transpose(1, 0, 2), self._values, output.transpose(1, 0, 2)),
        ]


SLOT_PREPARERS: dict[str, Prepare] = {"attention_pool": _prepare_attention_pool}
SLOT_BINDERS: dict[str, Bind] = {
    "split": _bind_split,
    "join": _bind_join,
    "slot_bias": _bind_slot_bias,
    "attention_pool": _bind_attention_pool,
}
