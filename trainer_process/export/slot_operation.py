"""The ONNX nodes of operations between an agent's rows: split, join, slot_bias and attention_pool."""

from __future__ import annotations

import math

from trainer_process.export.graph_draft import GraphDraft
from trainer_process.export.operation_emitter import Emit, EmittedOperation

ABSENT_SCORE = 1e30
"""What an absent element's score is lowered by, as on both sides of the bridge."""


def _emit_split(emitted: EmittedOperation) -> None:
    size = emitted.shapes[0].size // emitted.operation.attribute("count")
    emitted.draft.reshape(emitted.inputs[0], -1, size, name=emitted.output)


def _emit_join(emitted: EmittedOperation) -> None:
    size = emitted.shapes[0].size * emitted.operation.attribute("count")
    emitted.draft.reshape(emitted.inputs[0], -1, size, name=emitted.output)


def _emit_slot_bias(emitted: EmittedOperation) -> None:
    draft, size, (bias,) = emitted.draft, emitted.shapes[0].size, emitted.constants()
    blocks = draft.reshape(emitted.inputs[0], -1, emitted.operation.attribute("count"), size)
    draft.reshape(draft.add("Add", blocks, bias), -1, size, name=emitted.output)


def _emit_attention_pool(emitted: EmittedOperation) -> None:
    """w_i = p_i exp(s_i) / (1 + Σ_j p_j exp(s_j)), all exponentials lowered by the greatest of the scores and 0."""
    draft, (x, presence) = emitted.draft, emitted.inputs
    query, query_bias, key, key_bias, value, value_bias = emitted.constants()
    heads, count = emitted.operation.attribute("heads"), emitted.operation.attribute("count")
    query_weight, value_weight = emitted.arrays()[0], emitted.arrays()[4]
    key_size, value_size = len(query_weight) // heads, len(value_weight) // heads
    products = draft.add("Mul", draft.linear(x, query, query_bias), draft.linear(x, key, key_bias))
    sums = draft.add("ReduceSum", draft.reshape(products, -1, count, heads, key_size), draft.integers(3), keepdims=0)
    scores = draft.add("Mul", sums, draft.floats([1 / math.sqrt(key_size)]))
    scores = draft.add("Transpose", scores, perm=[0, 2, 1])
    weights = _weights(draft, draft.add("Add", scores, _absence(draft, presence, count)))
    values = draft.reshape(draft.linear(x, value, value_bias), -1, count, heads, value_size)
    values = draft.add("Transpose", values, perm=[0, 2, 1, 3])
    pooled = draft.add("MatMul", draft.reshape(weights, -1, heads, 1, count), values)
    draft.reshape(pooled, -1, heads * value_size, name=emitted.output)


def _absence(draft: GraphDraft, presence: str, count: int) -> str:
    """[groups, 1, count], 0 for what is there, and far below any score for what is not."""
    below = draft.add("Mul", draft.add("Sub", presence, draft.floats([1])), draft.floats([ABSENT_SCORE]))
    return draft.reshape(below, -1, 1, count)


def _weights(draft: GraphDraft, scores: str) -> str:
    """[groups, heads, count] from scores of that shape."""
    greatest = draft.add("ReduceMax", scores, axes=[2], keepdims=1)
    greatest = draft.add("Max", greatest, draft.floats([0]))
    exps = draft.add("Exp", draft.add("Sub", scores, greatest))
    total = draft.add("ReduceSum", exps, draft.integers(2), keepdims=1)
    one = draft.add("Exp", draft.add("Neg", greatest))
    return draft.add("Div", exps, draft.add("Add", one, total))


SLOT_EMITTERS: dict[str, Emit] = {
    "split": _emit_split,
    "join": _emit_join,
    "slot_bias": _emit_slot_bias,
    "attention_pool": _emit_attention_pool,
}
