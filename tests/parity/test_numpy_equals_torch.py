"""The host's numpy networks and distributions give what the trainer's torch ones give."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from host_sdk.inference import ActionDistribution, NumpyNetwork
from protocol.action_layout import ActionLayout
from protocol.initial_weights import initial_weights
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.network_spec import NetworkSpec
from protocol.observation_layout import ObservationLayout
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import ActionElement, ObservationElement
from protocol.vector_array import FloatArray
from protocol.weights import WeightsLayout
from tests.strategies import (
    actions,
    critic_settings,
    modifiers_or_none,
    observations,
    policy_settings,
    random_distribution,
)
from trainer_process.models import SpecNetwork, entropy, log_prob

seeds = st.integers(0, 2**32)


def random_weights(spec: NetworkSpec, generator: np.random.Generator) -> FloatArray:
    """Initial weights moved about, with statistics as a normaliser could hold them."""
    values = initial_weights(spec, 1)
    values += generator.normal(0, 0.1, values.size).astype(np.float32)
    views = WeightsLayout.of(spec).views(values)
    if "normalizer.mean" in views:
        views["normalizer.mean"][...] = generator.normal(0, 5, views["normalizer.mean"].shape)
        views["normalizer.variance"][...] = generator.uniform(1e-4, 20, views["normalizer.variance"].shape)
        views["normalizer.count"][...] = 1000
    return values


def assert_networks_agree(spec: NetworkSpec, seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    values = random_weights(spec, generator)
    observations = generator.normal(0, 5, (count, spec.inputs[0][1])).astype(np.float32)
    on_host = NumpyNetwork(spec, max_batch=count + 2)
    on_host.load(values)
    in_trainer = SpecNetwork(spec, WeightsLayout.of(spec), values)
    (received,) = on_host.run(observations)
    with torch.no_grad():
        (expected,) = in_trainer.forward(torch.from_numpy(observations))
        (split,) = in_trainer.forward_normalized(in_trainer.normalize(torch.from_numpy(observations)))
    # A sum of large terms of both signs can't be more exact than its terms, hence the floor at the largest output.
    floor = 1e-5 * max(1.0, float(expected.abs().max()))
    np.testing.assert_allclose(received, expected.numpy(), rtol=1e-5, atol=floor)
    assert torch.equal(expected, split)


@given(observations(), actions(), policy_settings(), seeds, st.integers(1, 9))
def test_policy_networks_give_the_same_distribution(
    observation: ObservationElement, action: ActionElement, settings: PolicySettings, seed: int, count: int
) -> None:
    assert_networks_agree(build_policy_spec(observation, action, settings), seed, count)


@given(observations(), policy_settings(), critic_settings(), seeds, st.integers(1, 9))
def test_critic_networks_give_the_same_value(
    observation: ObservationElement, policy: PolicySettings, critic: CriticSettings, seed: int, count: int
) -> None:
    assert_networks_agree(build_critic_spec(observation, policy, critic), seed, count)


@given(actions(), seeds, st.integers(1, 9), st.sampled_from([1.0, 1.0, 0.0, 0.3, 3.0]))
def test_distributions_give_the_same_log_probs_and_entropies(
    action: ActionElement, seed: int, count: int, noise_scale: float
) -> None:
    layout = ActionLayout.of(action)
    generator = np.random.default_rng(seed)
    distribution = random_distribution(layout, count, generator)
    on_host = ActionDistribution(layout, max_batch=count)
    sampled = np.full((count, layout.vector_size), np.nan, dtype=np.float32)
    received = np.full(count, np.nan, dtype=np.float32)
    modifiers = modifiers_or_none(layout, count, generator)
    on_host.sample(distribution, generator, noise_scale, sampled, received, modifiers)
    given_distribution = torch.from_numpy(distribution)
    given_modifiers = None if modifiers is None else torch.from_numpy(modifiers)
    expected = log_prob(layout, given_distribution, torch.from_numpy(sampled), given_modifiers).numpy()
    size = layout.continuous_size
    # |z| / σ is how much an error in the last place of a mean moves a log-probability.
    stds = np.exp(distribution[:, size : 2 * size])
    z = np.abs(sampled[:, :size] - distribution[:, :size]) / stds
    bound = 1e-5 * (1 + (z / stds).sum(axis=1)) + 1e-5 * np.abs(expected)
    assert np.all(np.abs(received - expected) <= bound)
    np.testing.assert_allclose(
        on_host.entropy(distribution, modifiers),
        entropy(layout, given_distribution, given_modifiers).numpy(),
        rtol=1e-5,
        atol=1e-5,
    )


@settings(max_examples=30)
@given(observations(), actions(), policy_settings(), seeds)
def test_whole_way_from_observation_to_log_prob_agrees(
    observation: ObservationElement, action: ActionElement, settings: PolicySettings, seed: int
) -> None:
    spec, layout = build_policy_spec(observation, action, settings), ActionLayout.of(action)
    generator = np.random.default_rng(seed)
    values = random_weights(spec, generator)
    seen = generator.normal(0, 2, (5, ObservationLayout.of(observation).size)).astype(np.float32)
    network, on_host = NumpyNetwork(spec, 5), ActionDistribution(layout, 5)
    network.load(values)
    sampled, received = np.zeros((5, layout.vector_size), np.float32), np.zeros(5, np.float32)
    (distribution,) = network.run(seen)
    on_host.sample(distribution, generator, 1.0, sampled, received)
    in_trainer = SpecNetwork(spec, WeightsLayout.of(spec), values)
    with torch.no_grad():
        (expected_distribution,) = in_trainer.forward(torch.from_numpy(seen))
        expected = log_prob(layout, expected_distribution, torch.from_numpy(sampled)).numpy()
    size = layout.continuous_size
    stds = np.exp(distribution[:, size : 2 * size])
    z = np.abs(sampled[:, :size] - distribution[:, :size]) / stds
    magnitude = 1 + np.abs(distribution).max()
    assert np.all(np.abs(received - expected) <= 1e-5 * (1 + (z / stds).sum(axis=1)) * magnitude)
