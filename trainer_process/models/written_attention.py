"""The pooling of sets with its gradient written out.

G agents with c elements each, h heads, d numbers of a key, v of a value. Queries and keys lie number by number,
[d, G · c], so that what is summed over are whole rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from protocol.network_spec import Operation
from trainer_process.models.side_stream import Call
from trainer_process.models.slot_operation import ABSENT_SCORE
from trainer_process.models.written_register import Register, WrittenOperation


def write_attention_pool(
    operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
) -> WrittenOperation:
    """What says which elements are present has no gradient."""
    pool = _AttentionPool(operation, parameters, inputs, output)
    written = WrittenOperation([*pool.weigh(), *pool.sum_values()])
    if output.gradient is not None:
        # The parameters' slopes are no branch of their own: like the elements' they go by way of the scores'.
        written.backward.extend((*pool.slopes_of_scores(), *pool.slopes_of_parameters(), *pool.slopes_of_elements()))
    return written


class _AttentionPool:
    """The buffers of one pooling."""

    def __init__(
        self, operation: Operation, parameters: Sequence[Tensor], inputs: Sequence[Register], output: Register
    ) -> None:
        self._elements, self._presence = inputs[0], inputs[1].value
        self._output = output
        self._gradients = [parameter.grad for parameter in parameters]
        weights = [parameter.detach() for parameter in parameters]
        self._query_weight, self._query_bias, self._key_weight, self._key_bias = weights[:4]
        x, heads = self._elements.value, int(operation.attribute("heads"))
        (agents, count), self._heads = self._presence.shape, heads
        self._x = x.view(agents, count, -1)
        self._value_weight, self._value_bias = weights[4].view(heads, -1, x.shape[1]), weights[5].view(heads, 1, -1)
        size = self._value_weight.shape[1]
        self._factor = 1 / math.sqrt(len(self._query_weight) // heads)
        self._queries, self._keys, self._products = (x.new_empty(len(self._query_weight), len(x)) for _ in range(3))
        self._raw = x.new_empty(heads, len(x))
        self._absence = torch.empty_like(self._presence)
        # One score more, 0, is the 1 in the denominator; so is the slope of its weight.
        self._scores, self._slopes = (x.new_zeros(heads, agents, count + 1) for _ in range(2))
        self._all_weights = torch.empty_like(self._scores)
        self._weights = self._all_weights[:, :, 1:]
        self._total = x.new_empty(heads, agents, 1)
        self._pooled, self._pooled_slope = (x.new_empty(agents, heads, x.shape[1]) for _ in range(2))
        self._values, self._value_slope = (x.new_empty(heads, agents, size) for _ in range(2))

    def weigh(self) -> list[Call]:
        """The weight of every element for every head."""
        x, heads = self._elements.value, self._heads
        return [
            partial(torch.addmm, self._query_bias.unsqueeze(1), self._query_weight, x.t(), out=self._queries),
            partial(torch.addmm, self._key_bias.unsqueeze(1), self._key_weight, x.t(), out=self._keys),
            partial(torch.mul, self._queries, self._keys, out=self._products),
            partial(torch.sum, self._products.view(heads, -1, len(x)), 1, out=self._raw),
            partial(torch.sub, self._presence, 1, out=self._absence),
            partial(self._absence.mul_, ABSENT_SCORE),
            partial(
                torch.add,
                self._absence,
                self._raw.view(heads, *self._presence.shape),
                alpha=self._factor,
                out=self._scores[:, :, 1:],
            ),
            partial(torch.softmax, self._scores, 2, out=self._all_weights),
        ]

    def sum_values(self) -> list[Call]:
        """y_h = V_h (Σ_i w_ih x_i) + b_h Σ_i w_ih."""
        return [
            partial(torch.bmm, self._weights.transpose(0, 1), self._x, out=self._pooled),
            partial(torch.sum, self._weights, 2, keepdim=True, out=self._total),
            partial(torch.bmm, self._pooled.transpose(0, 1), self._value_weight.transpose(1, 2), out=self._values),
            partial(torch.addcmul, self._values, self._total, self._value_bias, out=self._by_head(self._output.value)),
        ]

    def _by_head(self, y: Tensor) -> Tensor:
        """[G, h · v] as [h, G, v]."""
        return y.view(len(y), self._heads, -1).transpose(0, 1)

    def slopes_of_scores(self) -> list[Call]:
        """The slope by each weight is V_hᵀ slope · x_i + b_h · slope, by each score that of a softmax."""
        assert self._output.gradient is not None
        pooled_slope = self._pooled_slope.transpose(0, 1)
        of_weights = self._pooled.new_empty(len(self._x), self._heads, self._x.shape[1])
        of_total = torch.empty_like(self._total)
        scores = self._slopes[:, :, 1:]
        return [
            partial(self._value_slope.copy_, self._by_head(self._output.gradient)),
            partial(torch.bmm, self._value_slope, self._value_weight, out=pooled_slope),
            partial(torch.bmm, self._pooled_slope, self._x.transpose(1, 2), out=of_weights),
            partial(torch.bmm, self._value_slope, self._value_bias.transpose(1, 2), out=of_total),
            partial(torch.add, of_weights.transpose(0, 1), of_total, out=scores),
            partial(_softmax_slope, self._slopes, self._all_weights, self._scores),
            partial(torch.mul, self._scores[:, :, 1:], self._factor, out=self._raw.view(scores.shape)),
            partial(self._scores[:, :, 0].zero_),
            *self._slopes_of_queries_and_keys(),
        ]

    def _slopes_of_queries_and_keys(self) -> list[Call]:
        """Each overwrites the other, by way of the products."""
        shape = (self._heads, -1, len(self._elements.value))
        slope, queries, keys, products = (
            tensor.view(shape) for tensor in (self._raw, self._queries, self._keys, self._products)
        )
        return [
            partial(torch.mul, slope, queries, out=products),
            partial(torch.mul, slope, keys, out=queries),
            partial(keys.copy_, products),
        ]

    def slopes_of_parameters(self) -> list[Call]:
        """To be run after `slopes_of_scores`."""
        x, heads = self._elements.value, self._heads
        by_query_weight, by_query_bias, by_key_weight, by_key_bias, by_value_weight, by_value_bias = self._gradients
        calls: list[Call] = []
        for slope, by_weight, by_bias in (
            (self._queries, by_query_weight, by_query_bias),
            (self._keys, by_key_weight, by_key_bias),
        ):
            if by_weight is not None:
                calls.append(partial(torch.mm, slope, x, out=by_weight))
            if by_bias is not None:
                calls.append(partial(torch.sum, slope, 1, out=by_bias))
        slope = self._value_slope.transpose(1, 2)
        if by_value_weight is not None:
            place = by_value_weight.view(heads, -1, x.shape[1])
            calls.append(partial(torch.bmm, slope, self._pooled.transpose(0, 1), out=place))
        if by_value_bias is not None:
            calls.append(partial(torch.bmm, slope, self._total, out=by_value_bias.view(heads, -1, 1)))
        return calls

    def slopes_of_elements(self) -> list[Call]:
        """To be run after `slopes_of_scores`: by way of the pooled element, of the query and of the key."""
        gradient = self._elements.gradient
        if gradient is None:
            return []
        weights, by_element = self._weights.permute(1, 2, 0), gradient.view(self._x.shape)
        if self._elements.adds:
            pooled: Call = partial(by_element.baddbmm_, weights, self._pooled_slope)
        else:
            pooled = partial(torch.bmm, weights, self._pooled_slope, out=by_element)
        return [
            pooled,
            partial(gradient.addmm_, self._queries.t(), self._query_weight),
            partial(gradient.addmm_, self._keys.t(), self._key_weight),
        ]


def _softmax_slope(slope: Tensor, weights: Tensor, out: Tensor) -> Tensor:
    """w_i (slope_i − Σ_j w_j slope_j)."""
    result: Tensor = torch.ops.aten._softmax_backward_data.out(slope, weights, 2, slope.dtype, grad_input=out)
    return result
