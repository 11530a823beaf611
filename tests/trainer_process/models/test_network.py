"""The torch network shares one flat storage with the optimiser and with what is published."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)

from protocol.errors import WeightsError
from protocol.initial_weights import initial_weights
from protocol.network_builder import build_critic_spec, build_policy_spec
from protocol.network_spec import NetworkSpec, Operation
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.schema import BoolAction, ContinuousAction, ContinuousObservation, StructAction
from protocol.weights import WeightsLayout
from trainer_process.models import SpecNetwork

OBSERVATION = ContinuousObservation(4)
ACTION = StructAction((("jump", BoolAction()), ("steer", ContinuousAction(2))))
SETTINGS = PolicySettings(hidden_sizes=(6, 5), initial_action_scale=1.0)
SPEC = build_policy_spec(OBSERVATION, ACTION, SETTINGS)


def make(spec: NetworkSpec = SPEC, seed: int = 1) -> SpecNetwork:
    return SpecNetwork(spec, WeightsLayout.of(spec), initial_weights(spec, seed))


def rows(count: int = 3) -> torch.Tensor:
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(1))


def test_values_come_back_as_they_were_loaded_and_are_copies() -> None:
    network, values = make(), initial_weights(SPEC, 1)
    np.testing.assert_array_equal(network.values(), values)
    network.values()[...] = 0
    network.load(initial_weights(SPEC, 2))
    np.testing.assert_array_equal(network.values(), initial_weights(SPEC, 2))
    values[...] = 0
    np.testing.assert_array_equal(make().values(), initial_weights(SPEC, 1))


def test_loading_weights_of_another_size_is_refused() -> None:
    with pytest.raises(WeightsError, match="weights"):
        make().load(np.zeros(3, np.float32))


def test_flat_gradient_is_that_of_each_parameter() -> None:
    network = make()
    (output,) = network.forward(rows())
    output.square().sum().backward()
    values = torch.from_numpy(initial_weights(SPEC, 1))
    layout = network.layout
    leaves = {
        entry.name: values[entry.offset : entry.offset + entry.size].view(entry.shape).clone().requires_grad_()
        for entry in layout.entries
    }
    hidden = rows().clamp(-10, 10)
    for index in (0, 1):
        prefix = f"policy.hidden.{index}"
        hidden = torch.tanh(F.linear(hidden, leaves[f"{prefix}.weight"], leaves[f"{prefix}.bias"]))
    head = F.linear(hidden, leaves["policy.head.weight"], leaves["policy.head.bias"])
    log_stds = leaves["policy.log_std"].clamp(-5, 2).expand(3, -1)
    expected = torch.cat([head[:, :2], log_stds, head[:, 2:]], dim=1)
    torch.testing.assert_close(output, expected)
    expected.square().sum().backward()
    for entry in layout.entries[:-3]:
        received = network.flat_grad[entry.offset : entry.offset + entry.size].view(entry.shape)
        wanted = leaves[entry.name].grad
        assert wanted is not None
        torch.testing.assert_close(received, wanted)


def test_backward_adds_to_one_gradient_that_stays_the_same_tensor() -> None:
    network = make()
    network.forward(rows())[0].sum().backward()
    once = network.flat_grad.clone()
    network.forward(rows())[0].sum().backward()
    assert network.flat.grad is network.flat_grad
    torch.testing.assert_close(network.flat_grad, 2 * once)
    network.zero_grad()
    assert not network.flat_grad.any()
    assert network.parameters["policy.log_std"].grad is not None


def test_optimiser_on_the_flat_tensor_moves_every_parameter_and_no_statistics() -> None:
    network = make()
    before = network.values()
    optimizer = torch.optim.Adam([network.flat], lr=0.01, fused=True)
    network.forward(rows())[0].square().sum().backward()
    optimizer.step()
    after = network.values()
    split = network.layout.trainable_size
    assert (before[:split] != after[:split]).mean() > 0.9
    np.testing.assert_array_equal(before[split:], after[split:])
    assert network.parameters["policy.head.bias"].detach().abs().max() > 0


def test_statistics_written_by_name_reach_the_network_and_its_values() -> None:
    network = make()
    network.parameters["normalizer.mean"].fill_(2.0)
    network.parameters["normalizer.variance"].fill_(4.0)
    torch.testing.assert_close(network.normalize(torch.full((1, 4), 5.0)), torch.full((1, 4), 1.5))
    assert network.values()[network.layout.trainable_size] == 2
    assert network.state[:4].tolist() == [2] * 4


def test_normalising_first_changes_nothing() -> None:
    network = make()
    network.parameters["normalizer.mean"].fill_(0.5)
    torch.testing.assert_close(network.forward_normalized(network.normalize(rows()))[0], network.forward(rows())[0])


def test_a_network_without_a_normaliser_takes_observations_as_they_are() -> None:
    spec = build_critic_spec(OBSERVATION, PolicySettings(normalize_observations=False), CriticSettings((3,), "relu"))
    network = make(spec)
    assert network.normalize(rows()) is not None
    torch.testing.assert_close(network.forward_normalized(network.normalize(rows()))[0], network.forward(rows())[0])
    assert network.state.numel() == 0


def test_what_two_operations_read_is_not_overwritten_by_one() -> None:
    linear = SPEC.operations[1]
    spec = NetworkSpec(
        inputs=(("normalized", 4),),
        outputs=(("y", 12),),
        operations=(
            linear,
            Operation("activation", (linear.output,), "a", (), (("function", "relu"),)),
            Operation("concat", ("a", linear.output), "y"),
        ),
        parameters=SPEC.parameters[3:5],
    )
    network = make(spec)
    (output,) = network.forward(rows())
    plain = F.linear(rows(), network.parameters[linear.parameters[0]], network.parameters[linear.parameters[1]])
    torch.testing.assert_close(output, torch.cat([plain.relu(), plain], dim=1))
    output.sum().backward()


@pytest.mark.parametrize("activation", ["tanh", "elu", "relu"])
def test_every_activation_lets_gradients_through(activation: str) -> None:
    settings = PolicySettings(hidden_sizes=(6,), activation=activation, state_dependent_log_std=True)  # type: ignore[arg-type]
    network = make(build_policy_spec(OBSERVATION, ACTION, settings))
    network.forward(rows())[0].square().sum().backward()
    assert torch.isfinite(network.flat_grad).all()
    assert network.flat_grad.any()


def test_gradients_reach_the_inputs() -> None:
    given = rows().requires_grad_()
    make().forward(given)[0].sum().backward()
    assert given.grad is not None
    assert given.grad.any()


def test_an_output_of_weights_alone_has_a_row_for_each_input() -> None:
    spec = NetworkSpec(
        inputs=(("x", 4),),
        outputs=(("row", 2),),
        operations=(Operation("broadcast", (), "row", ("policy.log_std",)),),
        parameters=tuple(parameter for parameter in SPEC.parameters if parameter.name == "policy.log_std"),
    )
    assert make(spec).forward(rows(5))[0].shape == (5, 2)
