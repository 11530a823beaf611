from __future__ import annotations

import numpy as np
import pytest
import torch

from protocol.policy_settings import PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation, ExclusiveDiscreteAction, StructAction
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo import gradient_step
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.closed_form import ActionDensity
from trainer_process.algorithms.ppo.gradient_step import clip_joint_norm, take_gradient_steps
from trainer_process.algorithms.ppo.losses import (
    clipped_surrogate_loss,
    entropy_loss,
    normalized_advantages,
    value_loss,
)
from trainer_process.algorithms.ppo.objective import Coefficients, make_objective
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.models import entropy, log_prob

BEHAVIOR = BehaviorSpec.create(
    "Walker",
    ContinuousObservation(3),
    StructAction(
        (
            ("move", ContinuousAction(2)),
            ("turn", ContinuousAction(1, bounding="squash", low=(-1.0,), high=(1.0,))),
            ("weapon", ExclusiveDiscreteAction(3)),
        )
    ),
    PolicySettings(hidden_sizes=(16, 16), initial_action_scale=1.0),
)
DENSITY = ActionDensity(BEHAVIOR.action_layout, torch.device("cpu"))
COEFFICIENTS = Coefficients(learning_rate=3e-3, clip_range=0.2, entropy_coefficient=0.01)


def example_data(steps: int = 150) -> TrainingData:
    generator = torch.Generator().manual_seed(3)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    choices = torch.nn.functional.one_hot(torch.randint(3, (steps,), generator=generator), 3).float()
    return TrainingData(
        observations=noise(steps, 3),
        actions=torch.cat([noise(steps, 3), choices], 1),
        old_log_probs=noise(steps) * 0.5 - 2.0,
        advantages=noise(steps) * 3 + 1,
        returns=noise(steps),
        old_values=noise(steps),
        behavior_weights=torch.ones(steps),
    )


def learn(settings: PPOSettings, seen: list[torch.Tensor] | None = None) -> tuple[ActorCritic, dict[str, float]]:
    networks = ActorCritic(BEHAVIOR, settings)
    objective = make_objective(DENSITY, settings, COEFFICIENTS)
    metrics = take_gradient_steps(example_data(), networks, objective, settings, np.random.default_rng(7), lambda: None)
    return networks, metrics


def reference_learn(settings: PPOSettings) -> tuple[torch.Tensor, torch.Tensor]:
    """The same update as one would write it down: autograd, torch's own clipping and Adam."""
    networks, data, generator = ActorCritic(BEHAVIOR, settings), example_data(), np.random.default_rng(7)
    weights = [networks.policy.flat, networks.critic.flat]
    optimizer = torch.optim.Adam(weights, lr=COEFFICIENTS.learning_rate, eps=settings.adam_epsilon)
    for _ in range(settings.epochs):
        for rows in np.split(
            order := generator.permutation(data.step_count),
            range(settings.minibatch_size, len(order), settings.minibatch_size),
        ):
            distribution = networks.distribution_of(data.observations[rows])
            values = networks.values_of(data.observations[rows])
            log_probs = log_prob(BEHAVIOR.action_layout, distribution, data.actions[rows])
            old_log_probs = data.old_log_probs[rows] + DENSITY.action_terms(data.actions[rows])
            advantages = normalized_advantages(data.advantages[rows])
            loss = (
                clipped_surrogate_loss(log_probs, old_log_probs, advantages, COEFFICIENTS.clip_range)
                + COEFFICIENTS.entropy_coefficient * entropy_loss(entropy(BEHAVIOR.action_layout, distribution))
                + settings.value_coefficient * value_loss(values, data.returns[rows])
            )
            networks.policy.zero_grad()
            networks.critic.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, settings.max_grad_norm)
            optimizer.step()
    return networks.policy.flat.detach(), networks.critic.flat.detach()


def test_an_update_gives_the_weights_of_the_plain_one_written_with_autograd():
    settings = PPOSettings(minibatch_size=40, epochs=3)
    networks, _ = learn(settings)
    policy, critic = reference_learn(settings)
    torch.testing.assert_close(networks.policy.flat.detach(), policy, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(networks.critic.flat.detach(), critic, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("minibatch_size", [1, 7, 64, 150, 1000])
def test_ratios_of_the_first_minibatch_are_exactly_1_in_synchronous_mode(minibatch_size, monkeypatch):
    seen: list[torch.Tensor] = []

    class Recorder(gradient_step.EpochRecord):
        def add(self, distribution, values, log_ratios):
            seen.append(log_ratios.clone())
            super().add(distribution, values, log_ratios)

    monkeypatch.setattr(gradient_step, "EpochRecord", Recorder)
    learn(PPOSettings(minibatch_size=minibatch_size, epochs=2, synchronous=True))
    assert torch.equal(torch.exp(seen[0]), torch.ones_like(seen[0]))
    assert not torch.equal(seen[-1], torch.zeros_like(seen[-1]))


def test_asynchronous_ratios_are_taken_against_the_behaviour(monkeypatch):
    seen: list[torch.Tensor] = []

    class Recorder(gradient_step.EpochRecord):
        def add(self, distribution, values, log_ratios):
            seen.append(log_ratios.clone())
            super().add(distribution, values, log_ratios)

    monkeypatch.setattr(gradient_step, "EpochRecord", Recorder)
    settings, data = PPOSettings(minibatch_size=150, epochs=1), example_data()
    learn(settings)
    distribution = ActorCritic(BEHAVIOR, settings).distribution_of(data.observations).detach()
    expected = DENSITY.evaluate(distribution, data.actions).log_probs - data.old_log_probs
    order = torch.from_numpy(np.random.default_rng(7).permutation(150))
    torch.testing.assert_close(seen[0], expected[order], rtol=1e-4, atol=1e-4)


def test_an_update_stops_early_when_the_policy_moved_too_far():
    _, metrics = learn(PPOSettings(minibatch_size=40, epochs=50, target_kl=0.001, synchronous=True))
    assert metrics["epochs"] < 50
    _, unbounded = learn(PPOSettings(minibatch_size=40, epochs=5, synchronous=True))
    assert unbounded["epochs"] == 5


def test_the_stop_comes_before_the_step_that_would_follow():
    before = ActorCritic(BEHAVIOR, PPOSettings()).policy.flat.detach().clone()
    # Against the behaviour the very first minibatch is far beyond the target.
    networks, metrics = learn(PPOSettings(minibatch_size=40, epochs=5, target_kl=1e-9))
    torch.testing.assert_close(networks.policy.flat.detach(), before, rtol=0, atol=0)
    assert metrics["epochs"] == 1


def test_gradients_of_both_networks_are_clipped_by_their_joint_norm():
    first, second = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
    clip_joint_norm([first, second], 0.5)
    torch.testing.assert_close(first, torch.tensor([0.3, 0.0]))
    torch.testing.assert_close(second, torch.tensor([0.4]))


def test_small_gradients_are_left_alone():
    gradient = torch.tensor([0.1, -0.2])
    clip_joint_norm([gradient], 0.5)
    torch.testing.assert_close(gradient, torch.tensor([0.1, -0.2]), rtol=0, atol=0)


def test_every_minibatch_reports_progress():
    settings = PPOSettings(minibatch_size=40, epochs=3)
    reports: list[None] = []
    take_gradient_steps(
        example_data(),
        ActorCritic(BEHAVIOR, settings),
        make_objective(DENSITY, settings, COEFFICIENTS),
        settings,
        np.random.default_rng(7),
        lambda: reports.append(None),
    )
    assert len(reports) == 3 * 4
