from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_process.data.returns import (
    backward_discounted_sums,
    forward_discounted_sums,
    generalized_advantages,
)


def reference_advantages(rewards, values, next_values, continues, discount_factor, gae_lambda):
    """Equation 16 of the paper, step by step from the end."""
    advantages = np.zeros(len(rewards))
    following = 0.0
    for t in reversed(range(len(rewards))):
        delta = float(rewards[t]) + discount_factor * float(next_values[t]) - float(values[t])
        following = delta + discount_factor * gae_lambda * float(continues[t]) * following
        advantages[t] = following
    return advantages


def test_advantages_equal_numbers_computed_by_hand():
    estimate = generalized_advantages(
        np.array([1, 2, 3], np.float32),
        np.array([0.5, 1.0, 1.5], np.float32),
        np.array([1.0, 1.5, 0.0], np.float32),
        np.array([1, 1, 0], np.float32),
        discount_factor=0.5,
        gae_lambda=0.5,
    )
    # deltas: 1 + 0.5 - 0.5 = 1;  2 + 0.75 - 1 = 1.75;  3 - 1.5 = 1.5.  A2 = 1.5, A1 = 1.75 + 0.25 * 1.5 = 2.125
    np.testing.assert_allclose(estimate.advantages, [1.0 + 0.25 * 2.125, 2.125, 1.5], rtol=1e-6)
    np.testing.assert_allclose(estimate.returns, [0.5 + 1.53125, 3.125, 3.0], rtol=1e-6)


def test_nothing_flows_back_over_the_end_of_a_trajectory():
    arguments = [np.zeros(4, np.float32), np.zeros(4, np.float32), np.array([0, 0, 0, 100], np.float32)]
    estimate = generalized_advantages(
        *arguments, np.array([1, 0, 1, 0], np.float32), discount_factor=1.0, gae_lambda=1.0
    )
    np.testing.assert_array_equal(estimate.advantages, [0, 0, 100, 100])


@given(
    steps=st.integers(1, 300),
    discount_factor=st.sampled_from([0.0, 0.5, 0.99, 1.0]),
    gae_lambda=st.sampled_from([0.0, 0.9, 1.0]),
    seed=st.integers(0, 1000),
)
def test_vectorised_advantages_equal_the_plain_loop(steps, discount_factor, gae_lambda, seed):
    generator = np.random.default_rng(seed)
    rewards, values, next_values = generator.standard_normal((3, steps)).astype(np.float32)
    continues = (generator.random(steps) > 0.1).astype(np.float32)
    continues[-1] = 0.0
    estimate = generalized_advantages(
        rewards, values, next_values, continues, discount_factor=discount_factor, gae_lambda=gae_lambda
    )
    expected = reference_advantages(rewards, values, next_values, continues, discount_factor, gae_lambda)
    np.testing.assert_allclose(estimate.advantages, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(estimate.returns, expected + values, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("length", [1, 2, 3, 1000])
def test_constant_values_sum_to_the_geometric_series(length):
    decays = np.full(length, 0.9)
    decays[-1] = 0.0
    sums = backward_discounted_sums(np.ones(length), decays)
    assert sums[0] == pytest.approx((1 - 0.9**length) / (1 - 0.9), rel=1e-12)


def test_forward_sums_run_the_other_way():
    sums = forward_discounted_sums(np.array([1.0, 1.0, 1.0, 5.0]), np.array([0.0, 0.5, 0.5, 0.0]))
    np.testing.assert_allclose(sums, [1.0, 1.5, 1.75, 5.0])
