"""What isn't free of an action takes no part in its density, and gets a gradient of exactly 0."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Normal

from host_sdk.inference import ActionDistribution
from protocol.action_layout import NO_GATE, ActionLayout
from protocol.schema import (
    ActionElement,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    FloatAction,
    InclusiveDiscreteAction,
    NullAction,
)
from tests.strategies import actions, modifiers_or_none, random_distribution
from trainer_process.models import entropy, log_prob

WEAPON = ActionLayout.of(
    ExclusiveUnionAction(
        (
            ("none", NullAction()),
            ("bow", FloatAction()),
            ("sword", ExclusiveDiscreteAction(3)),
            ("spell", InclusiveDiscreteAction(2)),
        )
    )
)
"""Actions: draw | none, bow, sword, spell | cut, stab, slash | fire, ice."""
DISTRIBUTION = torch.tensor([[0.5, -0.2, 1, 2, 3, 0, 0.4, -0.6, 0.1, 0.7, -1.5]])

seeds = st.integers(0, 2**32)


def test_log_probs_of_a_union_match_torchs_distributions() -> None:
    d = DISTRIBUTION[0]
    draw, choice = Normal(d[0], d[1].exp()), Categorical(logits=d[2:6])
    cut, spell = Categorical(logits=d[6:9]), Bernoulli(logits=d[9:11])
    which = choice.log_prob(torch.arange(4))
    chosen = torch.tensor(
        [
            [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
            [0.9, 0, 1, 0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 1, 0, 0, 0, 1, 0, 0],
            [0, 0, 0, 0, 1, 0, 0, 0, 1, 0],
        ]
    )
    within = [
        torch.tensor(0.0),
        draw.log_prob(torch.tensor(0.9)),
        cut.log_prob(torch.tensor(2)),
        spell.log_prob(torch.tensor([1.0, 0.0])).sum(),
    ]
    torch.testing.assert_close(log_prob(WEAPON, DISTRIBUTION.expand(4, -1), chosen), which + torch.stack(within))
    parts = torch.stack([torch.tensor(0.0), draw.entropy(), cut.entropy(), spell.entropy().sum()])
    expected = choice.entropy() + (choice.probs * parts).sum()
    torch.testing.assert_close(entropy(WEAPON, DISTRIBUTION), expected[None])


def test_masks_and_given_numbers_match_torchs_distributions_without_them() -> None:
    d = DISTRIBUTION[0]
    modifiers = torch.tensor([[7.0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0]])
    choice, cut = Categorical(logits=d[3:5]), Categorical(logits=d[[6, 8]])
    chosen = torch.tensor([[7.0, 0, 1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 1, 0, 0, 0, 0]])
    received = log_prob(WEAPON, DISTRIBUTION.expand(2, -1), chosen, modifiers.expand(2, -1))
    expected = choice.log_prob(torch.arange(2)) + torch.stack([torch.tensor(0.0), cut.log_prob(torch.tensor(0))])
    torch.testing.assert_close(received, expected)
    torch.testing.assert_close(
        entropy(WEAPON, DISTRIBUTION, modifiers), (choice.entropy() + choice.probs[1] * cut.entropy())[None]
    )


def drawn(action: ActionElement, seed: int, logit_scale: float) -> tuple[ActionLayout, Tensor, Tensor, Tensor | None]:
    """A layout, distributions that record gradients, actions sampled from them, and modifiers."""
    layout, generator = ActionLayout.of(action), np.random.default_rng(seed)
    rows = random_distribution(layout, 4, generator)
    rows[:, 2 * layout.continuous_size :] *= logit_scale
    modifiers = modifiers_or_none(layout, 4, generator)
    chosen, log_probs = np.zeros((4, layout.vector_size), np.float32), np.zeros(4, np.float32)
    ActionDistribution(layout, 4).sample(rows, generator, 1.0, chosen, log_probs, modifiers)
    given_modifiers = None if modifiers is None else torch.from_numpy(modifiers)
    return layout, torch.from_numpy(rows).requires_grad_(), torch.from_numpy(chosen), given_modifiers


@given(actions(), seeds, st.sampled_from([1.0, 100.0]))
def test_gradients_are_finite_and_zero_where_nothing_was_free(
    action: ActionElement, seed: int, logit_scale: float
) -> None:
    layout, distribution, chosen, modifiers = drawn(action, seed, logit_scale)
    (by_log_prob,) = torch.autograd.grad(log_prob(layout, distribution, chosen, modifiers).sum(), distribution)
    # Without numbers, bits or choices that are free, the entropy is a constant that has no gradient to follow.
    total = entropy(layout, distribution, modifiers).sum() + 0 * distribution.sum()
    (by_entropy,) = torch.autograd.grad(total, distribution)
    assert torch.isfinite(by_log_prob).all()
    assert torch.isfinite(by_entropy).all()
    size, gates = layout.continuous_size, torch.from_numpy(layout.gates.copy())
    is_acted = torch.where(gates == NO_GATE, 1, chosen[:, gates]) == 1
    is_acted = torch.cat((is_acted[:, :size], is_acted), 1)
    assert (by_log_prob[~is_acted] == 0).all()
    if modifiers is not None:
        is_fixed = torch.cat((modifiers[:, size : 2 * size], modifiers[:, size:]), 1) == 1
        assert (by_log_prob[is_fixed] == 0).all()
        assert (by_entropy[is_fixed] == 0).all()


def test_empty_modifiers_are_as_good_as_none() -> None:
    layout = ActionLayout.of(ExclusiveDiscreteAction(2))
    rows, chosen = torch.tensor([[0.3, 0.9]]), torch.tensor([[0.0, 1.0]])
    assert torch.equal(log_prob(layout, rows, chosen, torch.zeros(1, 0)), log_prob(layout, rows, chosen))
    assert torch.equal(entropy(layout, rows, torch.zeros(1, 0)), entropy(layout, rows))
