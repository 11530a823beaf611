from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from host_sdk.inference import ActionDistribution
from protocol.action_layout import ActionLayout
from protocol.schema import ContinuousAction, ExclusiveDiscreteAction, StructAction
from tests.strategies import random_modifiers
from tests.trainer_process.algorithms.ppo.reference_loss import reference_loss
from trainer_process.algorithms.ppo.losses import normalized_advantages
from trainer_process.algorithms.ppo.objective import Coefficients, make_objective
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.models import ActionDensity, log_prob

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
    log_probs = DENSITY.evaluate(distribution, actions, torch.empty_like(distribution))
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
    loss = reference_loss(LAYOUT, settings, COEFFICIENTS, distribution, values, data)
    expected = torch.autograd.grad(loss, [distribution, values])
    objective = make_objective(DENSITY, settings, COEFFICIENTS)
    of_distribution, of_values = torch.empty_like(distribution), torch.empty_like(values)
    log_ratios = torch.empty_like(values)
    with torch.no_grad():
        objective.policy_slopes(distribution, data, of_distribution, log_ratios)
        objective.value_slopes(values, data, of_values)
    torch.testing.assert_close(of_distribution, expected[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(of_values, expected[1], rtol=1e-4, atol=1e-6)
    log_probs = log_prob(LAYOUT, distribution, data.actions) - DENSITY.action_terms(data.actions)
    torch.testing.assert_close(log_ratios, (log_probs - data.old_log_probs).detach(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("objective", ["clipped", "unreal"])
def test_what_modifiers_fix_has_slopes_of_exactly_0(objective):
    generator = np.random.default_rng(0)
    modifiers = torch.from_numpy(random_modifiers(LAYOUT, 100, generator))
    settings = PPOSettings.validated({"objective": objective, "unreal": {"action_entropy_weight": 0.1}})
    distribution, values, data = example()
    data = replace(data, modifiers=modifiers, actions=acted(distribution, modifiers))
    with torch.no_grad():
        log_probs = DENSITY.evaluate(distribution, data.actions, torch.empty_like(distribution), modifiers)
    data = replace(data, old_log_probs=log_probs + 0.3 * data.old_values)
    loss = reference_loss(LAYOUT, settings, COEFFICIENTS, distribution, values, data)
    (expected,) = torch.autograd.grad(loss, [distribution])
    slopes, log_ratios = torch.empty_like(distribution), torch.empty_like(values)
    with torch.no_grad():
        make_objective(DENSITY, settings, COEFFICIENTS).policy_slopes(distribution, data, slopes, log_ratios)
    torch.testing.assert_close(slopes, expected, rtol=1e-4, atol=1e-6)
    size = LAYOUT.continuous_size
    is_fixed = torch.cat([modifiers[:, size : 2 * size], modifiers[:, size:]], 1) == 1
    assert is_fixed.any()
    assert not slopes[is_fixed].any()
    assert slopes[~is_fixed].any()


def acted(distribution: torch.Tensor, modifiers: torch.Tensor) -> torch.Tensor:
    """Actions that were sampled under modifiers."""
    actions, log_probs = (
        np.zeros((len(modifiers), LAYOUT.vector_size), np.float32),
        np.zeros(len(modifiers), np.float32),
    )
    ActionDistribution(LAYOUT, len(modifiers)).sample(
        distribution.detach().numpy(), np.random.default_rng(1), 1.0, actions, log_probs, modifiers.numpy()
    )
    return torch.from_numpy(actions)


def test_advantages_are_normalised_in_each_minibatch_also_in_the_last_small_one():
    objective = make_objective(DENSITY, PPOSettings(), COEFFICIENTS)
    _, _, data = example(23)
    expected = torch.cat([normalized_advantages(part) for part in torch.split(data.advantages, 5)])
    torch.testing.assert_close(objective.prepared_advantages(data, 5), expected)


def test_advantages_stay_as_they_are_when_the_settings_say_so():
    objective = make_objective(DENSITY, PPOSettings(normalize_advantages=False), COEFFICIENTS)
    _, _, data = example(3)
    torch.testing.assert_close(objective.prepared_advantages(data, 2), data.advantages)


def test_advantages_are_normalised_over_the_whole_update_where_that_is_asked_for():
    settings = PPOSettings(advantage_batch="update")
    _, _, data = example()
    received = make_objective(DENSITY, settings, COEFFICIENTS).prepared_advantages(data, 10)
    expected = (data.advantages - data.advantages.mean()) / data.advantages.std()
    torch.testing.assert_close(received, expected, rtol=1e-5, atol=1e-6)
