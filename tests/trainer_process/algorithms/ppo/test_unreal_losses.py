from __future__ import annotations

import math

import pytest
import torch

from trainer_process.algorithms.ppo.unreal_losses import (
    action_regularization_loss,
    critic_loss,
    log_surrogate_loss,
    positive_advantages,
)


def test_advantages_are_scaled_but_not_centred_and_only_the_good_remain():
    advantages = positive_advantages(torch.tensor([-1.0, 1.0, 3.0]), 0.0, 1.25)
    torch.testing.assert_close(advantages, torch.tensor([0.0, 0.5, 1.25]))


def test_padding_counts_not_in_the_deviation_of_advantages():
    advantages = positive_advantages(torch.tensor([-1.0, 99.0, 1.0, 3.0]), 0.0, 1.25, torch.tensor([0, 2, 3]))
    torch.testing.assert_close(advantages[[0, 2, 3]], torch.tensor([0.0, 0.5, 1.25]))


def test_one_advantage_alone_is_only_clipped():
    torch.testing.assert_close(positive_advantages(torch.tensor([40.0]), 0.0, 10.0), torch.tensor([10.0]))


def test_log_surrogate_clips_the_log_ratio_from_above():
    log_probs = torch.tensor([math.log(1.5), math.log(0.5)])
    loss = log_surrogate_loss(log_probs, torch.zeros(2), torch.tensor([1.0, 2.0]), 0.2, action_size=4)
    # min(log 1.5, log 1.2) * 1 and min(log 0.5, log 0.8) * 2, over two samples and four action dimensions
    assert float(loss) == pytest.approx(-(math.log(1.2) + 2 * math.log(0.5)) / 2 / 4, rel=1e-6)


def test_critic_loss_is_absolute_and_draws_values_to_zero():
    loss = critic_loss(torch.tensor([1.0, -2.0]), torch.tensor([4.0, -2.0]), 0.1)
    assert float(loss) == pytest.approx(1.5 + 0.1 * 1.5)


def test_action_regularization_is_the_mean_size_of_the_distribution_parameters():
    loss = action_regularization_loss(torch.tensor([[1.0, -2.0], [0.0, 3.0]]), action_size=2)
    assert float(loss) == pytest.approx((3 + 3) / 2 / 2)
