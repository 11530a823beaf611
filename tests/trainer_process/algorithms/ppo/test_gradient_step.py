from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import (
    BoolAction,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    StructAction,
)
from tests.trainer_process.algorithms.ppo.reference_loss import reference_loss
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo import gradient_step
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.gradient_step import take_gradient_steps
from trainer_process.algorithms.ppo.losses import approximate_kl
from trainer_process.algorithms.ppo.minibatch_step import StepOutputs
from trainer_process.algorithms.ppo.objective import Coefficients, make_objective
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.step_replay import StepReplay
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.models import ActionDensity

MIXED = StructAction(
    (
        ("move", ContinuousAction(2)),
        ("turn", ContinuousAction(1, bounding="squash", low=(-1.0,), high=(1.0,))),
        ("weapon", ExclusiveDiscreteAction(3)),
        ("jump", BoolAction()),
    )
)
COEFFICIENTS = Coefficients(learning_rate=3e-3, clip_range=0.2, entropy_coefficient=0.01)


def behavior(action: object = MIXED, **policy: object) -> BehaviorSpec:
    settings = {"hidden_sizes": (16, 16), "initial_action_scale": 1.0, **policy}
    return BehaviorSpec.create(
        "Walker", ContinuousObservation(3), action, PolicySettings(**settings), CriticSettings(hidden_sizes=(16, 12))
    )


WALKER = behavior()


def density_of(spec: BehaviorSpec) -> ActionDensity:
    return ActionDensity(spec.action_layout, torch.device("cpu"))


def example_data(spec: BehaviorSpec = WALKER, steps: int = 150) -> TrainingData:
    generator = torch.Generator().manual_seed(3)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    layout = spec.action_layout
    actions = [noise(steps, layout.continuous_size)]
    for size in layout.exclusive_sizes:
        actions.append(torch.nn.functional.one_hot(torch.randint(size, (steps,), generator=generator), size).float())
    actions.append(torch.randint(2, (steps, layout.inclusive_size), generator=generator).float())
    return TrainingData(
        observations=noise(steps, 3),
        actions=torch.cat(actions, 1),
        old_log_probs=noise(steps) * 0.5 - 2.0,
        advantages=noise(steps) * 3 + 1,
        returns=noise(steps),
        old_values=noise(steps),
        behavior_weights=torch.rand(steps, generator=generator) + 0.5,
    )


def learn(
    settings: PPOSettings,
    spec: BehaviorSpec = WALKER,
    report_progress: Callable[[], None] = lambda: None,
) -> tuple[ActorCritic, dict[str, float]]:
    networks = ActorCritic(spec, settings)
    objective = make_objective(density_of(spec), settings, COEFFICIENTS)
    steps, generator = StepReplay(networks, settings), np.random.default_rng(7)
    metrics = take_gradient_steps(example_data(spec), steps, objective, settings, generator, report_progress)
    return networks, metrics


def reference_learn(settings: PPOSettings, spec: BehaviorSpec) -> ActorCritic:
    """The same update as one would write it down: autograd, torch's own clipping and Adam."""
    networks, data, generator = ActorCritic(spec, settings), example_data(spec), np.random.default_rng(7)
    objective = make_objective(density_of(spec), settings, COEFFICIENTS)
    weights = [networks.policy.flat, networks.critic.flat]
    optimizer = torch.optim.AdamW(
        weights, lr=COEFFICIENTS.learning_rate, eps=settings.adam_epsilon, weight_decay=settings.weight_decay
    )
    for epoch in range(settings.epochs):
        order = torch.from_numpy(generator.permutation(data.step_count))
        shuffled = data.taken(order)
        if epoch == 0 and (settings.synchronous or settings.decoupled_objective):
            shuffled = reference_proximal(shuffled, networks, objective.density, settings)
            data = shuffled.taken(torch.argsort(order))
        advantages = objective.prepared_advantages(shuffled, settings.minibatch_size)
        for minibatch in replace(shuffled, advantages=advantages).minibatches(settings.minibatch_size):
            distribution = networks.distribution_of(minibatch.observations)
            values = networks.values_of(minibatch.observations)
            loss = reference_loss(spec.action_layout, settings, COEFFICIENTS, distribution, values, minibatch)
            networks.policy.zero_grad()
            networks.critic.zero_grad()
            loss.backward()
            if settings.max_grad_norm is not None:
                torch.nn.utils.clip_grad_norm_(weights, settings.max_grad_norm)
            optimizer.step()
    return networks


