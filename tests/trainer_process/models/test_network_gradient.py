"""Gradients written out are those of autograd, whatever the network."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from protocol.initial_weights import initial_weights
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.network_spec import NetworkSpec, Operation, ParameterSpec
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import ActionElement, ContinuousAction, ContinuousObservation, ObservationElement
from protocol.weights import WeightsLayout
from tests.random_networks import SETS, NetworkSketch, networks
from tests.strategies import actions, critic_settings, plain_observations, policy_settings
from trainer_process.models import SpecNetwork, network_gradient
from trainer_process.models.network_gradient import AutogradGradient, NetworkGradient, WrittenGradient
from trainer_process.models.written_plan import why_not_written

HIDDEN = (("function", "elu"),)
WEIGHT = ParameterSpec("weight", (4, 4), "orthogonal", 1.0)
BIAS = ParameterSpec("bias", (4,), "constant", 0.1)
ROW = ParameterSpec("row", (4,), "constant", 0.3)
LINEAR = Operation("linear", ("x",), "h", ("weight", "bias"))


def network_of(spec: NetworkSpec, seed: int = 1) -> SpecNetwork:
    values = initial_weights(spec, seed)
    values += np.random.default_rng(seed).normal(0, 0.3, values.size).astype(np.float32)
    network = SpecNetwork(spec, WeightsLayout.of(spec), values)
    if "normalizer.variance" in network.parameters:
        network.parameters["normalizer.variance"].fill_(1.0)
    return network


def chain(*operations: Operation, parameters: tuple[ParameterSpec, ...] = (WEIGHT, BIAS)) -> NetworkSpec:
    """x[4] → the last operation's output."""
    sizes = {"x": 4}
    for operation in operations:
        read = [sizes[name] for name in operation.inputs]
        if operation.kind == "slice":
            read = [operation.attribute("stop") - operation.attribute("start")]
        sizes[operation.output] = sum(read) if operation.kind == "concat" else read[0] if read else 4
    last = operations[-1].output
    return NetworkSpec((("x", 4),), ((last, sizes[last]),), operations, parameters)


def gru_parameters() -> tuple[ParameterSpec, ...]:
    shapes = {"w": (12, 4), "b": (12,), "v": (12, 4), "c": (12,)}
    return tuple(ParameterSpec(name, shape, "constant", 0.1) for name, shape in shapes.items())


def learnt_presence() -> NetworkSpec:
    sketch = NetworkSketch(x=4)
    return sketch.finish(sketch.attention(sketch.add("split", "x", count=2), sketch.linear("x", 2), 1, 2, 1, 1))


