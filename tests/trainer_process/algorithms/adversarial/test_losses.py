from __future__ import annotations

import math

import pytest
import torch

from trainer_process.algorithms.adversarial.losses import (
    airl_logits,
    discriminator_entropy,
    discriminator_loss,
    smoothed_targets,
)
from trainer_process.models.reward_form import gail_rewards
from trainer_process.models.reward_shaping import shaped_reward

LOG_3 = math.log(3.0)
"""A logit under which the discriminator is 3/4 sure."""


def test_the_loss_is_the_mean_cross_entropy():
    logits, targets = torch.tensor([LOG_3, LOG_3, 0.0]), torch.tensor([1.0, 0.0, 0.0])
    loss, slopes = discriminator_loss(logits, targets)
    assert float(loss) == pytest.approx(-(math.log(0.75) + math.log(0.25) + math.log(0.5)) / 3)
    assert slopes.tolist() == pytest.approx([-0.25 / 3, 0.75 / 3, 0.5 / 3])


def test_the_loss_stays_exact_where_the_discriminator_is_certain():
    loss, slopes = discriminator_loss(torch.tensor([1000.0, 1000.0]), torch.tensor([1.0, 0.0]))
    assert float(loss) == 500.0
    assert slopes.tolist() == [0.0, 0.5]


@pytest.mark.parametrize("entropy_coefficient", [0.0, 0.3])
def test_slopes_are_those_of_autograd(entropy_coefficient):
    generator = torch.Generator().manual_seed(3)
    logits = (2.0 * torch.randn(7, generator=generator)).requires_grad_()
    targets = torch.rand(7, generator=generator)
    loss, slopes = discriminator_loss(logits, targets, entropy_coefficient)
    loss.backward()
    torch.testing.assert_close(slopes.detach(), logits.grad)


def test_entropy_is_log_2_where_nothing_can_be_told_and_0_where_all_can():
    assert float(discriminator_entropy(torch.zeros(3))) == pytest.approx(math.log(2.0))
    assert float(discriminator_entropy(torch.tensor([100.0, -100.0]))) == pytest.approx(0.0)
    by_hand = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    assert float(discriminator_entropy(torch.tensor([LOG_3]))) == pytest.approx(by_hand)


def test_an_entropy_bonus_lowers_the_loss_of_the_undecided():
    undecided, targets = torch.zeros(2), torch.tensor([1.0, 0.0])
    plain, _ = discriminator_loss(undecided, targets)
    with_bonus, _ = discriminator_loss(undecided, targets, 0.5)
    assert float(plain - with_bonus) == pytest.approx(0.5 * math.log(2.0))


def test_smoothing_moves_both_targets_towards_the_middle():
    assert smoothed_targets(torch.tensor([1.0, 0.0]), 0.1).tolist() == pytest.approx([0.9, 0.1])
    assert smoothed_targets(torch.tensor([1.0, 0.0]), 0.0).tolist() == [1.0, 0.0]


def test_shaping_adds_the_discounted_rise_of_the_potential():
    ones = torch.ones(1)
    shaped = shaped_reward(ones, torch.tensor([3.0]), torch.tensor([5.0]), ones, 0.9)
    assert shaped.tolist() == pytest.approx([1.0 + 0.9 * 5.0 - 3.0])


def test_nothing_that_follows_a_termination_has_a_potential():
    shaped = shaped_reward(torch.ones(1), torch.tensor([3.0]), torch.tensor([5.0]), torch.zeros(1), 0.9)
    assert shaped.tolist() == pytest.approx([1.0 - 3.0])


def test_airls_discriminator_is_the_share_of_exp_f_beside_the_policy():
    reward, chance = 0.7, 0.2
    logits = airl_logits(torch.tensor([reward]), torch.tensor([math.log(chance)]))
    assert float(torch.sigmoid(logits)) == pytest.approx(math.exp(reward) / (math.exp(reward) + chance))


@pytest.mark.parametrize(
    ("form", "expected"),
    [("logit", LOG_3), ("positive", -math.log(0.25)), ("negative", math.log(0.75))],
)
def test_gails_rewards_by_hand(form, expected):
    assert gail_rewards(torch.tensor([LOG_3]), form).tolist() == pytest.approx([expected])


def test_the_sign_of_gails_rewards_is_what_the_form_says():
    logits = torch.linspace(-20.0, 20.0, 41)
    assert bool((gail_rewards(logits, "positive") >= 0.0).all())
    assert bool((gail_rewards(logits, "negative") <= 0.0).all())
    for form in ("logit", "positive", "negative"):
        assert bool((gail_rewards(logits, form).diff() >= 0.0).all())
