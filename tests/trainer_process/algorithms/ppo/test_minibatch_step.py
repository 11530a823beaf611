from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from protocol.policy_settings import PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation, ExclusiveDiscreteAction, ImageObservation
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.minibatch_step import MinibatchStep
from trainer_process.algorithms.ppo.objective import Coefficients, make_objective
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.models import ActionDensity
from trainer_process.models.network_gradient import AutogradGradient

WALKER = BehaviorSpec.create("Walker", ContinuousObservation(3), ContinuousAction(2), PolicySettings(hidden_sizes=(8,)))
SETTINGS = PPOSettings()
OBJECTIVE = make_objective(
    ActionDensity(WALKER.action_layout, torch.device("cpu")), SETTINGS, Coefficients(1e-3, 0.2, 0.01)
)


def example_data(steps: int = 6) -> TrainingData:
    generator = torch.Generator().manual_seed(3)
    observations, actions = (torch.randn(steps, size, generator=generator) for size in (3, 2))
    names = ("old_log_probs", "advantages", "returns", "old_values", "behavior_weights")
    targets = dict(zip(names, torch.randn(5, steps, generator=generator), strict=True))
    return TrainingData(observations=observations, actions=actions, **targets)


def moved(step: MinibatchStep, networks: ActorCritic) -> torch.Tensor:
    step.read(example_data())
    with torch.no_grad():
        step.evaluate_and_move(OBJECTIVE)
    return networks.weights.values


def test_a_step_by_autograd_is_one_by_written_gradients():
    written, traced = ActorCritic(WALKER, SETTINGS), ActorCritic(WALKER, SETTINGS)
    received = moved(MinibatchStep(written, example_data(), 6, 0.5), written)
    expected = moved(MinibatchStep(traced, example_data(), 6, 0.5, AutogradGradient), traced)
    torch.testing.assert_close(received, expected, rtol=1e-5, atol=1e-6)


def test_images_stay_bytes_until_a_minibatch_reads_them():
    view = ImageObservation(height=4, width=4, filters=(2,), encoding_size=3)
    spec = BehaviorSpec.create("Seer", view, ContinuousAction(2), PolicySettings(hidden_sizes=(4,)))
    networks, images = ActorCritic(spec, SETTINGS), torch.arange(160, dtype=torch.uint8).view(10, 16)
    rows = torch.tensor([7, 0, 7, 3, 9, 1])
    data = replace(example_data(), observations=torch.zeros(6, 0), image_rows=rows, images=images)
    step = MinibatchStep(networks, data, 6, 0.5)
    step.read(data)
    with torch.no_grad():
        step.evaluate(OBJECTIVE)
        expected = networks.values_of(images[rows].float())
    torch.testing.assert_close(step.outputs.values, expected)


@pytest.mark.parametrize("objective", ["clipped", "unreal"])
def test_an_option_that_is_always_masked_moves_no_weight_of_its_own(objective):
    spec = BehaviorSpec.create(
        "Chooser", ContinuousObservation(3), ExclusiveDiscreteAction(3), PolicySettings(hidden_sizes=(8,))
    )
    settings = PPOSettings(objective=objective, entropy_coefficient=0.1)
    networks, generator = ActorCritic(spec, settings), torch.Generator().manual_seed(0)
    weight, bias = (networks.policy.parameters[f"distribution.{name}"] for name in ("weight", "bias"))
    before = weight.detach().clone()
    chosen = torch.randint(2, (6,), generator=generator) * 2
    data = replace(
        example_data(),
        actions=torch.nn.functional.one_hot(chosen, 3).float(),
        old_log_probs=torch.full((6,), -0.7),
        modifiers=torch.tensor([[0.0, 1.0, 0.0]]).repeat(6, 1),
    )
    of_choice = make_objective(
        ActionDensity(spec.action_layout, torch.device("cpu")), settings, Coefficients(1e-2, 0.2, 0.1)
    )
    step = MinibatchStep(networks, data, 6, 0.5)
    step.read(data)
    with torch.no_grad():
        for _ in range(5):
            step.evaluate_and_move(of_choice)
    assert torch.equal(weight[1], before[1])
    assert float(bias.detach()[1]) == 0.0
    assert (weight[[0, 2]] != before[[0, 2]]).all()