def evaluated(gradient: NetworkGradient, network: SpecNetwork, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs and the gradient on random rows and slopes; run twice, since the buffers are used again."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(2):
        for (name, _), rows in zip(network.spec.inputs, gradient.inputs, strict=True):
            numbers = torch.randn(rows.shape, generator=generator)
            rows.copy_(numbers > 0 if name.startswith("presence") else numbers)
        with torch.no_grad():
            gradient.forward()
            gradient.slopes.copy_(torch.randn(gradient.slopes.shape, generator=generator))
            gradient.backward()
    return gradient.outputs.clone(), network.flat_grad.clone()


def assert_written_is_autograd(spec: NetworkSpec, row_count: int = 5, seed: int = 1) -> None:
    network = network_of(spec, seed)
    inputs = [torch.zeros(row_count, size) for _, size in spec.inputs]
    expected_outputs, expected = evaluated(AutogradGradient(network, *inputs), network, seed)
    network.flat_grad.fill_(7.0)
    outputs, received = evaluated(WrittenGradient(network, *inputs), network, seed)
    torch.testing.assert_close(outputs, expected_outputs, rtol=1e-5, atol=1e-5)
    scale = max(1.0, float(expected.abs().max())) if expected.numel() else 1.0
    torch.testing.assert_close(received, expected, rtol=1e-4, atol=1e-5 * scale)


@given(plain_observations(), actions(), policy_settings(), st.integers(0, 2**32), st.integers(1, 9))
def test_written_gradients_of_policies_are_those_of_autograd(
    observation: ObservationElement, action: ActionElement, settings: PolicySettings, seed: int, row_count: int
) -> None:
    assert_written_is_autograd(build_policy_spec(observation, action, settings), row_count, seed)


@given(plain_observations(), policy_settings(), critic_settings(), st.integers(0, 2**32), st.integers(1, 9))
def test_written_gradients_of_critics_are_those_of_autograd(
    observation: ObservationElement, policy: PolicySettings, critic: CriticSettings, seed: int, row_count: int
) -> None:
    assert_written_is_autograd(build_critic_spec(observation, policy, critic), row_count, seed)


@pytest.mark.parametrize("row_count", [1, 5])
@pytest.mark.parametrize(
    "spec",
    [
        chain(LINEAR, Operation("activation", ("h",), "a", (), HIDDEN), Operation("concat", ("a", "h", "a"), "y")),
        chain(LINEAR, Operation("concat", ("h", "h", "x"), "y")),
        chain(
            LINEAR,
            Operation("slice", ("h",), "s", (), (("start", 1), ("stop", 3))),
            Operation("activation", ("s",), "y", (), (("function", "tanh"),)),
        ),
        chain(
            LINEAR,
            Operation("clamp", ("h",), "c", (), (("minimum", -0.5), ("maximum", 0.5))),
            Operation("activation", ("h",), "a", (), (("function", "relu"),)),
            Operation("concat", ("c", "a"), "y"),
        ),
        chain(
            Operation("broadcast", (), "r", ("row",)),
            Operation("activation", ("r",), "a", (), (("function", "tanh"),)),
            Operation("clamp", ("r",), "c", (), (("minimum", 0.0), ("maximum", 1.0))),
            Operation("concat", ("a", "x", "c", "r"), "y"),
            parameters=(ROW,),
        ),
        chain(
            LINEAR,
            Operation("concat", ("h", "x"), "inner"),
            Operation("concat", ("inner", "x"), "y"),
        ),
        chain(
            Operation("concat", ("x",), "copy"),
            Operation("linear", ("copy",), "y", ("weight", "bias")),
            Operation("linear", ("y",), "unread", ("unread.weight", "bias2")),
            parameters=(
                WEIGHT,
                BIAS,
                ParameterSpec("unread.weight", (4, 4), "orthogonal", 1.0),
                ParameterSpec("bias2", (4,), "constant", 0.0),
            ),
        ),
    ],
    ids=["read twice", "concat of one twice", "slice", "clamp beside", "row", "concat in concat", "unread"],
)
def test_registers_that_are_shared_or_read_twice_keep_their_gradient(spec: NetworkSpec, row_count: int) -> None:
    if spec.operations[-1].output == "unread":
        spec = NetworkSpec(spec.inputs, (("y", 4),), spec.operations, spec.parameters)
    assert_written_is_autograd(spec, row_count)


def test_weights_that_do_not_learn_have_no_gradient() -> None:
    fixed = ParameterSpec("weight", (4, 4), "orthogonal", 1.0, trainable=False)
    assert_written_is_autograd(chain(LINEAR, parameters=(fixed, BIAS)))


def test_what_changes_in_the_weights_shows_at_once() -> None:
    network = network_of(chain(LINEAR))
    gradient = network_gradient(network, torch.ones(2, 4))
    with torch.no_grad():
        network.flat.fill_(0.0)
        gradient.forward()
    assert not gradient.outputs.any()


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (chain(LINEAR, Operation("linear", ("h",), "y", ("weight", "bias"))), "share the parameter 'weight'"),
        (chain(Operation("broadcast", (), "y", ("row",)), parameters=(ROW,)), "doesn't depend on its input"),
        (
            chain(Operation("gru", ("x", "x"), "y", ("w", "b", "v", "c")), parameters=gru_parameters()),
            "an operation 'gru'",
        ),
        (
            chain(
                Operation("broadcast", (), "r", ("row",)),
                Operation("gate_sum", ("x", "r", "r", "r", "r"), "y"),
                parameters=(ROW,),
            ),
            "'gate_sum' reads weights alone beside rows",
        ),
        (learnt_presence(), "which elements of a set are present depends on weights"),
    ],
)
def test_other_networks_are_left_to_autograd_with_the_reason(
    spec: NetworkSpec, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    network = network_of(spec)
    with caplog.at_level(logging.INFO):
        assert isinstance(network_gradient(network, torch.zeros(2, 4)), AutogradGradient)
    assert reason in caplog.text
    with pytest.raises(ValueError, match="can't be written out"):
        WrittenGradient(network, torch.zeros(2, 4))


def test_a_network_of_the_builder_is_written_out() -> None:
    network = network_of(build_policy_spec(ContinuousObservation(4), ContinuousAction(2), PolicySettings()))
    assert isinstance(network_gradient(network, torch.zeros(2, 4)), WrittenGradient)


def test_an_unusual_normaliser_is_left_to_autograd() -> None:
    policy = build_policy_spec(ContinuousObservation(4), ContinuousAction(2), PolicySettings(hidden_sizes=()))
    normalize, *others = policy.operations
    first = Operation("concat", ("observation",), "copied")
    moved = Operation("normalize", ("copied",), normalize.output, normalize.parameters, normalize.attributes)
    later = NetworkSpec(policy.inputs, policy.outputs, (first, moved, *others), policy.parameters)
    assert isinstance(network_gradient(network_of(later), torch.zeros(2, 4)), AutogradGradient)


@given(networks(SETS), st.integers(0, 2**32), st.integers(1, 5))
def test_written_gradients_of_chained_operations_are_those_of_autograd(
    spec: NetworkSpec, seed: int, row_count: int
) -> None:
    assume(why_not_written(network_of(spec)) is None)
    assert_written_is_autograd(spec, row_count, seed)


def test_a_network_of_several_inputs_and_outputs_has_the_gradient_by_the_first_output() -> None:
    spec = NetworkSpec(
        inputs=(("x", 4), ("z", 4)),
        outputs=(("y", 4), ("other", 4)),
        operations=(
            LINEAR,
            Operation("gate_sum", ("z", "h", "x", "h", "z"), "y"),
            Operation("linear", ("h",), "other", ("weight2", "bias2")),
        ),
        parameters=(WEIGHT, BIAS, replace(WEIGHT, name="weight2"), replace(BIAS, name="bias2")),
    )
    assert_written_is_autograd(spec)


def test_images_of_bytes_are_left_to_autograd_and_their_gradient_is_that_of_floats() -> None:
    spec = chain(LINEAR)
    network = network_of(spec)
    pixels = torch.arange(8, dtype=torch.uint8).reshape(2, 4)
    gradients: list[torch.Tensor] = []
    for given_pixels in (pixels, pixels.float()):
        gradient = network_gradient(network, given_pixels)
        with torch.no_grad():
            gradient.forward()
            gradient.slopes.fill_(1.0)
            gradient.backward()
        gradients.append(network.flat_grad.clone())
    torch.testing.assert_close(*gradients)
