from __future__ import annotations

import pytest
import torch

from trainer_process.algorithms.ppo.closed_form import clipped_surrogate_slope
from trainer_process.algorithms.ppo.losses import clipped_surrogate_loss, decoupled_surrogate_loss


@pytest.mark.parametrize("weighted", [False, True])
def test_slope_of_the_surrogate_is_that_of_autograd(weighted):
    generator = torch.Generator().manual_seed(2)
    log_probs = (0.4 * torch.randn(200, generator=generator)).requires_grad_()
    advantages = torch.randn(200, generator=generator)
    weights = torch.rand(200, generator=generator) * 3 if weighted else None
    old = torch.zeros(200)
    if weights is None:
        loss = clipped_surrogate_loss(log_probs, old, advantages, 0.2)
    else:
        loss = decoupled_surrogate_loss(log_probs, old, weights, advantages, 0.2)
    (expected,) = torch.autograd.grad(loss, log_probs)
    received = clipped_surrogate_slope(log_probs.detach(), advantages, 0.2, weights)
    torch.testing.assert_close(received, expected)
    assert (received == 0).any()
    assert (received != 0).any()
