from __future__ import annotations

import math

import pytest
import torch

from trainer_process.algorithms.bc.losses import cloning_loss, l2_loss, negative_log_likelihood


def test_the_likelihood_is_the_mean_over_steps():
    log_probs = torch.log(torch.tensor([0.5, 0.25, 0.125]))
    assert float(negative_log_likelihood(log_probs)) == pytest.approx(2 * math.log(2))


def test_padding_does_not_count():
    log_probs = torch.tensor([-1.0, -3.0, -100.0])
    assert float(negative_log_likelihood(log_probs, torch.tensor([1.0, 1.0, 0.0]))) == pytest.approx(2.0)


def test_the_l2_term_is_half_the_sum_of_squares():
    assert float(l2_loss(torch.tensor([3.0, -1.0, 2.0]))) == 7.0


def test_the_loss_is_the_sum_of_its_terms():
    loss = cloning_loss(
        torch.tensor([-1.0, -2.0, -9.0]),
        torch.tensor([0.5, 0.7, 9.0]),
        torch.tensor([3.0, -1.0, 2.0]),
        entropy_coefficient=0.1,
        l2_coefficient=0.01,
        is_valid=torch.tensor([1.0, 1.0, 0.0]),
    )
    assert float(loss) == pytest.approx(1.5 - 0.06 + 0.07)
