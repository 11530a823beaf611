from __future__ import annotations

import numpy as np
import pytest
import torch

from protocol.action_layout import ActionLayout
from protocol.schema import (
    ActionElement,
    BoolAction,
    ContinuousAction,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    FloatAction,
    InclusiveDiscreteAction,
    InclusiveUnionAction,
    NullAction,
    OptionalAction,
    StructAction,
)
from tests.strategies import random_modifiers
from trainer_process.models import ActionDensity, entropy, log_prob

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
    "unions": StructAction(
        (
            ("turn", FloatAction(bounding="squash", low=-1.0, high=1.0)),
            (
                "weapon",
                ExclusiveUnionAction(
                    (("none", NullAction()), ("bow", ContinuousAction(2)), ("sword", ExclusiveDiscreteAction(3)))
                ),
            ),
            (
                "limbs",
                InclusiveUnionAction(
                    (
                        ("arm", OptionalAction(FloatAction(bounding="squash", low=-1.0, high=1.0))),
                        ("leg", InclusiveDiscreteAction(2)),
                    )
                ),
            ),
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
    actions = torch.cat(parts, 1)
    for floats, gates in layout.gated_levels:
        actions[:, floats] *= actions[:, gates]
    return distribution, actions


@pytest.fixture(params=["no modifiers", "empty modifiers", "modifiers"])
def modifiers(request: pytest.FixtureRequest, layout: ActionLayout) -> torch.Tensor | None:
    if request.param == "no modifiers":
        return None
    if request.param == "empty modifiers":
        return torch.zeros(64, 0)
    return torch.from_numpy(random_modifiers(layout, 64, np.random.default_rng(3)))


def agreeing(
    layout: ActionLayout, actions: torch.Tensor, modifiers: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Both, with given numbers in the actions, and without masks of what was done."""
    if modifiers is None or not modifiers.shape[1]:
        return actions, modifiers
    size, actions, modifiers = layout.continuous_size, actions.clone(), modifiers.clone()
    is_given = modifiers[:, size : 2 * size] == 1
    actions[:, :size][is_given] = modifiers[:, :size][is_given]
    for floats, gates in layout.gated_levels:
        actions[:, floats] *= actions[:, gates]
    modifiers[:, 2 * size :][actions[:, size:] == 1] = 0.0
    return actions, modifiers


@pytest.fixture(params=sorted(ACTIONS))
def layout(request: pytest.FixtureRequest) -> ActionLayout:
    return ActionLayout.of(ACTIONS[request.param])


@pytest.fixture
def density(layout: ActionLayout) -> ActionDensity:
    return ActionDensity(layout, torch.device("cpu"))


def test_log_probabilities_are_those_of_the_model(layout, density, modifiers):
    distribution, actions = sample(layout)
    actions, modifiers = agreeing(layout, actions, modifiers)
    slopes = torch.empty_like(distribution)
    received = density.evaluate(distribution.detach(), actions, slopes, modifiers)
    received += density.action_terms(actions, modifiers)
    expected = log_prob(layout, distribution, actions, modifiers).detach()
    torch.testing.assert_close(received, expected, rtol=1e-5, atol=1e-5)


def test_slopes_of_log_probabilities_are_those_of_autograd(layout, density, modifiers):
    distribution, actions = sample(layout)
    actions, modifiers = agreeing(layout, actions, modifiers)
    (expected,) = torch.autograd.grad(log_prob(layout, distribution, actions, modifiers).sum(), distribution)
    received = torch.empty_like(distribution)
    density.evaluate(distribution.detach(), actions, received, modifiers)
    torch.testing.assert_close(received, expected, rtol=1e-5, atol=1e-5)


def test_slopes_of_entropy_are_those_of_autograd(layout, density, modifiers):
    distribution, _ = sample(layout)
    (expected,) = torch.autograd.grad(entropy(layout, distribution, modifiers).sum(), distribution)
    received = torch.zeros_like(distribution)
    with torch.no_grad():
        density.add_entropy_slopes(distribution.detach(), 0.5, received, modifiers)
    torch.testing.assert_close(received, 0.5 * expected, rtol=1e-5, atol=1e-5)


def test_log_probability_of_a_squashed_number_stays_finite_far_out():
    layout = ActionLayout.of(ACTIONS["squashed"])
    terms = ActionDensity(layout, torch.device("cpu")).action_terms(torch.tensor([[50.0, -50.0]]))
    assert torch.isfinite(terms).all()
