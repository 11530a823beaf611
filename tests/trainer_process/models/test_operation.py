"""Operations in torch let right and finite gradients through, to their parameters and to what they read."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from protocol.network_spec import NetworkSpec
from protocol.weights import WeightsLayout
from tests.random_networks import NetworkSketch, networks, random_inputs, random_weights
from trainer_process.models import SpecNetwork
from trainer_process.models.operation import bind_operation


def attention() -> NetworkSketch:
    sketch = NetworkSketch(x=12, presence=3)
    sketch.attention(sketch.add("split", "x", count=3), "presence", heads=2, count=3, key_size=2, value_size=3)
    return sketch


def convolution() -> NetworkSketch:
    sketch = NetworkSketch(x=24)
    sizes = {"height": 3, "width": 4, "stride": 2, "padding": 1}
    sketch.add("convolution", "x", shapes=((3, 2, 2, 2), (3,)), **sizes)
    return sketch


def slot_bias() -> NetworkSketch:
    sketch = NetworkSketch(x=12)
    sketch.add("slot_bias", sketch.add("split", "x", count=4), shapes=((2, 3),), count=2)
    return sketch


def cell(kind: str) -> NetworkSketch:
    sketch = NetworkSketch(x=3, memory=4)
    if kind == "learning_agents_cell":
        sketch.learning_agents_cell("x", "memory", 2)
    else:
        getattr(sketch, kind)("x", "memory")
    return sketch


SKETCHES = [attention(), convolution(), slot_bias(), cell("gru"), cell("lstm"), cell("learning_agents_cell")]


@pytest.mark.parametrize("sketch", SKETCHES, ids=lambda sketch: sketch.operations[-1].kind)
def test_gradients_are_those_of_finite_differences(sketch: NetworkSketch) -> None:
    operation = sketch.operations[-1]
    generator = torch.Generator().manual_seed(1)

    def doubles(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()

    inputs = [doubles(2 * sketch.shapes[name].rows, sketch.shapes[name].size) for name in operation.inputs]
    if operation.kind == "attention_pool":
        inputs[1] = torch.tensor([[1, 0, 1], [0, 0, 0]], dtype=torch.float64)
    parameters = [doubles(*parameter.shape) for parameter in sketch.parameters]

    def run(*given: torch.Tensor) -> torch.Tensor:
        count = len(operation.inputs)
        return bind_operation(operation, given[count:], in_place=False).run(list(given[:count]))

    assert torch.autograd.gradcheck(run, (*inputs, *parameters))


@given(networks(), st.integers(0, 2**32))
def test_gradients_of_any_network_are_finite(spec: NetworkSpec, seed: int) -> None:
    generator = np.random.default_rng(seed)
    network = SpecNetwork(spec, WeightsLayout.of(spec), random_weights(spec, generator))
    inputs = [torch.from_numpy(given).requires_grad_() for given in random_inputs(spec, 3, generator)]
    torch.stack([output.square().sum() for output in network.forward(*inputs)]).sum().backward()
    assert torch.isfinite(network.flat_grad).all()
    assert all(torch.isfinite(given.grad).all() for given in inputs if given.grad is not None)


@pytest.mark.parametrize("bias", [1e4, -1e4])
def test_gradients_through_extreme_scores_and_empty_sets_are_finite(bias: float) -> None:
    spec = attention().finish("attention_pool.1")
    network = SpecNetwork(spec, WeightsLayout.of(spec), random_weights(spec, np.random.default_rng(1)))
    with torch.no_grad():
        network.parameters["attention_pool.1.query_bias"].fill_(1e4)
        network.parameters["attention_pool.1.key_bias"].fill_(bias)
    presence = torch.tensor([[1.0, 1, 1], [0, 1, 0], [0, 0, 0]])
    network.forward(torch.ones(3, 12), presence)[0].sum().backward()
    assert torch.isfinite(network.flat_grad).all()


def test_an_absent_elements_gradient_is_zero() -> None:
    spec = attention().finish("attention_pool.1")
    network = SpecNetwork(spec, WeightsLayout.of(spec), random_weights(spec, np.random.default_rng(1)))
    elements = torch.ones(1, 12).requires_grad_()
    network.forward(elements, torch.tensor([[1.0, 0, 1]]))[0].sum().backward()
    assert elements.grad is not None
    assert [bool(part.any()) for part in elements.grad[0].split(4)] == [True, False, True]
