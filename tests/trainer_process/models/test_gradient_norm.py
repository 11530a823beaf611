from __future__ import annotations

import pytest
import torch

from trainer_process.models.gradient_norm import clip_norm


def test_a_long_gradient_is_shortened_to_the_maximum():
    gradient = torch.tensor([3.0, 0.0, 4.0])
    clip_norm(gradient, 0.5)
    torch.testing.assert_close(gradient, torch.tensor([0.3, 0.0, 0.4]))


def test_a_short_gradient_is_left_alone():
    gradient = torch.tensor([0.1, -0.2])
    clip_norm(gradient, 0.5)
    assert torch.equal(gradient, torch.tensor([0.1, -0.2]))


@pytest.mark.parametrize("length", [0.0, 0.4999, 0.5, 100.0])
def test_clipping_is_that_of_torch(length):
    ours = torch.nn.functional.normalize(torch.arange(1.0, 9.0), dim=0) * length
    plain = torch.zeros(8, requires_grad=True)
    plain.grad = ours.clone()
    torch.nn.utils.clip_grad_norm_([plain], 0.5)
    clip_norm(ours, 0.5)
    torch.testing.assert_close(ours, plain.grad)
