from __future__ import annotations

import pytest
import torch

from protocol.policy_settings import PolicySettings
from protocol.recording import EpisodeSizes, flatten_episodes
from protocol.schema import (
    ActionElement,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    FloatAction,
    StructAction,
)
from tests.trainer_process.shown_episodes import shown_episodes
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.bc.cloned_policy import ClonedPolicy
from trainer_process.algorithms.bc.cloning_step import CloningStep
from trainer_process.algorithms.bc.evaluation import starting_memories
from trainer_process.algorithms.bc.losses import cloning_loss
from trainer_process.algorithms.bc.settings import CloningSettings
from trainer_process.algorithms.bc.shown_steps import ShownSteps, show_steps
from trainer_process.algorithms.ppo.unreal_losses import action_regularization_loss
from trainer_process.data.step_rows import StepRows
from trainer_process.models import ActionDensity, entropy, forward_windows, log_prob
from trainer_process.models.network_gradient import AutogradGradient

ACTIONS: dict[str, ActionElement] = {
    "numbers": ContinuousAction(2),
    "squashed": ContinuousAction(2, bounding="squash", low=(-1.0, -1.0), high=(1.0, 1.0)),
    "choice": ExclusiveDiscreteAction(3),
    "union": StructAction(
        (
            ("move", ContinuousAction(2)),
            ("use", ExclusiveUnionAction((("item", ExclusiveDiscreteAction(3)), ("throw", FloatAction())))),
        )
    ),
}
SETTINGS = CloningSettings(entropy_coefficient=0.1, l2_coefficient=0.01)


def behavior_of(action: str, cell: str = "none") -> BehaviorSpec:
    policy = PolicySettings(hidden_sizes=(8,), memory_cell=cell, memory_state_size=4)  # type: ignore[arg-type]
    return BehaviorSpec.create("Cloned", ContinuousObservation(3), ACTIONS[action], policy)


def shown(behavior: BehaviorSpec, policy: ClonedPolicy, lengths: list[int], *, masks: bool = False) -> ShownSteps:
    episodes = shown_episodes(behavior, lengths, has_modifiers=masks)
    flat = flatten_episodes(
        episodes,
        EpisodeSizes(3, behavior.action_layout.vector_size, behavior.action_layout.distribution_size if masks else 0),
    )
    return show_steps(flat, policy, 3)


def stepped(behavior: BehaviorSpec, policy: ClonedPolicy, rows: StepRows, settings: CloningSettings) -> CloningStep:
    density = ActionDensity(behavior.action_layout, torch.device("cpu"))
    step = CloningStep(policy, density, rows, rows.step_count, settings)
    step.read(rows)
    return step


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("action", ACTIONS)
def test_the_gradient_is_that_of_the_loss(action, masks):
    behavior = behavior_of(action)
    policy = ClonedPolicy(behavior, SETTINGS)
    rows = shown(behavior, policy, [5, 4], masks=masks).rows
    step = stepped(behavior, policy, rows, SETTINGS)
    with torch.no_grad():
        step.evaluate_and_move()
    received = policy.weights.gradient.clone()

    other = ClonedPolicy(behavior, SETTINGS)
    layout = behavior.action_layout
    (distribution,) = other.network.forward_normalized(rows.observations)
    loss = cloning_loss(
        log_prob(layout, distribution, rows.actions, rows.modifiers),
        entropy(layout, distribution, rows.modifiers),
        torch.cat([p.reshape(-1) for p in other.network.parameters.values() if p.grad is not None]),
        entropy_coefficient=SETTINGS.entropy_coefficient,
        l2_coefficient=SETTINGS.l2_coefficient,
    )
    other.network.zero_grad()
    loss.backward()
    torch.testing.assert_close(received, other.weights.gradient, rtol=1e-4, atol=1e-6)
    assert received.abs().sum() > 0


