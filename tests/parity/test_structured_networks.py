"""Networks of nested schemas give the same on both sides, and gradients that are finite."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from host_sdk.inference import NumpyNetwork
from protocol.initial_weights import initial_weights
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.network_spec import NetworkSpec
from protocol.policy_settings import MEMORY_CELLS, PolicySettings
from protocol.schema import ActionElement, ObservationElement
from protocol.vector_array import FloatArray
from protocol.weights import WeightsLayout
from tests.observation_vectors import random_observations
from tests.strategies import actions, observations, policy_settings
from trainer_process.models import SpecNetwork

seeds = st.integers(0, 2**32)


def moved_weights(spec: NetworkSpec, generator: np.random.Generator) -> FloatArray:
    """Initial weights moved about, with statistics as a normaliser could hold them."""
    values = initial_weights(spec, 1)
    values += generator.normal(0, 0.1, values.size).astype(np.float32)
    views = WeightsLayout.of(spec).views(values)
    if "normalizer.mean" in views:
        views["normalizer.mean"][...] = generator.normal(0, 5, views["normalizer.mean"].shape)
        views["normalizer.variance"][...] = generator.uniform(1e-2, 20, views["normalizer.variance"].shape)
        views["normalizer.count"][...] = 1000
    return values


def assert_both_sides_agree(
    spec: NetworkSpec, observation: ObservationElement, settings: PolicySettings, seed: int, count: int
) -> None:
    generator = np.random.default_rng(seed)
    values = moved_weights(spec, generator)
    vectors, images = random_observations(observation, count, generator)
    memory = generator.normal(0, 1, (count, settings.memory_size)).astype(np.float32)
    inputs = [given for given in (vectors, images, memory) if given.shape[1]]
    on_host = NumpyNetwork(spec, max_batch=count + 2)
    on_host.load(values)
    received = [output.copy() for output in on_host.run(*inputs)]
    in_trainer = SpecNetwork(spec, WeightsLayout.of(spec), values)
    expected = in_trainer.forward(*map(torch.from_numpy, inputs))
    for ours, theirs in zip(received, expected, strict=True):
        wanted = theirs.detach().numpy()
        # A sum of large terms of both signs can't be more exact than its terms, hence the floor at the largest output.
        np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-5 * max(1.0, float(np.abs(wanted).max())))
    torch.autograd.backward([output.square().sum() for output in expected])
    assert torch.isfinite(in_trainer.flat_grad).all()


@st.composite
def remembering_settings(draw: st.DrawFn) -> PolicySettings:
    """Settings of small policies with or without a memory."""
    return replace(draw(policy_settings()), memory_cell=draw(st.sampled_from(MEMORY_CELLS)), memory_state_size=5)


@given(observations(has_images=True), actions(), remembering_settings(), seeds, st.integers(1, 4))
def test_policies_of_nested_schemas_agree(
    observation: ObservationElement, action: ActionElement, settings: PolicySettings, seed: int, count: int
) -> None:
    assert_both_sides_agree(build_policy_spec(observation, action, settings), observation, settings, seed, count)


@given(observations(has_images=True), remembering_settings(), seeds, st.integers(1, 4))
def test_critics_of_nested_schemas_agree(
    observation: ObservationElement, settings: PolicySettings, seed: int, count: int
) -> None:
    assert_both_sides_agree(build_critic_spec(observation, settings), observation, settings, seed, count)
