from __future__ import annotations

import pytest
import torch

from trainer_process.models.tanh import MIN_ELEMENTS, tanh

COUNTS = [101, MIN_ELEMENTS]
"""One that torch computes, and one that numpy does."""


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("in_place", [False, True])
def test_tanh_and_its_gradient_are_those_of_torch(in_place, count):
    x = torch.linspace(-6.0, 6.0, count).view(count, 1).requires_grad_()
    slope = torch.linspace(1.0, 2.0, count).view(count, 1)
    y = tanh(x * 1.0, in_place=in_place)
    (received,) = torch.autograd.grad(y, x, slope)
    (expected,) = torch.autograd.grad(torch.tanh(x), x, slope)
    torch.testing.assert_close(y, torch.tanh(x))
    torch.testing.assert_close(received, expected)


@pytest.mark.parametrize("count", COUNTS)
def test_in_place_overwrites_and_otherwise_leaves_alone(count):
    x = torch.ones(count)
    tanh(x, in_place=False)
    assert x.min() == 1.0
    with torch.no_grad():
        assert tanh(x, in_place=True) is x
    torch.testing.assert_close(x, torch.tanh(torch.ones(count)))
