"""Actions are sampled from the distribution they claim, with the log-probabilities of the unscaled policy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_sdk.inference import ActionDistribution
from protocol.action_layout import ActionLayout
from protocol.schema import (
    ActionElement,
    BoolAction,
    ContinuousAction,
    ExclusiveDiscreteAction,
    FloatAction,
    InclusiveDiscreteAction,
    StaticArrayAction,
    StructAction,
)
from protocol.vector_array import FloatArray
from tests.strategies import actions

LOG_TWO_PI = math.log(2 * math.pi)
MIXED = StructAction(
    (
        ("throttle", FloatAction(2.0)),
        ("gear", ExclusiveDiscreteAction(3)),
        ("seat", ExclusiveDiscreteAction(2)),
        ("lights", InclusiveDiscreteAction(2)),
    )
)


def row(*values: float) -> FloatArray:
    return np.array([values], dtype=np.float32)


def make(action: ActionElement, max_batch: int = 1) -> ActionDistribution:
    return ActionDistribution(ActionLayout.of(action), max_batch)


def sample(
    distribution: ActionDistribution, rows: FloatArray, noise_scale: float = 1.0, seed: int = 1
) -> tuple[FloatArray, FloatArray]:
    chosen = np.full((len(rows), distribution.layout.vector_size), np.nan, dtype=np.float32)
    log_probs = np.full(len(rows), np.nan, dtype=np.float32)
    distribution.sample(rows, np.random.default_rng(seed), noise_scale, chosen, log_probs)
    return chosen, log_probs


def test_normal_log_prob_is_as_computed_by_hand() -> None:
    # z = (1 − 0.5)/e^0.2 and (−1 − 0)/e^−1; log p = Σ −z²/2 − log σ − log(2π)/2.
    expected = -0.5 * ((0.5 / math.exp(0.2)) ** 2 + math.exp(1) ** 2) - (0.2 - 1) - LOG_TWO_PI
    received = make(ContinuousAction(2)).log_prob(row(0.5, 0, 0.2, -1), row(1, -1))
    np.testing.assert_allclose(received, [expected], rtol=1e-6)


def test_squashed_log_prob_is_the_density_of_tanh() -> None:
    action = StructAction((("free", FloatAction()), ("bounded", FloatAction(1.0, "squash", -3.0, 5.0))))
    normal = -0.5 * (0.25 + 0.64) - LOG_TWO_PI
    expected = normal - math.log(1 - math.tanh(0.8) ** 2)
    np.testing.assert_allclose(make(action).log_prob(row(0, 0, 0, 0), row(0.5, 0.8)), [expected], rtol=1e-6)


@pytest.mark.parametrize("u", [-40.0, -9.0, 9.0, 40.0])
def test_squashed_log_prob_stays_exact_where_tanh_is_flat(u: float) -> None:
    # 1 − tanh²u = 4 exp(−2|u|) (1 + exp(−2|u|))⁻²
    slope = math.log(4) - 2 * abs(u) - 2 * math.log1p(math.exp(-2 * abs(u)))
    received = make(FloatAction(1.0, "squash", -1.0, 1.0)).log_prob(row(u, 0), row(u))
    np.testing.assert_allclose(received, [-0.5 * LOG_TWO_PI - slope], rtol=1e-5)


def test_discrete_log_probs_are_as_computed_by_hand() -> None:
    gear = 2 - math.log(math.exp(1) + math.exp(2) + math.exp(3))
    seat = -math.log(1 + math.exp(4))
    lights = -math.log1p(math.exp(-0.5)) - math.log1p(math.exp(-1.5))
    throttle = -0.5 * LOG_TWO_PI
    received = make(MIXED).log_prob(row(0, 0, 1, 2, 3, 4, 0, 0.5, -1.5), row(0, 0, 1, 0, 0, 1, 1, 0))
    np.testing.assert_allclose(received, [throttle + gear + seat + lights], rtol=1e-6)


def test_entropy_is_as_computed_by_hand() -> None:
    def bernoulli(logit: float) -> float:
        p = 1 / (1 + math.exp(-logit))
        return -p * math.log(p) - (1 - p) * math.log(1 - p)

    expected = 0.3 + 0.5 * (1 + LOG_TWO_PI) + math.log(3) + bernoulli(2) + bernoulli(0.5) + bernoulli(-1.5)
    np.testing.assert_allclose(make(MIXED).entropy(row(7, 0.3, 1, 1, 1, 2, 0, 0.5, -1.5)), [expected], rtol=1e-6)


def test_noise_scale_zero_takes_the_mode() -> None:
    chosen, _ = sample(make(MIXED), row(1.5, 2, 0, 9, 1, 0, 1, 0.1, -0.1), noise_scale=0.0)
    assert chosen.tolist() == [[1.5, 0, 1, 0, 0, 1, 1, 0]]


def test_samples_have_the_frequencies_of_the_distribution() -> None:
    count = 20_000
    rows = np.repeat(row(1.0, math.log(0.5), 0, 1, 2, 1, 0, 0.7, -2), count, axis=0)
    chosen, _ = sample(make(MIXED, count), rows)
    odds = np.exp([0.0, 1.0, 2.0])
    expected = [*(odds / odds.sum()), math.e / (math.e + 1), 1 / (math.e + 1)]
    expected += [1 / (1 + math.exp(-0.7)), 1 / (1 + math.exp(2))]
    np.testing.assert_allclose(chosen[:, 1:].mean(axis=0), expected, atol=0.015)
    np.testing.assert_allclose([chosen[:, 0].mean(), chosen[:, 0].std()], [1.0, 0.5], atol=0.015)


def test_noise_scale_spreads_numbers_and_flattens_choices() -> None:
    count = 20_000
    rows = np.repeat(row(0.0, 0.0, 0, 1, 2, 1, 0, 1, -2), count, axis=0)
    chosen, _ = sample(make(MIXED, count), rows, noise_scale=2.0)
    odds = np.exp([0.0, 0.5, 1.0])
    np.testing.assert_allclose(chosen[:, 1:4].mean(axis=0), odds / odds.sum(), atol=0.015)
    np.testing.assert_allclose(chosen[:, 6].mean(), 1 / (1 + math.exp(-0.5)), atol=0.015)
    np.testing.assert_allclose(chosen[:, 0].std(), 2.0, atol=0.05)


@given(actions(), st.integers(0, 2**32))
def test_delivered_actions_keep_to_their_bounds_and_discrete_ones_stay(action: ActionElement, seed: int) -> None:
    layout = ActionLayout.of(action)
    sampled = (np.random.default_rng(seed).standard_normal((4, layout.vector_size)) * 30).astype(np.float32)
    before = sampled.copy()
    delivered = ActionDistribution(layout, 4).to_delivered(sampled)
    numbers = delivered[:, : layout.continuous_size]
    assert (numbers >= layout.low).all()
    assert (numbers <= layout.high).all()
    np.testing.assert_array_equal(delivered[:, layout.continuous_size :], sampled[:, layout.continuous_size :])
    np.testing.assert_array_equal(sampled, before)


def test_delivered_numbers_are_scaled_clipped_or_squashed() -> None:
    action = StructAction(
        (
            ("free", FloatAction(3.0)),
            ("clipped", FloatAction(2.0, "clip", -1.0, 1.0)),
            ("squashed", FloatAction(1.0, "squash", 10.0, 20.0)),
        )
    )
    delivered = make(action, 2).to_delivered(np.array([[2, 0.25, 0], [-1, 5, 0.5]], np.float32))
    np.testing.assert_allclose(delivered, [[6, 0.5, 15], [-3, 1, 15 + 5 * math.tanh(0.5)]], rtol=1e-6)


def test_delivered_actions_go_where_they_are_wanted() -> None:
    distribution, out = make(ContinuousAction(2, 4.0)), np.zeros((1, 2), np.float32)
    assert distribution.to_delivered(row(1, 2), out) is out
    assert out.tolist() == [[4, 8]]
    clipped = make(ContinuousAction(1, 2.0, "clip", (0.0,), (1.0,)))
    assert clipped.to_delivered(row(-1)).tolist() == [[0]]


def test_extreme_logits_give_finite_numbers() -> None:
    action = StructAction((("a", ExclusiveDiscreteAction(3)), ("b", StaticArrayAction(BoolAction(), 2))))
    rows = row(-1e4, 0, 1e4, -1e4, 1e4)
    distribution = make(action)
    chosen, log_probs = sample(distribution, rows)
    assert chosen.tolist() == [[0, 0, 1, 0, 1]]
    assert log_probs.tolist() == [0]
    assert distribution.entropy(rows).tolist() == [0]
    assert distribution.log_prob(rows, row(1, 0, 0, 1, 0)).tolist() == [-4e4]


def test_same_seed_gives_the_same_actions() -> None:
    rows = row(0, 0, 1, 2, 3, 4, 0, 0.5, -1.5)
    np.testing.assert_array_equal(sample(make(MIXED), rows, seed=5)[0], sample(make(MIXED), rows, seed=5)[0])


@pytest.mark.parametrize("noise_scale", [-1.0, float("nan"), float("inf")])
def test_wrong_noise_scale_is_refused(noise_scale: float) -> None:
    with pytest.raises(ValueError, match="noise scale"):
        sample(make(MIXED), row(*[0] * 9), noise_scale)
