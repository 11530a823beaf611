"""Log-probabilities and entropies match torch's own distributions, and their gradients are finite everywhere."""

from __future__ import annotations

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Categorical, Normal

from host_sdk.inference import ActionDistribution
from protocol.action_layout import ActionLayout
from protocol.schema import (
    ActionElement,
    BoolAction,
    ContinuousAction,
    ExclusiveDiscreteAction,
    InclusiveDiscreteAction,
    StaticArrayAction,
    StructAction,
)
from tests.strategies import actions, random_distribution
from trainer_process.models import entropy, log_prob

MIXED = ActionLayout.of(
    StructAction(
        (
            ("steer", ContinuousAction(2)),
            ("gear", ExclusiveDiscreteAction(3)),
            ("seats", StaticArrayAction(ExclusiveDiscreteAction(2), 2)),
            ("lights", InclusiveDiscreteAction(2)),
        )
    )
)
DISTRIBUTION = torch.tensor([[0.5, -1, 0.2, -0.7, 1, 2, 3, 0, 1, -1, 1, 0.5, -2]])
CHOSEN = torch.tensor([[1.0, -2, 0, 1, 0, 1, 0, 0, 1, 1, 0]])


def parts() -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Log-probabilities and entropies by torch.distributions."""
    d = DISTRIBUTION[0]
    normal = Normal(d[:2], d[2:4].exp(), validate_args=False)
    choices = [Categorical(logits=d[a:b], validate_args=False) for a, b in ((4, 7), (7, 9), (9, 11))]
    bits = Bernoulli(logits=d[11:], validate_args=False)
    log_probs = [normal.log_prob(CHOSEN[0, :2]).sum(), bits.log_prob(CHOSEN[0, 9:]).sum()]
    log_probs += [choice.log_prob(torch.tensor(i)) for choice, i in zip(choices, (1, 0, 1), strict=True)]
    return log_probs, [normal.entropy().sum(), bits.entropy().sum(), *(choice.entropy() for choice in choices)]


def test_log_prob_matches_torchs_distributions() -> None:
    torch.testing.assert_close(log_prob(MIXED, DISTRIBUTION, CHOSEN)[0], torch.stack(parts()[0]).sum())


def test_entropy_matches_torchs_distributions() -> None:
    torch.testing.assert_close(entropy(MIXED, DISTRIBUTION)[0], torch.stack(parts()[1]).sum())


def test_squashed_log_prob_subtracts_the_slope_of_tanh() -> None:
    layout = ActionLayout.of(ContinuousAction(1, 1.0, "squash", (-1.0,), (1.0,)))
    received = log_prob(layout, torch.zeros(1, 2), torch.tensor([[0.8]]))
    expected = -0.32 - 0.5 * math.log(2 * math.pi) - math.log(1 - math.tanh(0.8) ** 2)
    torch.testing.assert_close(received, torch.tensor([expected]))


@given(actions(), st.integers(0, 2**32), st.sampled_from([1.0, 100.0]))
def test_gradients_are_finite_even_for_extreme_distributions(action: ActionElement, seed: int, scale: float) -> None:
    layout = ActionLayout.of(action)
    generator = np.random.default_rng(seed)
    rows = random_distribution(layout, 4, generator)
    size = layout.continuous_size
    rows[:, 2 * size :] *= scale
    chosen, log_probs = np.zeros((4, layout.vector_size), np.float32), np.zeros(4, np.float32)
    ActionDistribution(layout, 4).sample(rows, generator, scale, chosen, log_probs)
    distribution = torch.from_numpy(rows).requires_grad_()
    total = log_prob(layout, distribution, torch.from_numpy(chosen)).sum() + entropy(layout, distribution).sum()
    total.backward()
    assert torch.isfinite(total)
    assert distribution.grad is not None
    assert torch.isfinite(distribution.grad).all()


def test_gradient_reaches_sampled_actions_for_algorithms_that_reparameterise() -> None:
    layout = ActionLayout.of(
        StructAction((("a", ContinuousAction(1, 1.0, "squash", (0.0,), (1.0,))), ("b", BoolAction())))
    )
    chosen = torch.tensor([[0.3, 1.0]], requires_grad=True)
    log_prob(layout, torch.zeros(1, 3), chosen).sum().backward()
    assert chosen.grad is not None
    # d/du (−u²/2 − log(1 − tanh²u)) = −u + 2 tanh u
    torch.testing.assert_close(chosen.grad[0, 0], torch.tensor(-0.3 + 2 * math.tanh(0.3)))
