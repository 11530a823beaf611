"""Only what is acted, and neither given nor masked, is drawn and counts; by hand, and in any schema."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_sdk.inference import ActionDistribution
from protocol.action_layout import NO_GATE, ActionLayout
from protocol.schema import (
    ActionElement,
    BoolAction,
    ContinuousAction,
    EitherAction,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    FloatAction,
    InclusiveDiscreteAction,
    InclusiveUnionAction,
    NullAction,
    OptionalAction,
    StructAction,
)
from protocol.vector_array import FloatArray
from tests.strategies import actions, discrete_actions, modifiers_or_none, random_distribution, random_modifiers

LOG_TWO_PI = math.log(2 * math.pi)
WEAPON = ExclusiveUnionAction((("none", NullAction()), ("bow", FloatAction()), ("sword", ExclusiveDiscreteAction(2))))
"""Actions: draw | none, bow, sword | cut, stab. Distribution: mean, log deviation | the same."""

seeds = st.integers(0, 2**32)


def row(*values: float) -> FloatArray:
    return np.array([values], dtype=np.float32)


def make(action: ActionElement, max_batch: int = 8) -> ActionDistribution:
    return ActionDistribution(ActionLayout.of(action), max_batch)


def sample(
    distribution: ActionDistribution,
    rows: FloatArray,
    modifiers: FloatArray | None = None,
    noise_scale: float = 1.0,
    seed: int = 1,
) -> tuple[FloatArray, FloatArray]:
    chosen = np.full((len(rows), distribution.layout.vector_size), np.nan, dtype=np.float32)
    log_probs = np.full(len(rows), np.nan, dtype=np.float32)
    distribution.sample(rows, np.random.default_rng(seed), noise_scale, chosen, log_probs, modifiers)
    return chosen, log_probs


def logs(*logits: float) -> list[float]:
    """log softmax."""
    total = math.log(sum(math.exp(logit) for logit in logits))
    return [logit - total for logit in logits]


def chances(*logits: float) -> list[float]:
    return [math.exp(log) for log in logs(*logits)]


def choice_entropy(*logits: float) -> float:
    return -sum(math.exp(log) * log for log in logs(*logits))


DISTRIBUTION = row(0.5, -0.2, 1, 2, 3, 0.4, -0.6)


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (row(0, 1, 0, 0, 0, 0), logs(1, 2, 3)[0]),
        (
            row(0.9, 0, 1, 0, 0, 0),
            logs(1, 2, 3)[1] - 0.5 * (0.4 / math.exp(-0.2)) ** 2 + 0.2 - 0.5 * LOG_TWO_PI,
        ),
        (row(0, 0, 0, 1, 0, 1), logs(1, 2, 3)[2] + logs(0.4, -0.6)[1]),
    ],
)
def test_log_prob_of_a_union_is_that_of_its_choice_and_of_what_was_chosen(chosen: FloatArray, expected: float) -> None:
    np.testing.assert_allclose(make(WEAPON).log_prob(DISTRIBUTION, chosen), [expected], rtol=1e-6)


def test_entropy_of_a_union_weighs_its_options_by_their_chances() -> None:
    _, bow, sword = chances(1, 2, 3)
    normal = -0.2 + 0.5 * (1 + LOG_TWO_PI)
    expected = choice_entropy(1, 2, 3) + bow * normal + sword * choice_entropy(0.4, -0.6)
    np.testing.assert_allclose(make(WEAPON).entropy(DISTRIBUTION), [expected], rtol=1e-6)


def test_present_options_of_an_inclusive_union_count_each_by_itself() -> None:
    action = InclusiveUnionAction((("arm", FloatAction()), ("leg", BoolAction())))
    # Actions: arm | is arm there, is leg there, leg.
    rows = row(0, 0, 0.3, -0.7, 1.1)
    present = [1 / (1 + math.exp(-logit)) for logit in (0.3, -0.7, 1.1)]
    both = make(action).log_prob(rows, row(0.5, 1, 1, 0))
    expected = math.log(present[0]) + math.log(present[1]) + math.log(1 - present[2]) - 0.125 - 0.5 * LOG_TWO_PI
    np.testing.assert_allclose(both, [expected], rtol=1e-6)
    neither = make(action).log_prob(rows, row(0, 0, 0, 0))
    np.testing.assert_allclose(neither, [math.log(1 - present[0]) + math.log(1 - present[1])], rtol=1e-6)


def test_a_given_number_of_a_squashed_one_adds_nothing() -> None:
    action = StructAction((("free", FloatAction()), ("bounded", FloatAction(1.0, "squash", -1.0, 1.0))))
    modifiers = row(0, 0.7, 0, 1)
    chosen, log_probs = sample(make(action), row(0.1, -3, 0.2, 1.5), modifiers)
    assert chosen[0, 1] == np.float32(0.7)
    z = (float(chosen[0, 0]) - 0.1) / math.exp(0.2)
    np.testing.assert_allclose(log_probs, [-0.5 * z * z - 0.2 - 0.5 * LOG_TWO_PI], rtol=1e-5)
    entropy = make(action).entropy(row(0.1, -3, 0.2, 1.5), modifiers)
    np.testing.assert_allclose(entropy, [0.2 + 0.5 * (1 + LOG_TWO_PI)], rtol=1e-6)


def test_masked_options_leave_their_chance_to_the_others() -> None:
    action = StructAction((("gear", ExclusiveDiscreteAction(3)), ("lamps", InclusiveDiscreteAction(2))))
    rows, modifiers = row(5, 0, 1, 9, 0.5), row(1, 0, 0, 1, 0)
    bit = 1 / (1 + math.exp(-0.5))
    received = make(action).log_prob(rows, row(0, 1, 0, 0, 1), modifiers=modifiers)
    np.testing.assert_allclose(received, [logs(0, 1)[0] + math.log(bit)], rtol=1e-6)
    expected = choice_entropy(0, 1) - bit * math.log(bit) - (1 - bit) * math.log(1 - bit)
    np.testing.assert_allclose(make(action).entropy(rows, modifiers), [expected], rtol=1e-6)


@pytest.mark.parametrize("noise_scale", [0.0, 1.0, 1e30])
def test_a_masked_option_is_never_chosen_though_it_were_the_most_probable(noise_scale: float) -> None:
    action = StructAction((("gear", ExclusiveDiscreteAction(3)), ("lamp", BoolAction())))
    rows, modifiers = np.repeat(row(50, 0, 0, 50), 500, axis=0), np.repeat(row(1, 0, 0, 1), 500, axis=0)
    chosen, log_probs = sample(make(action, 500), rows, modifiers, noise_scale)
    assert not chosen[:, [0, 3]].any()
    assert (chosen[:, 1:3].sum(axis=1) == 1).all()
    np.testing.assert_allclose(log_probs, math.log(0.5), rtol=1e-6)


def test_a_masked_option_of_a_union_is_not_acted() -> None:
    rows, modifiers = np.repeat(DISTRIBUTION, 50, axis=0), np.repeat(row(0, 0, 0, 1, 1, 0, 0), 50, axis=0)
    chosen, log_probs = sample(make(WEAPON, 50), rows, modifiers)
    assert (chosen[:, 1] == 1).all()
    assert not chosen[:, [0, 2, 3, 4, 5]].any()
    np.testing.assert_array_equal(log_probs, 0)


def test_samples_of_a_nested_union_have_the_frequencies_of_the_distribution() -> None:
    action = OptionalAction(EitherAction(ExclusiveDiscreteAction(2), BoolAction()))
    count = 20_000
    rows = np.repeat(row(0.3, -0.3, 0.5, 0, 1, 0, 0.7), count, axis=0)
    chosen, _ = sample(make(action, count), rows)
    valid = chances(0.3, -0.3)[1]
    a, b = (valid * chance for chance in chances(0.5, 0))
    expected = [1 - valid, valid, a, b, *(a * chance for chance in chances(1, 0)), b / (1 + math.exp(-0.7))]
    np.testing.assert_allclose(chosen.mean(axis=0), expected, atol=0.015)


def test_without_modifiers_and_with_empty_ones_a_plain_schema_is_sampled_alike() -> None:
    action = StructAction((("a", ContinuousAction(2)), ("b", ExclusiveDiscreteAction(3)), ("c", BoolAction())))
    rows = random_distribution(ActionLayout.of(action), 8, np.random.default_rng(1))
    plain, plain_log_probs = sample(make(action), rows)
    constrained, constrained_log_probs = sample(make(action), rows, np.zeros_like(rows))
    np.testing.assert_array_equal(plain, constrained)
    np.testing.assert_allclose(plain_log_probs, constrained_log_probs, rtol=1e-6)


@given(actions(), seeds, st.integers(1, 7), st.sampled_from([0.0, 0.5, 1.0, 4.0]))
def test_samples_obey_gates_and_modifiers_and_carry_their_log_prob_under_the_unscaled_policy(
    action: ActionElement, seed: int, count: int, noise_scale: float
) -> None:
    layout, generator = ActionLayout.of(action), np.random.default_rng(seed)
    distribution = ActionDistribution(layout, 8)
    rows = random_distribution(layout, count, generator)
    modifiers = modifiers_or_none(layout, count, generator)
    chosen, log_probs = sample(distribution, rows, modifiers, noise_scale, seed)
    assert np.isfinite(chosen).all()
    assert np.isfinite(log_probs).all()
    np.testing.assert_array_equal(log_probs, distribution.log_prob(rows, chosen, modifiers=modifiers))
    size = layout.continuous_size
    assert np.isin(chosen[:, size:], (0, 1)).all()
    is_acted = np.where(layout.gates == NO_GATE, 1, chosen[:, layout.gates]) == 1
    assert not chosen[~is_acted].any()
    start = size
    for option_count in layout.exclusive_sizes:
        np.testing.assert_array_equal(chosen[:, start : start + option_count].sum(axis=1), is_acted[:, start])
        start += option_count
    if modifiers is not None:
        is_given = (modifiers[:, size : 2 * size] == 1) & is_acted[:, :size]
        np.testing.assert_array_equal(chosen[:, :size][is_given], modifiers[:, :size][is_given])
        assert not chosen[:, size:][modifiers[:, 2 * size :] == 1].any()


def canonical_actions(layout: ActionLayout) -> list[FloatArray]:
    """Every action of a schema without numbers."""
    found = set()
    options = [np.eye(size, dtype=np.float32).tolist() for size in layout.exclusive_sizes]
    bits = itertools.product((0.0, 1.0), repeat=layout.inclusive_size)
    for *one_hots, tail in itertools.product(*options, list(bits)):
        vector = np.array([*itertools.chain(*one_hots), *tail], dtype=np.float32)
        for floats, gates in layout.gated_levels:
            vector[floats] *= vector[gates]
        found.add(tuple(vector.tolist()))
    return [np.array(vector, dtype=np.float32) for vector in found]


@given(discrete_actions(), seeds)
def test_entropy_and_total_probability_of_discrete_trees_are_those_of_all_actions_one_by_one(
    action: ActionElement, seed: int
) -> None:
    layout, generator = ActionLayout.of(action), np.random.default_rng(seed)
    every = np.stack(canonical_actions(layout))
    rows = np.repeat(random_distribution(layout, 1, generator) / 3, len(every), axis=0)
    modifiers = np.repeat(random_modifiers(layout, 1, generator), len(every), axis=0)
    distribution = ActionDistribution(layout, len(every))
    log_probs = distribution.log_prob(rows, every, modifiers=modifiers).astype(np.float64)
    is_masked = (every * modifiers).any(axis=1)
    log_probs = log_probs[~is_masked]
    np.testing.assert_allclose(np.exp(log_probs).sum(), 1.0, rtol=1e-5)
    expected = -(np.exp(log_probs) * log_probs).sum()
    np.testing.assert_allclose(distribution.entropy(rows[:1], modifiers[:1]), [expected], rtol=1e-4, atol=1e-5)
