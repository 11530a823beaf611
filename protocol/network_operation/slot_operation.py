"""Operations between an agent's rows: the elements of sets and arrays, one in each slot.

r is the rows of an agent in the input, attributes in brackets.

    split           y has r · [count] rows of n / [count]: row (b, i) is cut into [count] equal parts, each a row.
    join            The inverse: y has r / [count] rows, each of [count] rows of x side by side.
    slot_bias       y = x + bias[slot], where the slots of an agent count 0 … [count] − 1 again and again. Parameter
                    bias[count, n].
    attention_pool  Pools [count] rows into one that does not depend on their order. Inputs x of r · [count] rows [n],
                    and presence of r rows [count]: 1 where an element is there; 0 where none is, whose row of x is all
                    zeros. Parameters query_weight[h·d, n], query_bias[h·d], key_weight[h·d, n], key_bias[h·d],
                    value_weight[h·v, n], value_bias[h·v] with h = [heads]. For each head, q, k, v of row i being linear
                    in x_i: s_i = q_i · k_i / sqrt(d), w_i = presence_i exp(s_i) / (1 + Σ_j presence_j exp(s_j)), and
                    y = Σ_i w_i v_i; the heads side by side, [h·v]. Without any element y = 0. This is the pooling of
                    Unreal's Learning Agents: an element's query meets its own key, and the 1 in the denominator lets
                    the sum of weights grow with what is there. The queries of an agent are limited as a register is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from protocol.limits import MAX_REGISTER_SIZE
from protocol.network_operation.kind import (
    OperationKind,
    RegisterShape,
    Shape,
    one_input,
    require,
    require_shapes,
)


def _infer_split(inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]) -> RegisterShape:
    (size, rows), count = one_input(inputs), attributes["count"]
    require(count >= 1 and size % count == 0, f"a count that divides {size}")
    return RegisterShape(size // count, rows * count)


def _infer_join(inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]) -> RegisterShape:
    (size, rows), count = one_input(inputs), attributes["count"]
    require(count >= 1 and rows % count == 0, f"a count that divides the {rows} rows of an agent")
    return RegisterShape(size * count, rows // count)


def _infer_slot_bias(
    inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]
) -> RegisterShape:
    (size, rows), count = one_input(inputs), attributes["count"]
    require(count >= 1 and rows % count == 0, f"a count that divides the {rows} rows of an agent")
    require_shapes(shapes, ((count, size),))
    return RegisterShape(size, rows)


def _infer_attention_pool(
    inputs: Sequence[RegisterShape], shapes: Sequence[Shape], attributes: dict[str, Any]
) -> RegisterShape:
    require(len(inputs) == 2, f"two inputs, elements and their presence, not {len(inputs)}")
    (size, rows), presence = inputs
    heads, count = attributes["heads"], attributes["count"]
    require(count >= 1 and rows % count == 0, f"a count that divides the {rows} rows of an agent")
    wanted = RegisterShape(count, rows // count)
    require(presence == wanted, f"a presence of {wanted}, not {presence}")
    (keys, _), (values, _) = shapes[0], shapes[4]
    require(heads >= 1 and keys % heads == 0, f"heads that divide the {keys} rows of the query's weight")
    require(
        rows * keys <= MAX_REGISTER_SIZE, f"queries of at most {MAX_REGISTER_SIZE} floats an agent, not {rows * keys}"
    )
    require(values % heads == 0, f"{heads} heads that divide the {values} rows of the value's weight")
    require_shapes(shapes, ((keys, size), (keys,), (keys, size), (keys,), (values, size), (values,)))
    return RegisterShape(values, rows // count)


SLOT_OPERATIONS: dict[str, OperationKind] = {
    "split": OperationKind({"count": int}, (), _infer_split),
    "join": OperationKind({"count": int}, (), _infer_join),
    "slot_bias": OperationKind({"count": int}, (2,), _infer_slot_bias),
    "attention_pool": OperationKind({"count": int, "heads": int}, (2, 1, 2, 1, 2, 1), _infer_attention_pool),
}
