from __future__ import annotations

import numpy as np
import pytest
import torch

from trainer_process.models.tanh import tanh


@pytest.mark.parametrize("in_place", [False, True])
def test_tanh_and_its_gradient_are_those_of_torch(in_place):
    x = torch.linspace(-6.0, 6.0, 101).view(101, 1).requires_grad_()
    slope = torch.linspace(1.0, 2.0, 101).view(101, 1)
    y = tanh(x * 1.0, in_place=in_place)
    (received,) = torch.autograd.grad(y, x, slope)
    (expected,) = torch.autograd.grad(torch.tanh(x), x, slope)
    torch.testing.assert_close(y, torch.tanh(x))
    torch.testing.assert_close(received, expected)


def test_the_gradient_is_right_against_finite_differences():
    x = torch.tensor([[-2.0, -0.1, 0.0, 0.3, 1.5]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda value: tanh(value, in_place=False), (x,))


def test_in_place_overwrites_and_otherwise_leaves_alone():
    x = torch.ones(3)
    tanh(x, in_place=False)
    assert x.tolist() == [1.0, 1.0, 1.0]
    with torch.no_grad():
        assert tanh(x, in_place=True) is x
    np.testing.assert_array_equal(x.numpy(), np.tanh(np.ones(3, np.float32)))
