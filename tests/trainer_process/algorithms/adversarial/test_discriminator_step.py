from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from protocol.completion import Completion
from tests.contracts.algorithm_contract import BEHAVIOR
from tests.trainer_process.recorded_episode import recorded_episode
from trainer_process.algorithms.adversarial.discriminator_step import DiscriminatorStep
from trainer_process.algorithms.adversarial.expert_steps import ExpertSteps
from trainer_process.models import FlatAdam
from trainer_process.models.reward_input import RewardInputs, joined_inputs
from trainer_process.models.reward_network import RewardDesign, RewardNetwork
from trainer_process.models.reward_shaping import shaped_reward

HALF = 6


def make_network(potential: tuple[int, ...] | None, *, reads_next: bool = False) -> RewardNetwork:
    design = RewardDesign(BEHAVIOR.observation, BEHAVIOR.action, (8,), potential, reads_next, discount_factor=0.9)
    return RewardNetwork(design, seed=4)


def rows(network: RewardNetwork, seed: int, count: int = HALF) -> RewardInputs:
    steps = ExpertSteps()
    steps.add([recorded_episode(BEHAVIOR, seed, 4, completion=Completion.TERMINATION)])
    drawn = steps.draw(count, np.random.default_rng(seed))
    network.normalizer.count(drawn, drawn)
    return network.inputs(drawn)


def make_step(network: RewardNetwork, example: RewardInputs, learning_rate: float = 1e-2) -> DiscriminatorStep:
    optimizer = FlatAdam(network.weights, learning_rate=learning_rate, epsilon=1e-8, weight_decay=0.0)
    return DiscriminatorStep(network, optimizer, example, HALF, label_smoothing=0.0, entropy_coefficient=0.0)


@pytest.mark.parametrize("reads_next", [False, True])
@pytest.mark.parametrize("potential", [None, (8,)])
def test_the_written_gradient_is_autograds(potential, reads_next):
    network = make_network(potential, reads_next=reads_next)
    expert, policy = rows(network, 1), rows(network, 2)
    log_probs = torch.linspace(-3.0, -0.1, 2 * HALF) if potential else None
    both = joined_inputs([expert, policy])
    assert float(both.continues.min()) == 0.0
    logits = network.base.forward(*network.base_inputs(both))[0].squeeze(1)
    if network.potential is not None and log_probs is not None:
        now, following = (
            network.potential.forward(*network.potential_inputs(both, of_next=of_next))[0].squeeze(1)
            for of_next in (False, True)
        )
        logits = shaped_reward(logits, now, following, both.continues, 0.9) - log_probs
    targets = torch.cat((torch.ones(HALF), torch.zeros(HALF)))
    loss = binary_cross_entropy_with_logits(logits, targets)
    network.weights.gradient.zero_()
    loss.backward()
    by_autograd = network.weights.gradient.clone()
    with torch.no_grad():
        figures = make_step(network, expert).run(expert, policy, log_probs)
    torch.testing.assert_close(network.weights.gradient, by_autograd, rtol=1e-4, atol=1e-6)
    assert figures.loss == pytest.approx(loss.item(), rel=1e-5)


def test_figures_say_which_side_the_discriminator_gets_right():
    network = make_network(None)
    with torch.no_grad():
        network.weights.values.zero_()
        network.base.parameters["reward.bias"].fill_(2.0)
        figures = make_step(network, rows(network, 1)).run(rows(network, 1), rows(network, 2), None)
    assert (figures.accuracy_expert, figures.accuracy_generator) == (1.0, 0.0)
    assert figures.loss == pytest.approx(0.5 * (np.log1p(np.exp(-2.0)) + np.log1p(np.exp(2.0))))


@pytest.mark.parametrize("potential", [None, (8,)])
def test_it_learns_to_tell_two_sides_apart(potential):
    network = make_network(potential)
    expert, policy = rows(network, 1), rows(network, 2)
    log_probs = torch.full((2 * HALF,), -1.0) if potential else None
    step = make_step(network, expert, learning_rate=0.02)
    with torch.no_grad():
        figures = [step.run(expert, policy, log_probs) for _ in range(200)]
    assert figures[-1].loss < 0.2 * figures[0].loss
    assert (figures[-1].accuracy_expert, figures[-1].accuracy_generator) == (1.0, 1.0)
    assert bool((network.shaped_rewards(expert).mean() > network.shaped_rewards(policy).mean()).item())
