from __future__ import annotations

import pytest
import torch

from protocol.action_layout import ActionLayout
from protocol.schema import (
    ActionElement,
    BoolAction,
    ContinuousAction,
    ExclusiveDiscreteAction,
    FloatAction,
    InclusiveDiscreteAction,
    StructAction,
)
from trainer_process.algorithms.ppo.closed_form import ActionDensity, clipped_surrogate_slope
from trainer_process.algorithms.ppo.losses import clipped_surrogate_loss, decoupled_surrogate_loss
from trainer_process.models import entropy, log_prob

ACTIONS: dict[str, ActionElement] = {
    "continuous": ContinuousAction(3),
    "squashed": ContinuousAction(2, bounding="squash", low=(-1.0, 0.0), high=(1.0, 5.0)),
    "choice": ExclusiveDiscreteAction(4),
    "bits": InclusiveDiscreteAction(3),
    "all": StructAction(
        (
            ("jump", BoolAction()),
            ("steer", ContinuousAction(2)),
            ("weapon", ExclusiveDiscreteAction(3)),
            ("throttle", FloatAction(bounding="squash", low=0.0, high=1.0)),
            ("gear", ExclusiveDiscreteAction(2)),
        )
    ),
}


def sample(layout: ActionLayout, count: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Random distributions [count, D] that record gradients, and actions [count, A] of the right form."""
    generator = torch.Generator().manual_seed(1)
    distribution = torch.randn(count, layout.distribution_size, generator=generator).requires_grad_()
    parts = [torch.randn(count, layout.continuous_size, generator=generator)]
    for size in layout.exclusive_sizes:
        chosen = torch.randint(size, (count,), generator=generator)
        parts.append(torch.nn.functional.one_hot(chosen, size).float())
    parts.append(torch.randint(2, (count, layout.inclusive_size), generator=generator).float())
    return distribution, torch.cat(parts, 1)


@pytest.fixture(params=sorted(ACTIONS))
def layout(request: pytest.FixtureRequest) -> ActionLayout:
    return ActionLayout.of(ACTIONS[request.param])


@pytest.fixture
def density(layout: ActionLayout) -> ActionDensity:
    return ActionDensity(layout, torch.device("cpu"))


def test_log_probabilities_are_those_of_the_model(layout, density):
    distribution, actions = sample(layout)
    slopes = torch.empty_like(distribution)
    received = density.evaluate(distribution.detach(), actions, slopes) + density.action_terms(actions)
    torch.testing.assert_close(received, log_prob(layout, distribution, actions).detach(), rtol=1e-5, atol=1e-5)


def test_slopes_of_log_probabilities_are_those_of_autograd(layout, density):
    distribution, actions = sample(layout)
    (expected,) = torch.autograd.grad(log_prob(layout, distribution, actions).sum(), distribution)
    received = torch.empty_like(distribution)
    density.evaluate(distribution.detach(), actions, received)
    torch.testing.assert_close(received, expected, rtol=1e-5, atol=1e-5)


def test_slopes_of_entropy_are_those_of_autograd(layout, density):
    distribution, _ = sample(layout)
    (expected,) = torch.autograd.grad(entropy(layout, distribution).sum(), distribution)
    received = torch.zeros_like(distribution)
    density.add_entropy_slopes(distribution.detach(), 0.5, received)
    torch.testing.assert_close(received, 0.5 * expected, rtol=1e-5, atol=1e-5)


def test_log_probability_of_a_squashed_number_stays_finite_far_out():
    layout = ActionLayout.of(ACTIONS["squashed"])
    terms = ActionDensity(layout, torch.device("cpu")).action_terms(torch.tensor([[50.0, -50.0]]))
    assert torch.isfinite(terms).all()


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
