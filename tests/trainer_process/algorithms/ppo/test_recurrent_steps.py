"""Gradient steps of a policy with memory, against an update that knows nothing of padding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from protocol.policy_settings import CriticSettings, MemoryCell, PolicySettings
from protocol.schema import (
    ActionElement,
    BoolAction,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ImageObservation,
    ObservationElement,
    SetObservation,
    StructAction,
    StructObservation,
)
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.algorithms.ppo.reference_loss import reference_loss
from tests.trainer_process.experience_builder import make_batch
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo import gradient_step
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.gradient_step import take_gradient_steps
from trainer_process.algorithms.ppo.losses import approximate_kl, clip_fraction
from trainer_process.algorithms.ppo.minibatch_step import StepOutputs
from trainer_process.algorithms.ppo.objective import Coefficients, make_objective
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.step_replay import StepReplay
from trainer_process.algorithms.ppo.target import build_training_data
from trainer_process.algorithms.ppo.training_data import TrainingData, joined
from trainer_process.data.rollout import assemble_rollout
from trainer_process.models import ActionDensity

COEFFICIENTS = Coefficients(learning_rate=3e-3, clip_range=0.2, entropy_coefficient=0.01)
MIXED = StructAction((("move", ContinuousAction(2)), ("weapon", ExclusiveDiscreteAction(3)), ("jump", BoolAction())))
PLAIN = ContinuousObservation(3)
STRUCTURED = StructObservation(
    (
        ("others", SetObservation(ContinuousObservation(2), max_count=2)),
        ("view", ImageObservation(height=4, width=4, filters=(2,), encoding_size=3)),
    )
)
LENGTHS = (11, 3, 1, 8)
"""Of the trajectories: with windows of 4 seven of them, of which five are padded."""


def behavior(
    cell: MemoryCell = "gru", observation: ObservationElement = PLAIN, action: ActionElement = MIXED
) -> BehaviorSpec:
    policy = PolicySettings(hidden_sizes=(6,), initial_action_scale=1.0, memory_cell=cell, memory_state_size=4)
    return BehaviorSpec.create("Walker", observation, action, policy, CriticSettings(hidden_sizes=(6,)))


def density_of(spec: BehaviorSpec) -> ActionDensity:
    return ActionDensity(spec.action_layout, torch.device("cpu"))


def settings_of(**changes: object) -> PPOSettings:
    return PPOSettings.validated({"minibatch_size": 8, "memory_window": 4, "epochs": 3, **changes})


def data_of(spec: BehaviorSpec, settings: PPOSettings, *, has_modifiers: bool = False) -> TrainingData:
    segments = [
        acted_segment(spec, seed, length, episode=seed, has_modifiers=has_modifiers)
        for seed, length in enumerate(LENGTHS)
    ]
    rollout = assemble_rollout([(0, make_batch(segments))])
    networks, is_trainable = ActorCritic(spec, settings), np.ones(rollout.step_count, np.bool_)
    return build_training_data(rollout, rollout.rewards, is_trainable, networks, density_of(spec), settings)


def learn(
    spec: BehaviorSpec, settings: PPOSettings, data: TrainingData | None = None
) -> tuple[ActorCritic, dict[str, float]]:
    networks = ActorCritic(spec, settings)
    objective = make_objective(density_of(spec), settings, COEFFICIENTS)
    data = data or data_of(spec, settings)
    steps, generator = StepReplay(networks, settings), np.random.default_rng(7)
    return networks, take_gradient_steps(data, steps, objective, settings, generator, lambda: None)


def distributions(networks: ActorCritic, window: TrainingData) -> Tensor:
    """[L, D] of one window without padding, step by step from the memory that was recorded before its first step."""
    pixels = None if window.images is None else window.images[window.image_rows].float()
    memory, found = window.memory[:1], []
    for step in range(window.step_count):
        image = None if pixels is None else pixels[step : step + 1]
        inputs = networks.inputs_of(window.observations[step : step + 1], image, memory)
        distribution, memory = networks.policy.forward_normalized(*inputs)
        found.append(distribution)
    return torch.cat(found)


def values(networks: ActorCritic, rows: TrainingData) -> Tensor:
    pixels = None if rows.images is None else rows.images[rows.image_rows].float()
    return networks.values_of(*networks.inputs_of(rows.observations, pixels, rows.memory))


def reference_learn(spec: BehaviorSpec, settings: PPOSettings, data: TrainingData) -> ActorCritic:
    """The same update over windows of several lengths: autograd, torch's own clipping and Adam."""
    networks, generator, density = ActorCritic(spec, settings), np.random.default_rng(7), density_of(spec)
    objective = make_objective(density, settings, COEFFICIENTS)
    windows = [part.taken(part.valid_rows()) for part in data.minibatches(settings.memory_window)]
    if settings.synchronous or settings.decoupled_objective:
        windows = [with_proximal(window, networks, density, settings) for window in windows]
    weights = [networks.policy.flat, networks.critic.flat]
    optimizer = torch.optim.AdamW(weights, lr=COEFFICIENTS.learning_rate, eps=settings.adam_epsilon, weight_decay=0.0)
    count = data.minibatch_rows(settings.minibatch_size) // settings.memory_window
    for _ in range(settings.epochs):
        order = generator.permutation(len(windows))
        minibatches = [
            [windows[index] for index in order[start : start + count]] for start in range(0, len(order), count)
        ]
        epoch = joined([window for minibatch in minibatches for window in minibatch])
        everywhere = objective.prepared_advantages(replace(epoch, is_valid=None), epoch.step_count)
        for minibatch, of_unreal in zip(minibatches, parts_like(everywhere, minibatches), strict=True):
            rows = replace(joined(minibatch), is_valid=None)
            if settings.objective == "unreal":
                rows = replace(rows, advantages=of_unreal)
            else:
                rows = replace(rows, advantages=objective.prepared_advantages(rows, rows.step_count))
            distribution = torch.cat([distributions(networks, window) for window in minibatch])
            loss = reference_loss(
                spec.action_layout, settings, COEFFICIENTS, distribution, values(networks, rows), rows
            )
            networks.policy.zero_grad()
            networks.critic.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(weights, settings.max_grad_norm)
            optimizer.step()
    return networks


