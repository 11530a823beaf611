from __future__ import annotations

import numpy as np
import pytest
import torch

from protocol.action_layout import ActionLayout
from protocol.observation_layout import ObservationLayout
from protocol.schema import (
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteObservation,
    StructObservation,
)
from trainer_process.data.transitions import Transitions
from trainer_process.models.reward_input import CLIP, InputNormalizer
from trainer_process.models.reward_network import RewardDesign, RewardNetwork

OBSERVATION = StructObservation((("place", ContinuousObservation(2)), ("kind", ExclusiveDiscreteObservation(2))))
ACTION = ContinuousAction(1)


def transitions(count: int, seed: int = 0) -> Transitions:
    generator = np.random.default_rng(seed)

    def noise(width: int) -> np.ndarray:
        return generator.standard_normal((count, width)).astype(np.float32)

    return Transitions(
        observations=noise(4),
        images=np.zeros((count, 0), np.uint8),
        actions=noise(1),
        action_modifiers=np.zeros((count, 0), np.float32),
        next_observations=noise(4),
        next_images=np.zeros((count, 0), np.uint8),
        is_terminated=np.arange(count) % 3 == 0,
    )


def test_the_base_reward_is_two_layers_of_relu_by_hand():
    network = RewardNetwork(RewardDesign(OBSERVATION, ACTION, (5, 3)), seed=1)
    steps = transitions(7)
    x = np.concatenate((steps.observations, steps.actions), axis=1)
    weights = {name: value.detach().numpy() for name, value in network.base.parameters.items()}
    for layer in ("reward.hidden.0", "reward.hidden.1"):
        x = np.maximum(x @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"], 0.0)
    by_hand = x @ weights["reward.weight"].T + weights["reward.bias"]
    inputs = network.inputs(steps)
    np.testing.assert_allclose(network.base_rewards(inputs).numpy(), by_hand[:, 0], atol=1e-5)
    np.testing.assert_allclose(network.shaped_rewards(inputs).numpy(), by_hand[:, 0], atol=1e-5)


def test_shaping_adds_the_rise_of_the_potential_unless_the_episode_ended():
    network = RewardNetwork(RewardDesign(OBSERVATION, ACTION, (5,), (4,), discount_factor=0.9), seed=1)
    assert network.potential is not None
    steps = transitions(6)
    inputs = network.inputs(steps)
    with torch.no_grad():
        now = network.potential.forward(torch.from_numpy(steps.observations))[0][:, 0]
        following = network.potential.forward(torch.from_numpy(steps.next_observations))[0][:, 0]
    by_hand = network.base_rewards(inputs) + torch.where(torch.from_numpy(steps.is_terminated), 0.0, 0.9 * following)
    torch.testing.assert_close(network.shaped_rewards(inputs), by_hand - now)


def test_a_base_that_reads_what_comes_next_depends_on_it():
    network = RewardNetwork(RewardDesign(OBSERVATION, ACTION, (5,), reads_next=True), seed=1)
    steps, others = transitions(4), transitions(4, seed=1)
    changed = Transitions(**{**vars(steps), "next_observations": others.next_observations})
    assert not torch.equal(network.base_rewards(network.inputs(steps)), network.base_rewards(network.inputs(changed)))


def test_expert_and_policy_weigh_alike_in_the_normaliser_however_many_rows_came():
    normalizer = InputNormalizer(ObservationLayout.of(OBSERVATION), ActionLayout.of(ACTION))
    expert, policy = transitions(10), transitions(90, seed=1)
    expert.observations[:] = 4.0
    policy.observations[:] = 0.0
    normalizer.count(expert, policy)
    assert normalizer.observations.mean.tolist() == [2.0, 2.0, 0.0, 0.0]
    assert normalizer.observations.variance.tolist() == [4.0, 4.0, 1.0, 1.0]


def test_numbers_are_normalised_and_clipped_while_choices_are_passed_on():
    normalizer = InputNormalizer(ObservationLayout.of(OBSERVATION), ActionLayout.of(ACTION))
    steps = transitions(2)
    steps.observations[:] = [[1, 10, 1, 0], [3, 30, 0, 1]]
    normalizer.count(steps, steps)
    read = transitions(1)
    read.observations[:] = [[3, 1e6, 1, 0]]
    inputs = normalizer.inputs(read, torch.device("cpu"))
    assert inputs.observations.tolist() == [[pytest.approx(1.0), CLIP, 1.0, 0.0]]
    assert inputs.continues.tolist() == [0.0]


def test_equal_seeds_give_equal_networks():
    design = RewardDesign(OBSERVATION, ACTION, (5,), (4,))
    first, second, other = RewardNetwork(design, 1), RewardNetwork(design, 1), RewardNetwork(design, 2)
    assert torch.equal(first.weights.values, second.weights.values)
    assert not torch.equal(first.weights.values, other.weights.values)
