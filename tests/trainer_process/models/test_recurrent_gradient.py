"""Gradients back through windows of steps, whoever computes them."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from protocol.initial_weights import initial_weights
from protocol.network_builder import build_policy_spec
from protocol.network_spec import NetworkSpec, Operation, ParameterSpec
from protocol.policy_settings import PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation, ExclusiveDiscreteAction, ImageObservation
from protocol.weights import WeightsLayout
from trainer_process.models import SpecNetwork, recurrent_gradient
from trainer_process.models.network_gradient import NetworkGradient, WrittenGradient
from trainer_process.models.recurrent_gradient import RecurrentGradient

CELLS = ("gru", "lstm", "learning_agents")


def network_of(spec: NetworkSpec, seed: int = 1) -> SpecNetwork:
    values = initial_weights(spec, seed)
    values += np.random.default_rng(seed).normal(0, 0.3, values.size).astype(np.float32)
    network = SpecNetwork(spec, WeightsLayout.of(spec), values)
    if "normalizer.variance" in network.parameters:
        network.parameters["normalizer.variance"].fill_(1.0)
    return network


def policy(cell: str, **settings: object) -> SpecNetwork:
    fields = {"hidden_sizes": (5,), "memory_state_size": 3, "initial_action_scale": 1.0, **settings}
    spec = build_policy_spec(ContinuousObservation(4), ContinuousAction(2), PolicySettings(memory_cell=cell, **fields))
    return network_of(spec)


def blank_inputs(network: SpecNetwork, row_count: int) -> list[Tensor]:
    return [torch.zeros(row_count, size) for _, size in network.spec.inputs]


def evaluated(gradient: NetworkGradient, network: SpecNetwork, first: int, seed: int = 3) -> tuple[Tensor, Tensor]:
    """Outputs and the gradient on random rows and slopes; run twice, since the buffers are used again.

    All memories but those of the `first` rows are NaN: nothing may read them.
    """
    generator = torch.Generator().manual_seed(seed)
    for _ in range(2):
        for given_rows in gradient.inputs:
            given_rows.copy_(torch.randn(given_rows.shape, generator=generator))
        gradient.inputs[-1][first:] = torch.nan
        with torch.no_grad():
            gradient.forward()
            gradient.slopes.copy_(torch.randn(gradient.slopes.shape, generator=generator))
            gradient.backward()
    return gradient.outputs.clone(), network.flat_grad.clone()


def by_loop(network: SpecNetwork, window_size: int, inputs: list[Tensor], slopes: Tensor) -> tuple[Tensor, Tensor]:
    """As one would write it down: the whole network, step by step."""
    count = len(inputs[0]) // window_size
    memory, outputs = inputs[-1][:count], []
    for step in range(window_size):
        rows = slice(step * count, (step + 1) * count)
        output, *others = network.forward_normalized(*(each[rows] for each in inputs[:-1]), memory)
        memory = others[-1] if others else output
        outputs.append(output)
    network.zero_grad()
    (torch.cat(outputs) * slopes).sum().backward()
    return torch.cat(outputs).detach(), network.flat_grad.clone()


@pytest.mark.parametrize("cell", CELLS)
def test_autograd_over_windows_is_the_plain_loop(cell: str) -> None:
    network = policy(cell)
    gradient = RecurrentGradient(network, 4, *blank_inputs(network, 12))
    outputs, received = evaluated(gradient, network, 3)
    expected_outputs, expected = by_loop(network, 4, list(gradient.inputs), gradient.slopes)
    torch.testing.assert_close(outputs, expected_outputs, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(received, expected, rtol=1e-4, atol=1e-5)


@given(
    cell=st.sampled_from(CELLS),
    hidden_sizes=st.sampled_from([(), (5,), (4, 6)]),
    units=st.integers(1, 5),
    window_size=st.integers(1, 6),
    count=st.integers(1, 4),
    state_dependent_log_std=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_gradients_written_out_are_those_of_autograd(
    cell: str,
    hidden_sizes: tuple[int, ...],
    units: int,
    window_size: int,
    count: int,
    state_dependent_log_std: bool,
    seed: int,
) -> None:
    network = policy(
        cell, hidden_sizes=hidden_sizes, memory_state_size=units, state_dependent_log_std=state_dependent_log_std
    )
    inputs = blank_inputs(network, window_size * count)
    traced = RecurrentGradient(network, window_size, *inputs)
    expected_outputs, expected = evaluated(traced, network, count, seed)
    network.flat_grad.fill_(7.0)
    written = recurrent_gradient(network, window_size, *inputs)
    assert isinstance(written, WrittenGradient)
    outputs, received = evaluated(written, network, count, seed)
    torch.testing.assert_close(outputs, expected_outputs, rtol=1e-5, atol=1e-5)
    scale = max(1.0, float(expected.abs().max()))
    torch.testing.assert_close(received, expected, rtol=1e-4, atol=1e-5 * scale)


def cell_spec(kind: str, inputs: int, units: int, parameters: dict[str, tuple[int, ...]]) -> NetworkSpec:
    """x → the cell → y, which is the memory too."""
    size = 2 * units if kind == "lstm" else units
    return NetworkSpec(
        (("x", inputs), ("memory", size)),
        (("memory_after", size),),
        (Operation(kind, ("x", "memory"), "memory_after", tuple(parameters)),),
        tuple(ParameterSpec(name, shape, "constant", 0.0) for name, shape in parameters.items()),
    )


@pytest.mark.parametrize("by_autograd", [False, True])
def test_a_gated_recurrent_unit_is_that_of_torch(by_autograd: bool) -> None:
    shapes = {"input_weight": (9, 4), "input_bias": (9,), "hidden_weight": (9, 3), "hidden_bias": (9,)}
    network = network_of(cell_spec("gru", 4, 3, shapes))
    module = torch.nn.GRU(4, 3)
    names = {"weight_ih_l0": "input_weight", "weight_hh_l0": "hidden_weight"}
    names |= {"bias_ih_l0": "input_bias", "bias_hh_l0": "hidden_bias"}
    for theirs, ours in names.items():
        getattr(module, theirs).data.copy_(network.parameters[ours])
    generator = torch.Generator().manual_seed(0)
    x, first, slopes = (torch.randn(*shape, generator=generator) for shape in ((6, 2, 4), (1, 2, 3), (6, 2, 3)))
    expected, _ = module(x, first)
    expected.backward(slopes)
    memory = torch.cat([first[0], torch.full((10, 3), torch.nan)])
    make = RecurrentGradient if by_autograd else recurrent_gradient
    gradient = make(network, 6, x.view(12, 4), memory)
    with torch.no_grad():
        gradient.forward()
        gradient.slopes.copy_(slopes.view(12, 3))
        gradient.backward()
    torch.testing.assert_close(gradient.outputs, expected.view(12, 3), rtol=1e-5, atol=1e-6)
    for theirs, ours in names.items():
        torch.testing.assert_close(network.parameters[ours].grad, getattr(module, theirs).grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("by_autograd", [False, True])
def test_a_long_short_term_memory_is_that_of_torch(by_autograd: bool) -> None:
    network = network_of(cell_spec("lstm", 4, 3, {"input_weight": (12, 4), "hidden_weight": (12, 3), "bias": (12,)}))
    module = torch.nn.LSTM(4, 3)
    names = {"weight_ih_l0": "input_weight", "weight_hh_l0": "hidden_weight", "bias_ih_l0": "bias"}
    for theirs, ours in names.items():
        getattr(module, theirs).data.copy_(network.parameters[ours])
    module.bias_hh_l0.data.zero_()
    generator = torch.Generator().manual_seed(0)
    shapes = ((6, 2, 4), (1, 2, 3), (1, 2, 3), (6, 2, 3))
    x, hidden, cell, slopes = (torch.randn(*shape, generator=generator) for shape in shapes)
    expected, _ = module(x, (hidden, cell))
    expected.backward(slopes)
    memory = torch.cat([torch.cat([hidden[0], cell[0]], 1), torch.full((10, 6), torch.nan)])
    make = RecurrentGradient if by_autograd else recurrent_gradient
    gradient = make(network, 6, x.view(12, 4), memory)
    with torch.no_grad():
        gradient.forward()
        gradient.slopes.copy_(torch.cat([slopes, torch.zeros(6, 2, 3)], 2).view(12, 6))
        gradient.backward()
    torch.testing.assert_close(gradient.outputs[:, :3], expected.view(12, 3), rtol=1e-5, atol=1e-6)
    for theirs, ours in names.items():
        torch.testing.assert_close(network.parameters[ours].grad, getattr(module, theirs).grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_a_step_hears_of_what_came_before_it_in_its_window_and_of_nothing_else(cell: str) -> None:
    network = policy(cell)
    inputs = blank_inputs(network, 6)
    gradient = recurrent_gradient(network, 3, *inputs)

    def outputs() -> Tensor:
        with torch.no_grad():
            gradient.forward()
        return gradient.outputs.clone()

    plain = outputs()
    inputs[0][2] = 1.0  # window 0, step 1
    changed = (outputs() != plain).any(1)
    assert changed.tolist() == [False, False, True, False, True, False]


def test_a_network_that_is_not_one_plain_cell_is_left_to_autograd_with_the_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen = ImageObservation(4, 4, filters=(2,), encoding_size=3)
    settings = PolicySettings(hidden_sizes=(5,), memory_cell="gru", memory_state_size=3)
    structured = network_of(build_policy_spec(seen, ExclusiveDiscreteAction(3), settings))
    with caplog.at_level(logging.INFO):
        gradient = recurrent_gradient(structured, 4, *blank_inputs(structured, 12))
    assert isinstance(gradient, RecurrentGradient)
    assert "convolution" in caplog.text
    evaluated(gradient, structured, 3)


def looped(*operations: Operation, outputs: tuple[tuple[str, int], ...]) -> NetworkSpec:
    """x[3] and memory[3] → …; parameters of a unit of 3 and of 3 numbers."""
    shapes = {"input_weight": (9, 3), "input_bias": (9,), "hidden_weight": (9, 3), "hidden_bias": (9,)}
    return NetworkSpec(
        (("x", 3), ("memory", 3)),
        outputs,
        operations,
        tuple(ParameterSpec(name, shape, "constant", 0.1) for name, shape in shapes.items()),
    )


GATES = ("input_weight", "input_bias", "hidden_weight", "hidden_bias")
TANH = (("function", "tanh"),)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (
            looped(
                Operation("gru", ("x", "memory"), "y", GATES),
                Operation("activation", ("y",), "memory_after", (), TANH),
                outputs=(("y", 3), ("memory_after", 3)),
            ),
            "not what its memory cell yields",
        ),
        (
            looped(
                Operation("gru", ("x", "memory"), "memory_after", GATES),
                Operation("concat", ("memory_after", "memory"), "y"),
                outputs=(("y", 6), ("memory_after", 3)),
            ),
            "other operations than one memory cell",
        ),
        (
            looped(Operation("gru", ("memory", "memory"), "memory_after", GATES), outputs=(("memory_after", 3),)),
            "other operations than one memory cell",
        ),
    ],
)
def test_so_is_one_with_more_between_its_memories(
    spec: NetworkSpec, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    network = network_of(spec)
    with caplog.at_level(logging.INFO):
        gradient = recurrent_gradient(network, 3, *blank_inputs(network, 6))
    assert reason in caplog.text
    generator = torch.Generator().manual_seed(1)
    gradient.inputs[1].copy_(torch.randn(6, 3, generator=generator))
    with torch.no_grad():
        gradient.forward()
        gradient.slopes.copy_(torch.randn(gradient.slopes.shape, generator=generator))
        gradient.backward()
    outputs, received = gradient.outputs.clone(), network.flat_grad.clone()
    expected_outputs, expected = by_loop(network, 3, list(gradient.inputs), gradient.slopes)
    torch.testing.assert_close(outputs, expected_outputs)
    torch.testing.assert_close(received, expected, rtol=1e-4, atol=1e-5)
