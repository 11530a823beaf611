"""From a distribution to actions, as `host_sdk` samples and delivers them, as nodes of an ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np
from onnx import TensorProto

from protocol.action_layout import ActionLayout
from protocol.vector_array import BoolArray
from trainer_process.export.graph_draft import LARGEST, GraphDraft

ABSENT_LOGIT = -1e30
"""Of what is masked, as on both sides of the bridge."""


@dataclass(frozen=True)
class ActionFreedom:
    """What decides an action beside its distribution; empty where there is none of it.

    Attributes:
        given: float[batch, C], numbers that the game gives, as the policy would have sampled them.
        is_given: float[batch, C], 1 where it does.
        masks: float[batch, ΣE + I], 1 for options and bits that must not be taken.
        normal: float[batch, C], standard normal numbers to sample with.
        uniform: float[batch, ΣE + I], uniform numbers above 0 and below 1 to sample with.
    """

    given: str = ""
    is_given: str = ""
    masks: str = ""
    normal: str = ""
    uniform: str = ""


def emit_action_vector(draft: GraphDraft, layout: ActionLayout, distribution: str, freedom: ActionFreedom) -> str:
    """float[batch, A], as sampled: the mode, or with noise a sample. Floats of what is not acted are 0."""
    size = layout.continuous_size
    parts = [_numbers(draft, size, distribution, freedom)] if size else []
    if layout.vector_size > size:
        logits = draft.columns(distribution, 2 * size, layout.distribution_size)
        if freedom.masks:
            is_masked = draft.add("Greater", freedom.masks, draft.floats([0.5]))
            logits = draft.add("Where", is_masked, draft.floats([ABSENT_LOGIT]), logits)
        parts += _choices(draft, layout, logits, freedom.uniform)
        parts += _bits(draft, layout, logits, freedom.uniform)
    return _gated(draft, layout, draft.side_by_side(*parts))


def emit_delivered(draft: GraphDraft, layout: ActionLayout, vector: str) -> str:
    """float[batch, A], what a game gets: numbers scaled, clipped and squashed; one-hots and bits as they are."""
    size = layout.continuous_size
    is_bounded = layout.squashed | layout.clipped
    if not size or not (is_bounded.any() or (layout.scale != 1).any()):
        return vector
    numbers = draft.columns(vector, 0, size)
    delivered = draft.add("Mul", numbers, draft.floats(layout.scale))
    if layout.squashed.any():
        half_span = np.where(layout.squashed, (layout.high - layout.low) / 2, 0)
        low = np.where(layout.squashed, layout.low, 0)
        lifted = draft.add("Add", draft.add("Tanh", numbers), draft.floats([1]))
        squashed = draft.add("Add", draft.floats(low), draft.add("Mul", draft.floats(half_span), lifted))
        delivered = draft.add("Where", _booleans(draft, layout.squashed), squashed, delivered)
    if is_bounded.any():
        # Of all numbers that have bounds, as the host does it; where none are, these are infinite.
        low, high = (np.nan_to_num(values, posinf=LARGEST, neginf=-LARGEST) for values in (layout.low, layout.high))
        delivered = draft.add("Min", draft.add("Max", delivered, draft.floats(low)), draft.floats(high))
    if size == layout.vector_size:
        return delivered
    return draft.side_by_side(delivered, draft.columns(vector, size, layout.vector_size))


def emit_chosen_options(draft: GraphDraft, layout: ActionLayout, vector: str) -> str:
    """int64[batch, K], the option that each choice took."""
    chosen: list[str] = []
    start = layout.continuous_size
    for size in layout.exclusive_sizes:
        one_hot = draft.columns(vector, start, start + size)
        chosen.append(draft.add("ArgMax", one_hot, axis=1, keepdims=1))
        start += size
    return draft.side_by_side(*chosen)


def _numbers(draft: GraphDraft, size: int, distribution: str, freedom: ActionFreedom) -> str:
    numbers = draft.columns(distribution, 0, size)
    if freedom.normal:
        deviations = draft.add("Exp", draft.columns(distribution, size, 2 * size))
        numbers = draft.add("Add", numbers, draft.add("Mul", freedom.normal, deviations))
    if freedom.given:
        is_given = draft.add("Greater", freedom.is_given, draft.floats([0.5]))
        numbers = draft.add("Where", is_given, freedom.given, numbers)
    return numbers


def _choices(draft: GraphDraft, layout: ActionLayout, logits: str, uniform: str) -> list[str]:
    """One-hots of all choices; neighbours with equally many options are taken together.

    A sample is the largest logit + Gumbel noise, −log(−log u).
    """
    one_hots: list[str] = []
    start = 0
    for options, group in groupby(layout.exclusive_sizes):
        count = len(list(group))
        stop = start + count * options
        scores = draft.columns(logits, start, stop)
        if uniform:
            exponential = draft.add("Neg", draft.add("Log", draft.columns(uniform, start, stop)))
            scores = draft.add("Sub", scores, draft.add("Log", exponential))
        chosen = draft.add("ArgMax", draft.reshape(scores, -1, count, options), axis=2, keepdims=0)
        one_hot = draft.add("OneHot", chosen, draft.integers(options), draft.floats([0, 1]), axis=-1)
        one_hots.append(draft.reshape(one_hot, -1, count * options))
        start = stop
    return one_hots


def _bits(draft: GraphDraft, layout: ActionLayout, logits: str, uniform: str) -> list[str]:
    """A bit is 1 where its logit, with a sample + logistic noise log(u / (1 − u)), is above 0."""
    start, stop = layout.exclusive_total, layout.exclusive_total + layout.inclusive_size
    if start == stop:
        return []
    scores = draft.columns(logits, start, stop)
    if uniform:
        drawn = draft.columns(uniform, start, stop)
        odds = draft.add("Div", drawn, draft.add("Sub", draft.floats([1]), drawn))
        scores = draft.add("Add", draft.add("Log", odds), scores)
    return [draft.add("Cast", draft.add("Greater", scores, draft.floats([0])), to=TensorProto.FLOAT)]


def _gated(draft: GraphDraft, layout: ActionLayout, vector: str) -> str:
    """Floats below an option that was not chosen become 0, level by level."""
    for floats, gates in layout.gated_levels:
        # One float more than the vector has, a 1, is the gate of what has none.
        places = np.full(layout.vector_size, layout.vector_size)
        places[floats] = gates
        with_one = draft.side_by_side(vector, draft.for_each_agent(np.ones(1, np.float32)))
        vector = draft.add("Mul", vector, draft.add("Gather", with_one, draft.integers(*places.tolist()), axis=1))
    return vector


def _booleans(draft: GraphDraft, values: BoolArray) -> str:
    return draft.add("Cast", draft.integers(*values.astype(np.int64).tolist()), to=TensorProto.BOOL)
