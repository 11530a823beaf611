"""Random schemas, settings and vectors for property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from protocol.action_layout import ActionLayout
from protocol.policy_settings import ACTIVATIONS, CriticSettings, PolicySettings
from protocol.schema import (
    ActionElement,
    BoolAction,
    BoolObservation,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    FloatAction,
    FloatObservation,
    InclusiveDiscreteAction,
    InclusiveDiscreteObservation,
    ObservationElement,
    StaticArrayAction,
    StaticArrayObservation,
    StructAction,
    StructObservation,
)
from protocol.vector_array import FloatArray

names = st.text("abcdefghijklmnopqrstuvwxyz_äß語", min_size=1, max_size=12)
scales = st.floats(1e-3, 1e3)
sizes = st.integers(1, 6)


def _struct_elements(children: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[tuple[str, object], ...]]:
    return st.dictionaries(names, children, min_size=1, max_size=4).map(lambda elements: tuple(elements.items()))


def observations() -> st.SearchStrategy[ObservationElement]:
    """Observation schemas of up to a few dozen floats."""
    leaves = st.one_of(
        st.builds(ContinuousObservation, sizes, scales),
        st.builds(ExclusiveDiscreteObservation, sizes),
        st.builds(InclusiveDiscreteObservation, sizes),
        st.builds(FloatObservation, scales),
        st.builds(BoolObservation),
    )
    return st.recursive(
        leaves,
        lambda children: st.one_of(
            st.builds(StructObservation, _struct_elements(children)),
            st.builds(StaticArrayObservation, children, st.integers(1, 3)),
        ),
        max_leaves=6,
    )


@st.composite
def _continuous_action(draw: st.DrawFn) -> ContinuousAction | FloatAction:
    size = draw(sizes)
    bounding = draw(st.sampled_from(["none", "clip", "squash"]))
    scale = 1.0 if bounding == "squash" else draw(scales)
    is_float = draw(st.booleans())
    if bounding == "none":
        return FloatAction(scale) if is_float else ContinuousAction(size, scale)
    lows = tuple(draw(st.lists(st.floats(-50, 50), min_size=size, max_size=size)))
    highs = tuple(low + draw(st.floats(0.5, 20)) for low in lows)
    if is_float:
        return FloatAction(scale, bounding, lows[0], highs[0])
    return ContinuousAction(size, scale, bounding, lows, highs)


def actions() -> st.SearchStrategy[ActionElement]:
    """Action schemas of up to a few dozen floats."""
    leaves = st.one_of(
        _continuous_action(),
        st.builds(ExclusiveDiscreteAction, sizes),
        st.builds(InclusiveDiscreteAction, sizes),
        st.builds(BoolAction),
    )
    return st.recursive(
        leaves,
        lambda children: st.one_of(
            st.builds(StructAction, _struct_elements(children)),
            st.builds(StaticArrayAction, children, st.integers(1, 3)),
        ),
        max_leaves=6,
    )


hidden_sizes = st.lists(st.integers(1, 24), max_size=3).map(tuple)


def policy_settings() -> st.SearchStrategy[PolicySettings]:
    """Settings of small policies."""
    return st.builds(
        PolicySettings,
        hidden_sizes=hidden_sizes,
        activation=st.sampled_from(ACTIVATIONS),
        normalize_observations=st.booleans(),
        normalizer_clip=st.floats(0.5, 20),
        initial_log_std=st.floats(-2, 1),
        log_std_min=st.floats(-5, -2),
        log_std_max=st.floats(1, 2),
        state_dependent_log_std=st.booleans(),
        initial_action_scale=st.floats(0.01, 2),
        seed=st.integers(0, 2**40),
    )


def critic_settings() -> st.SearchStrategy[CriticSettings]:
    """Settings of small critics."""
    return st.builds(CriticSettings, hidden_sizes=hidden_sizes, activation=st.sampled_from(ACTIVATIONS))


def random_distribution(layout: ActionLayout, count: int, generator: np.random.Generator) -> FloatArray:
    """float32[count, D]: means about ±3, log standard deviations in −5..2, logits about ±5."""
    distribution = generator.standard_normal((count, layout.distribution_size)).astype(np.float32)
    size = layout.continuous_size
    distribution[:, :size] *= 3
    distribution[:, size : 2 * size] = generator.uniform(-5, 2, (count, size))
    distribution[:, 2 * size :] *= 5
    return distribution