def parts_like(advantages: Tensor, minibatches: list[list[TrainingData]]) -> tuple[Tensor, ...]:
    return torch.split(advantages, [sum(window.step_count for window in minibatch) for minibatch in minibatches])


def with_proximal(
    window: TrainingData, networks: ActorCritic, density: ActionDensity, settings: PPOSettings
) -> TrainingData:
    with torch.no_grad():
        distribution = distributions(networks, window)
        log_probs = density.evaluate(distribution, window.actions, torch.empty_like(distribution), window.modifiers)
    weights = torch.exp(log_probs - window.old_log_probs).clamp(max=settings.max_behavior_weight)
    if not settings.decoupled_objective:
        weights = window.behavior_weights
    return replace(window, old_log_probs=log_probs, behavior_weights=weights)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"minibatch_size": 1000, "value_clip_range": 0.3},
        {"memory_window": 1, "minibatch_size": 5},
        {"memory_window": 20, "minibatch_size": 40},
        {"synchronous": True, "normalize_advantages": False},
        {"decoupled_objective": True},
        {"objective": "unreal", "unreal": {"action_entropy_weight": 0.1}},
    ],
)
@pytest.mark.parametrize("cell", ["gru", "lstm", "learning_agents"])
def test_an_update_gives_the_weights_of_the_plain_one_without_padding(cell: MemoryCell, changes: dict[str, object]):
    spec, settings = behavior(cell), settings_of(**changes)
    data = data_of(spec, settings)
    networks, _ = learn(spec, settings, data)
    expected = reference_learn(spec, settings, data)
    torch.testing.assert_close(networks.weights.values, expected.weights.values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("has_modifiers", [False, True])
def test_so_it_does_for_structured_observations_and_modified_actions(has_modifiers: bool):
    spec, settings = behavior(observation=STRUCTURED), settings_of()
    data = data_of(spec, settings, has_modifiers=has_modifiers)
    networks, _ = learn(spec, settings, data)
    expected = reference_learn(spec, settings, data)
    torch.testing.assert_close(networks.weights.values, expected.weights.values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("is_synchronous", [False, True])
@pytest.mark.parametrize("objective", ["clipped", "unreal"])
def test_what_stands_in_padding_changes_nothing(objective: str, is_synchronous: bool):
    spec = behavior()
    settings = settings_of(objective=objective, synchronous=is_synchronous)
    data = data_of(spec, settings)
    expected, metrics = learn(spec, settings, data)
    is_padding = data.is_valid == 0
    assert is_padding.any()
    noise = {
        name: torch.where(is_padding.view(-1, *[1] * (column.dim() - 1)), torch.full_like(column, -300.0), column)
        for name, column in data.columns.items()
        if name != "is_valid"
    }
    received, others = learn(spec, settings, replace(data, **noise))
    assert torch.equal(received.weights.values, expected.weights.values)
    assert others == metrics


class Recorder(gradient_step.UpdateRecord):
    """Keeps the outputs of every minibatch of what is learnt meanwhile."""

    seen: list[StepOutputs]

    def add(self, outputs: StepOutputs) -> None:
        Recorder.seen.append(StepOutputs(*(column.clone() for column in outputs)))
        super().add(outputs)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[StepOutputs]:
    Recorder.seen = []
    monkeypatch.setattr(gradient_step, "UpdateRecord", Recorder)
    return Recorder.seen


@pytest.mark.parametrize("cell", ["gru", "lstm", "learning_agents"])
@pytest.mark.parametrize("minibatch_size", [1, 8, 12, 1000])
def test_ratios_of_the_first_epoch_start_at_exactly_1_in_synchronous_mode(
    cell: MemoryCell, minibatch_size: int, seen: list[StepOutputs]
):
    spec = behavior(cell)
    learn(spec, settings_of(minibatch_size=minibatch_size, synchronous=True, epochs=2))
    assert torch.equal(torch.exp(seen[0].log_ratios), torch.ones_like(seen[0].log_ratios))
    assert seen[-1].log_ratios.any()


def test_so_they_do_with_structured_observations(seen: list[StepOutputs]):
    spec, settings = behavior(observation=STRUCTURED), settings_of(synchronous=True, epochs=1)
    learn(spec, settings, data_of(spec, settings, has_modifiers=True))
    assert not seen[0].log_ratios.any()


def test_asynchronous_ratios_are_taken_against_the_behaviour(seen: list[StepOutputs]):
    spec, settings = behavior(), settings_of(minibatch_size=1000, epochs=1)
    data = data_of(spec, settings)
    learn(spec, settings, data)
    networks, density = ActorCritic(spec, settings), density_of(spec)
    windows = [part.taken(part.valid_rows()) for part in data.minibatches(4)]
    order = np.random.default_rng(7).permutation(len(windows))
    for place, index in enumerate(order):
        window = windows[index]
        expected = with_proximal(window, networks, density, settings).old_log_probs - window.old_log_probs
        received = seen[0].log_ratios.view(4, len(windows))[: window.step_count, place]
        torch.testing.assert_close(received, expected, rtol=1e-4, atol=1e-4)


def test_metrics_are_of_steps_and_not_of_padding(seen: list[StepOutputs]):
    spec, settings = behavior(), settings_of(minibatch_size=1000, epochs=1)
    data = data_of(spec, settings)
    _, metrics = learn(spec, settings, data)
    order = np.random.default_rng(7).permutation(data.step_count // 4)
    counted = data.is_valid.view(-1, 4)[torch.from_numpy(order)].t().reshape(-1) == 1
    assert int(counted.sum()) == sum(LENGTHS)
    outputs = seen[0]
    log_ratios, returns = outputs.log_ratios[counted], data.returns.view(-1, 4)[order].t().reshape(-1)[counted]
    assert metrics["approximate_kl"] == pytest.approx(float(approximate_kl(log_ratios)), rel=1e-5)
    assert metrics["clip_fraction"] == pytest.approx(float(clip_fraction(log_ratios, 0.2)), rel=1e-5)
    entropies = density_of(spec).entropy(outputs.distribution[counted])
    assert metrics["entropy"] == pytest.approx(float(entropies.mean()), rel=1e-5)
    errors = (outputs.values[counted] - returns) ** 2
    assert metrics["value_loss"] == pytest.approx(float(errors.mean()), rel=1e-5)


def test_the_stop_asks_steps_and_not_padding():
    spec, settings = behavior(), settings_of(synchronous=True, epochs=50, target_kl=0.001)
    _, metrics = learn(spec, settings)
    assert 1 < metrics["epochs"] < 50


@pytest.mark.parametrize("epochs", [1, 3])
@pytest.mark.parametrize("rows", [1, 40, 10_000])
def test_metrics_do_not_depend_on_how_many_rows_are_summed_up_at_a_time(
    rows: int, epochs: int, monkeypatch: pytest.MonkeyPatch
):
    spec, settings = behavior(), settings_of(epochs=epochs)
    _, expected = learn(spec, settings)
    monkeypatch.setattr(gradient_step, "SUMMARY_ROWS", rows)
    _, metrics = learn(spec, settings)
    assert metrics == pytest.approx(expected, rel=1e-5)
