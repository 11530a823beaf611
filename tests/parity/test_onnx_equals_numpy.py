"""What is exported as ONNX gives what the host's numpy inference gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_sdk.host_program.policy_inference import infer
from host_sdk.inference import NumpyNetwork
from protocol.network_builder import build_policy_spec
from protocol.network_operation import OPERATION_KINDS
from protocol.network_spec import NetworkSpec
from protocol.policy_file import PolicyFile
from protocol.policy_settings import MEMORY_CELLS, MemoryCell, PolicySettings
from protocol.schema import (
    ActionElement,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    ImageObservation,
    ObservationElement,
    StructAction,
    StructObservation,
)
from protocol.weights import WeightsSnapshot
from tests.onnx_runner import run_network
from tests.parity.test_structured_networks import moved_weights, remembering_settings
from tests.random_networks import networks, random_inputs, random_weights
from tests.strategies import actions, observations
from trainer_process.export.agreement import check_agreement
from trainer_process.export.model_options import ModelOptions
from trainer_process.export.network_graph import EMITTERS
from trainer_process.export.onnx_model import make_model

seeds = st.integers(0, 2**32)


def assert_onnx_is_numpy(spec: NetworkSpec, seed: int) -> None:
    generator = np.random.default_rng(seed)
    values = random_weights(spec, generator)
    on_host = NumpyNetwork(spec, max_batch=7)
    on_host.load(values)
    for count in (1, 7):
        inputs = random_inputs(spec, count, generator)
        for received, wanted in zip(run_network(spec, values, *inputs), on_host.run(*inputs), strict=True):
            floor = 1e-5 * max(1.0, float(np.abs(wanted).max()))
            np.testing.assert_allclose(received, wanted, rtol=1e-5, atol=floor)


def assert_policy_agrees(policy: PolicyFile, options: ModelOptions) -> None:
    agreement = check_agreement(make_model(policy, options), policy, options, infer)
    assert agreement.is_close, agreement.describe()
    assert agreement.compared > 0


def policy_of(
    observation: ObservationElement, action: ActionElement, settings: PolicySettings, seed: int
) -> PolicyFile:
    spec = build_policy_spec(observation, action, settings)
    values = moved_weights(spec, np.random.default_rng(seed))
    return PolicyFile("walker", observation, action, settings, WeightsSnapshot(spec.hash, 3, values))


def test_every_operation_has_nodes() -> None:
    assert EMITTERS.keys() == OPERATION_KINDS.keys()


@settings(max_examples=30)
@given(networks(), seeds)
def test_chained_operations_agree(spec: NetworkSpec, seed: int) -> None:
    assert_onnx_is_numpy(spec, seed)


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(observations(has_images=True), actions(), remembering_settings(), seeds, st.booleans(), st.booleans())
def test_policies_of_random_schemas_agree(
    observation: ObservationElement,
    action: ActionElement,
    policy_settings: PolicySettings,
    seed: int,
    has_modifiers: bool,
    is_stochastic: bool,
) -> None:
    policy = policy_of(observation, action, policy_settings, seed)
    assert_policy_agrees(policy, ModelOptions(has_modifiers=has_modifiers, is_stochastic=is_stochastic))


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(observations(has_images=True), actions(), remembering_settings(), seeds)
def test_many_policies_of_random_schemas_agree(
    observation: ObservationElement, action: ActionElement, policy_settings: PolicySettings, seed: int
) -> None:
    assert_policy_agrees(policy_of(observation, action, policy_settings, seed), ModelOptions(is_stochastic=True))


@pytest.mark.parametrize("cell", MEMORY_CELLS)
@pytest.mark.parametrize("names", ["learning-bridge", "ml-agents"])
def test_policies_with_every_memory_cell_agree_under_both_kinds_of_names(cell: MemoryCell, names: str) -> None:
    observation = StructObservation(
        (
            ("speed", ContinuousObservation(3)),
            ("camera", ImageObservation(8, 6, 3, filters=(4,))),
            ("kind", ExclusiveDiscreteObservation(3)),
            ("radar", ImageObservation(5, 5, 1, scale=1.0, filters=(2,))),
        )
    )
    action = StructAction(
        (
            ("steering", ContinuousAction(2, bounding="squash", low=(-3.0, 0.0), high=(1.0, 5.0))),
            ("gear", ExclusiveDiscreteAction(4)),
            ("force", ContinuousAction(1, scale=10.0, bounding="clip", low=(-5.0,), high=(5.0,))),
            ("horn", ExclusiveDiscreteAction(2)),
        )
    )
    policy_settings = PolicySettings(hidden_sizes=(16,), memory_cell=cell, memory_state_size=6)
    options = ModelOptions(names)  # type: ignore[arg-type]
    assert_policy_agrees(policy_of(observation, action, policy_settings, 5), options)
