"""Random schemas, settings and vectors for property tests."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import strategies as st

from protocol.action_layout import ActionLayout
from protocol.policy_settings import ACTIVATIONS, CriticSettings, PolicySettings
from protocol.schema import (
    ActionElement,
    AngleAction,
    AngleObservation,
    ArrayObservation,
    BitmaskAction,
    BitmaskObservation,
    BoolAction,
    BoolObservation,
    ContinuousAction,
    ContinuousObservation,
    CountObservation,
    DirectionAction,
    DirectionAlongSplineObservation,
    DirectionObservation,
    EitherAction,
    EitherObservation,
    EncodingAction,
    EncodingObservation,
    EnumAction,
    EnumObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    ExclusiveUnionAction,
    ExclusiveUnionObservation,
    FloatAction,
    FloatObservation,
    ImageObservation,
    InclusiveDiscreteAction,
    InclusiveDiscreteObservation,
    InclusiveUnionAction,
    InclusiveUnionObservation,
    LocationAction,
    LocationAlongSplineObservation,
    LocationObservation,
    MapObservation,
    NamedExclusiveDiscreteAction,
    NamedExclusiveDiscreteObservation,
    NamedInclusiveDiscreteAction,
    NamedInclusiveDiscreteObservation,
    NullAction,
    NullObservation,
    ObservationElement,
    OptionalAction,
    OptionalObservation,
    PairAction,
    PairObservation,
    ProportionAlongSplineObservation,
    RotationAction,
    RotationObservation,
    ScaleAction,
    ScaleObservation,
    SetObservation,
    StaticArrayAction,
    StaticArrayObservation,
    StringTokenObservation,
    StructAction,
    StructObservation,
    TimeObservation,
    TransformAction,
    TransformObservation,
    VelocityAction,
    VelocityObservation,
)
from protocol.vector_array import FloatArray

names = st.text("abcdefghijklmnopqrstuvwxyz_äß語", min_size=1, max_size=12)
scales = st.floats(1e-3, 1e3)
sizes = st.integers(1, 6)
priors = st.floats(0.01, 0.99)
hidden_sizes = st.lists(st.integers(1, 24), max_size=3).map(tuple)


small = st.integers(1, 3)


def _several_names() -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(names, min_size=1, max_size=4, unique=True).map(tuple)


@cache
def observation_leaves() -> st.SearchStrategy[ObservationElement]:
    """Every observation element that holds no other and no image."""
    return st.one_of(
        st.just(NullObservation()),
        st.builds(ContinuousObservation, sizes, scales, st.booleans()),
        st.builds(FloatObservation, scales, st.booleans()),
        *[st.builds(kind, sizes) for kind in (ExclusiveDiscreteObservation, InclusiveDiscreteObservation)],
        *[
            st.builds(kind, _several_names())
            for kind in (
                NamedExclusiveDiscreteObservation,
                NamedInclusiveDiscreteObservation,
                EnumObservation,
                BitmaskObservation,
            )
        ],
        *[
            st.builds(kind, scales)
            for kind in (
                CountObservation,
                TimeObservation,
                LocationObservation,
                VelocityObservation,
                LocationAlongSplineObservation,
                TransformObservation,
            )
        ],
        st.sampled_from(
            [
                BoolObservation(),
                RotationObservation(),
                ScaleObservation(),
                AngleObservation(),
                DirectionObservation(),
                DirectionAlongSplineObservation(),
                ProportionAlongSplineObservation(),
                ProportionAlongSplineObservation(True),
                StringTokenObservation(5),
            ]
        ),
    )


_OBSERVATION_GROUPS = (
    StructObservation,
    StaticArrayObservation,
    ExclusiveUnionObservation,
    InclusiveUnionObservation,
    SetObservation,
    ArrayObservation,
    EncodingObservation,
    PairObservation,
    MapObservation,
    OptionalObservation,
    EitherObservation,
)
_MAY_HOLD_IMAGES = (StructObservation, EncodingObservation, PairObservation)


@st.composite
def _observation_of_depth(draw: st.DrawFn, depth: int, has_images: bool) -> ObservationElement:
    """A tree of at most this depth; of four elements that may hold others, three do."""
    if depth == 1 or draw(st.integers(0, 3)) == 0:
        if has_images and draw(st.integers(0, 2)) == 0:
            sides = draw(st.tuples(sizes, sizes, small))
            return ImageObservation(*sides, draw(st.sampled_from([1.0, 255.0])), (2,), encoding_size=draw(sizes))
        return draw(observation_leaves())
    kind = draw(st.sampled_from(_OBSERVATION_GROUPS))
    child = _observation_of_depth(depth - 1, has_images and kind in _MAY_HOLD_IMAGES)
    if kind in (StructObservation, ExclusiveUnionObservation, InclusiveUnionObservation):
        elements = tuple((name, draw(child)) for name in draw(st.lists(names, min_size=1, max_size=3, unique=True)))
        if kind is StructObservation:
            return StructObservation(elements)
        if kind is ExclusiveUnionObservation:
            return ExclusiveUnionObservation(elements, draw(sizes))
        return InclusiveUnionObservation(elements, draw(sizes), draw(small), draw(small), draw(sizes))
    if kind is StaticArrayObservation:
        return StaticArrayObservation(draw(child), draw(small))
    if kind is EncodingObservation:
        activation = draw(st.sampled_from(ACTIVATIONS))
        return EncodingObservation(draw(child), draw(sizes), draw(hidden_sizes), activation)
    if kind in (SetObservation, ArrayObservation):
        return kind(draw(child), draw(small), draw(small), draw(small), draw(sizes))
    if kind is MapObservation:
        return MapObservation(draw(child), draw(child), draw(small), draw(small), draw(small), draw(sizes))
    if kind is PairObservation:
        return PairObservation(draw(child), draw(child))
    if kind is OptionalObservation:
        return OptionalObservation(draw(child), draw(sizes))
    return EitherObservation(draw(child), draw(child), draw(sizes))


def observations(depth: int = 5, *, has_images: bool = False) -> st.SearchStrategy[ObservationElement]:
    """Observation schemas of up to a few hundred floats, nested to this depth, in which there is something to see."""
    return _observation_of_depth(depth, has_images).filter(
        lambda element: element.vector_size + element.image_size > 0 and element.vector_size <= 300
    )


def plain_observations() -> st.SearchStrategy[ObservationElement]:
    """Observation schemas of up to a few dozen floats, whose networks read them as they are."""
    leaves = observation_leaves().filter(lambda element: element.vector_size > 0)
    return st.recursive(
        leaves,
        lambda children: st.one_of(
            st.dictionaries(names, children, min_size=1, max_size=4).map(
                lambda elements: StructObservation(tuple(elements.items()))
            ),
            st.builds(StaticArrayObservation, children, small),
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


@cache
def _choice_priors(count: int) -> st.SearchStrategy[tuple[float, ...] | None]:
    def shares(weights: list[float]) -> tuple[float, ...]:
        return tuple(weight / sum(weights) for weight in weights)

    return st.none() | st.lists(st.floats(0.05, 1), min_size=count, max_size=count).map(shares)


@cache
def _bit_priors(count: int) -> st.SearchStrategy[tuple[float, ...] | None]:
    return st.none() | st.lists(priors, min_size=count, max_size=count).map(tuple)


@cache
def discrete_action_leaves() -> st.SearchStrategy[ActionElement]:
    """Every action element that holds no other and no number."""
    return st.one_of(
        st.just(NullAction()),
        sizes.flatmap(lambda size: st.builds(ExclusiveDiscreteAction, st.just(size), _choice_priors(size))),
        sizes.flatmap(lambda size: st.builds(InclusiveDiscreteAction, st.just(size), _bit_priors(size))),
        st.builds(BoolAction, priors),
        *[
            _several_names().flatmap(
                lambda given, kind=kind: st.builds(kind, st.just(given), _choice_priors(len(given)))
            )
            for kind in (NamedExclusiveDiscreteAction, EnumAction)
        ],
        *[
            _several_names().flatmap(lambda given, kind=kind: st.builds(kind, st.just(given), _bit_priors(len(given))))
            for kind in (NamedInclusiveDiscreteAction, BitmaskAction)
        ],
    )


@cache
def action_leaves() -> st.SearchStrategy[ActionElement]:
    """Every action element that holds no other."""
    return st.one_of(
        discrete_action_leaves(),
        _continuous_action(),
        *[
            st.builds(kind, scales)
            for kind in (LocationAction, RotationAction, ScaleAction, AngleAction, VelocityAction)
        ],
        st.builds(DirectionAction),
        st.builds(TransformAction, scales, scales, scales),
    )


_ACTION_GROUPS = (
    StructAction,
    StaticArrayAction,
    ExclusiveUnionAction,
    InclusiveUnionAction,
    EncodingAction,
    PairAction,
    OptionalAction,
    EitherAction,
)


@st.composite
def _action_of_depth(draw: st.DrawFn, depth: int, leaves: st.SearchStrategy[ActionElement]) -> ActionElement:
    """A tree of at most this depth; of three elements that may hold others, two do."""
    if depth == 1 or draw(st.integers(0, 2)) == 0:
        return draw(leaves)
    child = _action_of_depth(depth - 1, leaves)
    kind = draw(st.sampled_from(_ACTION_GROUPS))
    if kind in (StructAction, ExclusiveUnionAction, InclusiveUnionAction):
        elements = tuple((name, draw(child)) for name in draw(st.lists(names, min_size=1, max_size=3, unique=True)))
        if kind is StructAction:
            return StructAction(elements)
        return kind(elements, draw((_choice_priors if kind is ExclusiveUnionAction else _bit_priors)(len(elements))))
    if kind is StaticArrayAction:
        return StaticArrayAction(draw(child), draw(st.integers(1, 2)))
    if kind is EncodingAction:
        return EncodingAction(
            draw(child), draw(st.integers(1, 6)), draw(hidden_sizes), draw(st.sampled_from(ACTIVATIONS))
        )
    if kind is OptionalAction:
        return OptionalAction(draw(child), draw(priors))
    if kind is PairAction:
        return PairAction(draw(child), draw(child))
    return EitherAction(draw(child), draw(child), draw(priors))


def actions(depth: int = 5) -> st.SearchStrategy[ActionElement]:
    """Action schemas of up to a hundred floats, nested to this depth, in which there is something to do."""
    return _action_of_depth(depth, action_leaves()).filter(lambda element: 0 < element.vector_size <= 100)


def discrete_actions(depth: int = 5) -> st.SearchStrategy[ActionElement]:
    """The same without numbers, and with few options."""
    return _action_of_depth(depth, discrete_action_leaves()).filter(lambda element: 0 < element.vector_size <= 12)


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


def random_modifiers(layout: ActionLayout, count: int, generator: np.random.Generator) -> FloatArray:
    """float32[count, D]: about a third of all numbers given and of all options masked, never all of a choice."""
    size = layout.continuous_size
    modifiers = (generator.random((count, layout.distribution_size)) < 0.3).astype(np.float32)
    modifiers[:, :size] = generator.standard_normal((count, size)) * modifiers[:, size : 2 * size]
    start = 2 * size
    for option_count in layout.exclusive_sizes:
        left = generator.integers(option_count, size=count)
        modifiers[np.arange(count), start + left] = 0.0
        start += option_count
    return modifiers


def modifiers_or_none(layout: ActionLayout, count: int, generator: np.random.Generator) -> FloatArray | None:
    """`random_modifiers`, or none of them."""
    return random_modifiers(layout, count, generator) if generator.random() < 0.6 else None
