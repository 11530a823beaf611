from __future__ import annotations

import pytest
import torch

from protocol.schema import ContinuousAction, ExclusiveDiscreteAction, StructAction
from protocol.vector_layout import ActionLayout
from trainer_process.algorithms.ppo.closed_form import ActionDensity
from trainer_process.algorithms.ppo.losses import (
    clipped_surrogate_loss,
    clipped_values,
    decoupled_surrogate_loss,
    entropy_loss,
    normalized_advantages,
    value_loss,
)
from trainer_process.algorithms.ppo.objective import Coefficients, make_objective
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.algorithms.ppo.unreal_losses import (
    action_regularization_loss,
    critic_loss,
    log_surrogate_loss,
)
from trainer_process.models import entropy, log_prob

LAYOUT = ActionLayout.of(StructAction((("move", ContinuousAction(2)), ("weapon", ExclusiveDiscreteAction(3)))))
DENSITY = ActionDensity(LAYOUT, torch.device("cpu"))
COEFFICIENTS = Coefficients(learning_rate=1e-3, clip_range=0.2, entropy_coefficient=0.03)


def example(steps: int = 100) -> tuple[torch.Tensor, torch.Tensor, TrainingData]:
    """Outputs of the networks that record gradients, and a minibatch whose ratios are spread around 1."""
    generator = torch.Generator().manual_seed(0)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    distribution = noise(steps, LAYOUT.distribution_size)
    chosen = torch.nn.functional.one_hot(torch.randint(3, (steps,), generator=generator), 3).float()
    actions = torch.cat([noise(steps, 2), chosen], 1)
    log_probs = DENSITY.evaluate(distribution, actions).log_probs
    data = TrainingData(
        observations=noise(steps, 1),
        actions=actions,
        old_log_probs=log_probs + 0.3 * noise(steps),
        advantages=noise(steps),
        returns=noise(steps),
        old_values=noise(steps),
        behavior_weights=torch.rand(steps, generator=generator) * 2,
    )
    return distribution.requires_grad_(), noise(steps).requires_grad_(), data


def reference_loss(
    settings: PPOSettings, distribution: torch.Tensor, values: torch.Tensor, data: TrainingData
) -> torch.Tensor:
    """The whole loss, put together from the loss functions alone."""
    log_probs = log_prob(LAYOUT, distribution, data.actions) - DENSITY.action_terms(data.actions)
    clip_range, size = COEFFICIENTS.clip_range, LAYOUT.vector_size
    if settings.objective == "unreal":
        unreal = settings.unreal
        policy = unreal.action_surrogate_weight * log_surrogate_loss(
            log_probs, data.old_log_probs, data.advantages, clip_range, size
        )
        policy = policy + unreal.action_regularization_weight * action_regularization_loss(distribution, size)
        policy = policy + unreal.action_entropy_weight * entropy_loss(entropy(LAYOUT, distribution)) / size
        return policy + critic_loss(values, data.returns, unreal.return_regularization_weight)
    if settings.decoupled_objective:
        policy = decoupled_surrogate_loss(
            log_probs, data.old_log_probs, data.behavior_weights, data.advantages, clip_range
        )
    else:
        policy = clipped_surrogate_loss(log_probs, data.old_log_probs, data.advantages, clip_range)
    if settings.value_clip_range is not None:
        values = clipped_values(values, data.old_values, settings.value_clip_range)
    bonus = COEFFICIENTS.entropy_coefficient * entropy_loss(entropy(LAYOUT, distribution))
    return policy + bonus + settings.value_coefficient * value_loss(values, data.returns)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"value_clip_range": 0.5, "value_coefficient": 0.8},
        {"decoupled_objective": True},
        {"objective": "unreal", "unreal": {"action_entropy_weight": 0.1, "action_regularization_weight": 0.2}},
        {"objective": "unreal", "unreal": {"action_surrogate_weight": 3.0, "return_regularization_weight": 0.3}},
    ],
)
def test_slopes_are_the_gradient_of_the_loss_functions(changes):
    settings = PPOSettings.validated(changes)
    distribution, values, data = example()
    expected = torch.autograd.grad(reference_loss(settings, distribution, values, data), [distribution, values])
    with torch.no_grad():
        received = make_objective(DENSITY, settings, COEFFICIENTS).slopes(distribution, values, data)
    torch.testing.assert_close(received.distribution, expected[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(received.values, expected[1], rtol=1e-4, atol=1e-6)


def test_advantages_are_normalised_in_each_minibatch_also_in_the_last_small_one():
    objective = make_objective(DENSITY, PPOSettings(), COEFFICIENTS)
    advantages = torch.randn(23, generator=torch.Generator().manual_seed(0))
    expected = torch.cat([normalized_advantages(part) for part in torch.split(advantages, 5)])
    torch.testing.assert_close(objective.prepared_advantages(advantages, 5), expected)


def test_advantages_stay_as_they_are_when_the_settings_say_so():
    objective = make_objective(DENSITY, PPOSettings(normalize_advantages=False), COEFFICIENTS)
    advantages = torch.tensor([1.0, 5.0, 9.0])
    torch.testing.assert_close(objective.prepared_advantages(advantages, 2), advantages)