def reference_proximal(
    data: TrainingData, networks: ActorCritic, density: ActionDensity, settings: PPOSettings
) -> TrainingData:
    with torch.no_grad():
        distribution = networks.distribution_of(data.observations)
        log_probs = density.evaluate(distribution, data.actions, torch.empty_like(distribution))
    weights = torch.exp(log_probs - data.old_log_probs).clamp(max=settings.max_behavior_weight)
    if not settings.decoupled_objective:
        weights = data.behavior_weights
    return replace(data, old_log_probs=log_probs, behavior_weights=weights)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"minibatch_size": 1000},
        {"minibatch_size": 64, "max_grad_norm": None},
        {"value_clip_range": 0.3, "weight_decay": 0.1},
        {"synchronous": True, "normalize_advantages": False},
        {"decoupled_objective": True},
        {"objective": "unreal", "unreal": {"action_entropy_weight": 0.1}},
    ],
)
def test_an_update_gives_the_weights_of_the_plain_one_written_with_autograd(changes):
    settings = PPOSettings.validated({"minibatch_size": 40, "epochs": 3, **changes})
    networks, _ = learn(settings)
    expected = reference_learn(settings, WALKER)
    torch.testing.assert_close(networks.weights.values, expected.weights.values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "spec",
    [
        behavior(ContinuousAction(2), state_dependent_log_std=True),
        behavior(ContinuousAction(2), activation="elu", log_std_max=-0.5, initial_log_std=-0.5),
        behavior(ExclusiveDiscreteAction(4), activation="relu"),
        behavior(hidden_sizes=(), state_dependent_log_std=True),
        behavior(normalize_observations=False),
    ],
    ids=["state-dependent deviation", "clamped deviation, elu", "choice, relu", "no hidden layer", "no normaliser"],
)
def test_so_it_does_for_every_form_of_policy(spec):
    settings = PPOSettings(minibatch_size=40, epochs=2)
    networks, _ = learn(settings, spec)
    expected = reference_learn(settings, spec)
    torch.testing.assert_close(networks.weights.values, expected.weights.values, rtol=1e-4, atol=1e-5)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """The log-ratios of every minibatch of what follows."""
    collected: list[torch.Tensor] = []

    class Recorder(gradient_step.UpdateRecord):
        def add(self, outputs: StepOutputs) -> None:
            collected.append(outputs.log_ratios.clone())
            super().add(outputs)

    monkeypatch.setattr(gradient_step, "UpdateRecord", Recorder)
    return collected


@pytest.mark.parametrize("minibatch_size", [1, 7, 64, 150, 1000])
def test_ratios_of_the_first_epoch_start_at_exactly_1_in_synchronous_mode(minibatch_size, seen):
    learn(PPOSettings(minibatch_size=minibatch_size, epochs=2, synchronous=True))
    assert torch.equal(torch.exp(seen[0]), torch.ones_like(seen[0]))
    assert not torch.equal(seen[-1], torch.zeros_like(seen[-1]))


def test_asynchronous_ratios_are_taken_against_the_behaviour(seen):
    settings, data = PPOSettings(minibatch_size=150, epochs=1), example_data()
    learn(settings)
    distribution = ActorCritic(WALKER, settings).distribution_of(data.observations).detach()
    log_probs = density_of(WALKER).evaluate(distribution, data.actions, torch.empty_like(distribution))
    order = torch.from_numpy(np.random.default_rng(7).permutation(150))
    torch.testing.assert_close(seen[0], (log_probs - data.old_log_probs)[order], rtol=1e-4, atol=1e-4)


def test_metrics_are_of_the_minibatches_before_each_step(seen):
    settings = PPOSettings(minibatch_size=40, epochs=2)
    _, metrics = learn(settings)
    of_last_epoch = torch.cat(seen[4:])
    assert metrics["approximate_kl"] == pytest.approx(float(approximate_kl(of_last_epoch)), rel=1e-5)
    fractions = [((torch.exp(torch.cat(part)) - 1).abs() > 0.2).float().mean() for part in (seen[:4], seen[4:])]
    assert metrics["clip_fraction"] == pytest.approx(float(sum(fractions) / 2), rel=1e-5)


@pytest.mark.parametrize("rows", [1, 300, 10_000])
def test_metrics_do_not_depend_on_how_many_rows_are_summed_up_at_a_time(rows, monkeypatch):
    settings = PPOSettings(minibatch_size=40, epochs=5)
    _, expected = learn(settings)
    monkeypatch.setattr(gradient_step, "SUMMARY_ROWS", rows)
    _, metrics = learn(settings)
    assert metrics == pytest.approx(expected, rel=1e-5)


def test_an_update_stops_early_when_the_policy_moved_too_far():
    _, metrics = learn(PPOSettings(minibatch_size=40, epochs=50, target_kl=0.001, synchronous=True))
    assert metrics["epochs"] < 50
    _, unbounded = learn(PPOSettings(minibatch_size=40, epochs=5, synchronous=True))
    assert unbounded["epochs"] == 5


def test_a_target_that_is_never_reached_changes_nothing():
    bounded, _ = learn(PPOSettings(minibatch_size=40, epochs=2, target_kl=1e9))
    unbounded, _ = learn(PPOSettings(minibatch_size=40, epochs=2))
    assert torch.equal(bounded.weights.values, unbounded.weights.values)


def test_the_stop_comes_before_the_step_that_would_follow():
    before = ActorCritic(WALKER, PPOSettings()).weights.values.clone()
    # Against the behaviour the very first minibatch is far beyond the target.
    networks, metrics = learn(PPOSettings(minibatch_size=40, epochs=5, target_kl=1e-9))
    assert torch.equal(networks.weights.values, before)
    assert metrics["epochs"] == 1


def test_every_minibatch_reports_progress():
    reports: list[None] = []
    learn(PPOSettings(minibatch_size=40, epochs=3), report_progress=lambda: reports.append(None))
    assert len(reports) == 3 * 4