@pytest.mark.parametrize("cell", ["gru", "lstm", "learning_agents"])
def test_the_gradient_goes_back_through_windows_and_leaves_padding_out(cell):
    behavior = behavior_of("numbers", cell)
    policy = ClonedPolicy(behavior, SETTINGS)
    steps = shown(behavior, policy, [4, 2])
    windows = steps.rows.step_count // 3
    in_time = torch.arange(steps.rows.step_count).view(windows, 3).t().reshape(-1)
    memory = starting_memories(policy, steps)
    rows = steps.rows._with({**steps.rows.columns, "memory": memory}).taken(in_time)
    step = stepped(behavior, policy, rows, SETTINGS)
    with torch.no_grad():
        step.evaluate_and_move()
    received = policy.weights.gradient.clone()

    other = ClonedPolicy(behavior, SETTINGS)
    assert rows.memory is not None
    distribution = forward_windows(other.network, 3, rows.observations, rows.memory[:windows])[0]
    loss = cloning_loss(
        log_prob(behavior.action_layout, distribution, rows.actions),
        entropy(behavior.action_layout, distribution),
        torch.cat([p.reshape(-1) for p in other.network.parameters.values() if p.grad is not None]),
        entropy_coefficient=SETTINGS.entropy_coefficient,
        l2_coefficient=SETTINGS.l2_coefficient,
        is_valid=rows.is_valid,
    )
    other.network.zero_grad()
    loss.backward()
    assert rows.is_valid is not None
    assert float(rows.is_valid.sum()) == 6
    torch.testing.assert_close(received, other.weights.gradient, rtol=1e-4, atol=1e-6)


def test_the_l2_term_draws_every_weight_towards_zero_by_its_own_size():
    behavior = behavior_of("numbers")
    plain, drawn = CloningSettings(), CloningSettings(l2_coefficient=0.5)
    gradients = []
    for settings in (plain, drawn):
        policy = ClonedPolicy(behavior, settings)
        before = policy.weights.values.clone()
        step = stepped(behavior, policy, shown(behavior, policy, [5]).rows, settings)
        with torch.no_grad():
            step.evaluate_and_move()
        gradients.append(policy.weights.gradient.clone())
    torch.testing.assert_close(gradients[1] - gradients[0], 0.5 * before, rtol=1e-4, atol=1e-6)


def test_the_regularization_is_unreals():
    behavior = behavior_of("choice")
    settings = CloningSettings(action_regularization_weight=0.3)
    policy = ClonedPolicy(behavior, settings)
    rows = shown(behavior, policy, [6]).rows
    step = stepped(behavior, policy, rows, settings)
    with torch.no_grad():
        step.evaluate_and_move()
    received = policy.weights.gradient.clone()
    other = ClonedPolicy(behavior, settings)
    (distribution,) = other.network.forward_normalized(rows.observations)
    surprise = -log_prob(behavior.action_layout, distribution, rows.actions).mean()
    other.network.zero_grad()
    (surprise + 0.3 * action_regularization_loss(distribution, 3)).backward()
    torch.testing.assert_close(received, other.weights.gradient, rtol=1e-4, atol=1e-6)


def test_a_step_by_autograd_is_one_by_written_gradients():
    behavior = behavior_of("numbers")
    moved = []
    for gradient_of in (None, AutogradGradient):
        policy = ClonedPolicy(behavior, SETTINGS)
        rows = shown(behavior, policy, [5]).rows
        density = ActionDensity(behavior.action_layout, torch.device("cpu"))
        chosen = {} if gradient_of is None else {"gradient_of": gradient_of}
        step = CloningStep(policy, density, rows, 5, SETTINGS, **chosen)
        step.read(rows)
        with torch.no_grad():
            step.evaluate_and_move()
        moved.append(policy.weights.values.clone())
    torch.testing.assert_close(*moved)


def test_a_long_gradient_is_shortened():
    behavior = behavior_of("numbers")
    settings = CloningSettings(max_grad_norm=1e-3)
    policy = ClonedPolicy(behavior, settings)
    step = stepped(behavior, policy, shown(behavior, policy, [5]).rows, settings)
    with torch.no_grad():
        step.evaluate_and_move()
    assert float(policy.weights.gradient.norm()) == pytest.approx(1e-3, rel=1e-2)


def test_deviations_stay_above_their_floor_and_can_leave_it_again():
    behavior = behavior_of("numbers")
    settings = CloningSettings(min_log_std=-1.0, learning_rate=0.05)
    policy = ClonedPolicy(behavior, settings)
    rows = shown(behavior, policy, [5]).rows
    certain = rows._with({**rows.columns, "actions": torch.zeros(5, 2), "observations": torch.zeros(5, 3)})
    step = stepped(behavior, policy, certain, settings)
    log_std = next(value for name, value in policy.network.parameters.items() if "log_std" in name)
    with torch.no_grad():
        for _ in range(60):
            step.evaluate_and_move()
    torch.testing.assert_close(log_std.detach(), torch.full((2,), -1.0))
    step.read(rows._with({**certain.columns, "actions": 3.0 * torch.sign(rows.actions)}))
    with torch.no_grad():
        for _ in range(60):
            step.evaluate_and_move()
    assert (log_std > -0.9).all()
