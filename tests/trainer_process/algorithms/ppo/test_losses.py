from __future__ import annotations

import math

import pytest
import torch

from trainer_process.algorithms.ppo.losses import (
    approximate_kl,
    behavior_weights,
    clip_fraction,
    clipped_surrogate_loss,
    clipped_values,
    decoupled_surrogate_loss,
    entropy_loss,
    explained_variance,
    normalized_advantages,
    value_loss,
)


def logs(*ratios: float) -> torch.Tensor:
    return torch.log(torch.tensor(ratios))


def surrogate(ratio: float, advantage: float) -> float:
    return float(clipped_surrogate_loss(logs(ratio), torch.zeros(1), torch.tensor([advantage]), 0.2))


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected"),
    [
        (1.0, 2.0, -2.0),
        (1.1, 2.0, -2.2),
        (1.5, 2.0, -2.4),  # min(3, 1.2 * 2)
        (0.5, 2.0, -1.0),  # min(1, 0.8 * 2)
        (1.5, -2.0, 3.0),  # min(-3, -2.4)
        (0.5, -2.0, 1.6),  # min(-1, -1.6)
    ],
)
def test_surrogate_is_the_smaller_of_the_plain_and_the_clipped_ratio(ratio, advantage, expected):
    assert surrogate(ratio, advantage) == pytest.approx(expected, rel=1e-6)


def test_surrogate_is_a_mean_over_the_minibatch():
    loss = clipped_surrogate_loss(logs(1.5, 0.5), torch.zeros(2), torch.tensor([2.0, -2.0]), 0.2)
    assert float(loss) == pytest.approx((-2.4 + 1.6) / 2, rel=1e-6)


def test_decoupled_surrogate_weighs_by_the_behaviour_and_clips_against_the_proximal_policy():
    weights = behavior_weights(logs(0.6, 0.9), logs(0.3, 0.1), maximum=5.0)
    torch.testing.assert_close(weights, torch.tensor([2.0, 5.0]))
    loss = decoupled_surrogate_loss(logs(0.9, 0.9), logs(0.6, 0.9), weights, torch.tensor([1.0, -1.0]), 0.2)
    # ratios 1.5 and 1: -(2 * min(1.5, 1.2) + 5 * -1) / 2
    assert float(loss) == pytest.approx(-(2 * 1.2 - 5.0) / 2, rel=1e-5)


def test_value_loss_is_the_mean_squared_error():
    assert float(value_loss(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 1.0]))) == pytest.approx(2.5)


def test_clipped_values_stay_near_the_old_ones():
    clipped = clipped_values(torch.tensor([1.0, 2.0, -3.0]), torch.tensor([0.9, 1.0, 1.0]), 0.5)
    torch.testing.assert_close(clipped, torch.tensor([1.0, 1.5, 0.5]))


def test_entropy_loss_falls_as_entropy_rises():
    assert float(entropy_loss(torch.tensor([1.0, 3.0]))) == -2.0


def test_normalized_advantages_use_the_unbiased_deviation():
    normalised = normalized_advantages(torch.tensor([1.0, 2.0, 3.0]))
    torch.testing.assert_close(normalised, torch.tensor([-1.0, 0.0, 1.0]))


def test_one_advantage_alone_stays_as_it_is():
    torch.testing.assert_close(normalized_advantages(torch.tensor([4.0])), torch.tensor([4.0]))


def test_padding_counts_in_neither_mean_nor_deviation_of_advantages():
    advantages = torch.tensor([[1.0, 99.0, 2.0, 3.0], [4.0, 99.0, 99.0, 99.0]])
    is_valid = torch.tensor([[1.0, 0.0, 1.0, 1.0], [1.0, 0.0, 0.0, 0.0]])
    normalised = normalized_advantages(advantages, is_valid)
    torch.testing.assert_close(normalised[0, [0, 2, 3]], torch.tensor([-1.0, 0.0, 1.0]))
    # One alone has no deviation.
    assert float(normalised[1, 0]) == 4.0
    assert torch.isfinite(normalised).all()


def test_advantages_without_padding_are_normalised_alike_with_and_without_a_mask():
    advantages = torch.randn(3, 7, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(normalized_advantages(advantages, torch.ones(3, 7)), normalized_advantages(advantages))


def test_equal_advantages_become_zero_and_stay_finite():
    torch.testing.assert_close(normalized_advantages(torch.full((4,), 7.0)), torch.zeros(4))


def test_approximate_kl_equals_a_number_computed_by_hand():
    ratios = (2.0, 0.5)
    expected = sum((ratio - 1) - math.log(ratio) for ratio in ratios) / 2
    assert float(approximate_kl(logs(*ratios))) == pytest.approx(expected, rel=1e-6)


def test_padding_counts_not_in_the_approximate_kl():
    received = approximate_kl(logs(2.0, 7.0, 0.5), torch.tensor([1.0, 0.0, 1.0]))
    torch.testing.assert_close(received, approximate_kl(logs(2.0, 0.5)))


def test_approximate_kl_of_equal_policies_is_zero():
    assert float(approximate_kl(torch.zeros(5))) == 0.0


def test_clip_fraction_counts_both_sides():
    assert float(clip_fraction(logs(1.0, 1.5, 0.5, 1.1), 0.2)) == 0.5


def test_explained_variance_is_1_for_perfect_and_0_for_constant_values():
    returns = torch.tensor([1.0, 2.0, 3.0])
    assert float(explained_variance(returns, returns)) == 1.0
    assert float(explained_variance(torch.full((3,), 9.0), returns)) == pytest.approx(0.0, abs=1e-6)
    assert math.isnan(float(explained_variance(returns, torch.ones(3))))
