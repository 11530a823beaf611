"""Both sides, and exported models, give what the operations are said to give.

The numbers are computed by hand, or by torch's own modules.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from host_sdk.inference import NumpyNetwork
from protocol.network_spec import NetworkSpec
from protocol.weights import WeightsLayout
from tests.onnx_runner import run_network
from tests.random_networks import FloatArray, NetworkSketch, random_weights, weights_of
from trainer_process.models import SpecNetwork


def on_both_sides(spec: NetworkSpec, values: FloatArray, *inputs: Any) -> FloatArray:
    """The first output, which numpy, torch and ONNX Runtime agree on."""
    given = [np.asarray(numbers, dtype=np.float32) for numbers in inputs]
    on_host = NumpyNetwork(spec, max_batch=len(given[0]))
    on_host.load(values)
    received = on_host.run(*given)[0].copy()
    with torch.no_grad():
        in_trainer = SpecNetwork(spec, WeightsLayout.of(spec), values).forward(*map(torch.from_numpy, given))[0]
    np.testing.assert_allclose(received, in_trainer.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(received, run_network(spec, values, *given)[0], rtol=1e-5, atol=1e-6)
    return received


def test_split_cuts_rows_that_are_worked_on_each_by_itself() -> None:
    sketch = NetworkSketch(x=6)
    spec = sketch.finish(sketch.add("mean", sketch.add("split", "x", count=3)))
    received = on_both_sides(spec, weights_of(spec), [[1, 2, 3, 4, 5, 6], [0, 0, 1, 0, -2, 0]])
    assert received.tolist() == [[1.5, 3.5, 5.5], [0, 0.5, -1]]


def test_join_puts_rows_that_follow_one_another_side_by_side() -> None:
    sketch = NetworkSketch(x=8)
    rows = sketch.add("scale", sketch.add("split", "x", count=4), factor=0.5)
    spec = sketch.finish(sketch.add("mean", sketch.add("join", rows, count=2)))
    assert on_both_sides(spec, weights_of(spec), [[1, 1, 3, 3, 0, 0, 8, 8]]).tolist() == [[1, 2]]


def test_select_takes_any_order_and_may_repeat() -> None:
    sketch = NetworkSketch(x=3)
    spec = sketch.finish(sketch.add("select", "x", indices=(2, 0, 2)))
    assert on_both_sides(spec, weights_of(spec), [[1, 2, 3], [4, 5, 6]]).tolist() == [[3, 1, 3], [6, 4, 6]]


def test_sigmoid_overflows_nowhere() -> None:
    sketch = NetworkSketch(x=5)
    spec = sketch.finish(sketch.add("activation", "x", function="sigmoid"))
    received = on_both_sides(spec, weights_of(spec), [[-1e30, -1, 0, math.log(3), 1e30]])
    np.testing.assert_allclose(received, [[0, 1 / (1 + math.e), 0.5, 0.75, 1]], rtol=1e-6)


def test_gate_sum_weighs_each_input_by_its_gate() -> None:
    sketch = NetworkSketch(gates=2, a=2, b=2)
    spec = sketch.finish(sketch.add("gate_sum", "gates", "a", "b"))
    received = on_both_sides(spec, weights_of(spec), [[1, 0], [0.5, 2]], [[1, 2], [2, 4]], [[9, 9], [3, -1]])
    assert received.tolist() == [[1, 2], [7, 0]]


def test_slot_bias_is_of_the_place_within_its_set() -> None:
    sketch = NetworkSketch(x=4)
    biased = sketch.add("slot_bias", sketch.add("split", "x", count=4), shapes=((2, 1),), output="b", count=2)
    spec = sketch.finish(biased)
    received = on_both_sides(spec, weights_of(spec, **{"b.bias": [[10], [20]]}), [[1, 2, 3, 4], [0, 0, 0, 0]])
    assert received.tolist() == [[11, 22, 13, 24], [10, 20, 10, 20]]


def attention(count: int, size: int = 1, heads: int = 1, key_size: int = 1, value_size: int = 1) -> NetworkSpec:
    sketch = NetworkSketch(x=count * size, presence=count)
    elements = sketch.add("split", "x", count=count)
    return sketch.finish(sketch.attention(elements, "presence", heads, count, key_size, value_size))


def parameters(**values: Any) -> dict[str, Any]:
    return {f"attention_pool.1.{name}": value for name, value in values.items()}


def test_attention_pools_by_the_product_of_an_elements_query_and_its_own_key() -> None:
    spec = attention(3)
    values = weights_of(spec, **parameters(query_weight=1, key_weight=2, key_bias=-1, value_weight=3, value_bias=1))
    received = on_both_sides(spec, values, [[1, 2, -1]], [[1, 1, 1]])
    # q = x, k = 2x - 1, v = 3x + 1.
    e = [math.exp(1 * 1), math.exp(2 * 3), math.exp(-1 * -3)]
    expected = (4 * e[0] + 7 * e[1] - 2 * e[2]) / (1 + sum(e))
    np.testing.assert_allclose(received, [[expected]], rtol=1e-6)


def test_scores_are_divided_by_the_root_of_the_key_size_and_heads_lie_side_by_side() -> None:
    spec = attention(1, size=1, heads=2, key_size=4, value_size=1)
    query = [[1], [1], [1], [1], [0], [0], [0], [0]]
    values = weights_of(spec, **parameters(query_weight=query, key_weight=query, value_weight=[[1], [10]]))
    received = on_both_sides(spec, values, [[1.0]], [[1]])
    # 4 products of 1 over sqrt(4) in one head, 0 in the other.
    np.testing.assert_allclose(received, [[math.exp(2) / (1 + math.exp(2)), 10 * 0.5]], rtol=1e-6)


def test_absent_elements_weigh_nothing_and_nothing_present_gives_zero() -> None:
    spec = attention(3)
    values = weights_of(
        spec, **parameters(query_weight=1, query_bias=30, key_weight=1, key_bias=30, value_weight=3, value_bias=1)
    )
    received = on_both_sides(spec, values, [[1, 0, 0], [0, 1, 0], [0, 0, 0]], [[1, 0, 0], [0, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(received, [[4], [4], [0]], rtol=1e-6)


@pytest.mark.parametrize("bias", [100, 1e4, 1e14])
def test_extreme_scores_stay_finite(bias: float) -> None:
    spec = attention(2)
    for key_bias in (bias, -bias):
        values = weights_of(spec, **parameters(query_bias=bias, key_bias=key_bias, value_weight=1, value_bias=0))
        received = on_both_sides(spec, values, [[1, 3], [5, 0]], [[1, 1], [1, 0]])
        np.testing.assert_allclose(received, [[2], [5]] if key_bias > 0 else [[0], [0]], rtol=1e-6)


def test_the_order_of_elements_does_not_matter() -> None:
    spec = attention(6, size=4, heads=3, key_size=2, value_size=5)
    generator = np.random.default_rng(1)
    values = random_weights(spec, generator)
    elements = generator.normal(size=(7, 6, 4)).astype(np.float32)
    presence = (generator.random((7, 6)) < 0.7).astype(np.float32)
    order = generator.permutation(6)
    straight = on_both_sides(spec, values, elements.reshape(7, -1), presence)
    shuffled = on_both_sides(spec, values, elements[:, order].reshape(7, -1), presence[:, order])
    np.testing.assert_allclose(shuffled, straight, rtol=1e-5, atol=1e-6)


def test_convolution_by_hand() -> None:
    sketch = NetworkSketch(image=9)
    sizes = {"height": 3, "width": 3, "stride": 2, "padding": 1}
    convolved = sketch.add("convolution", "image", shapes=((2, 2, 2, 1), (2,)), output="c", **sizes)
    filters = [[[[1], [2]], [[3], [4]]], [[[0], [0]], [[0], [1]]]]
    spec = sketch.finish(convolved)
    values = weights_of(spec, **{"c.weight": filters, "c.bias": [0, 100]})
    # A border of zeros around 1 … 9; windows of 2 x 2 begin at rows and columns -1 and 1.
    received = on_both_sides(spec, values, [[1, 2, 3, 4, 5, 6, 7, 8, 9]])
    corner, right = 4 * 1, 3 * 2 + 4 * 3
    below, centre = 2 * 4 + 4 * 7, 1 * 5 + 2 * 6 + 3 * 8 + 4 * 9
    assert received.tolist() == [[corner, 101, right, 103, below, 107, centre, 109]]


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(1, 1, 0), (3, 1, 1), (3, 2, 0), (5, 3, 4), (7, 1, 0)])
def test_convolution_is_torchs(kernel: int, stride: int, padding: int) -> None:
    sketch = NetworkSketch(image=7 * 9 * 3)
    sizes = {"height": 7, "width": 9, "stride": stride, "padding": padding}
    shapes = ((4, kernel, kernel, 3), (4,))
    spec = sketch.finish(sketch.add("convolution", "image", shapes=shapes, output="c", **sizes))
    generator = np.random.default_rng(kernel)
    values = random_weights(spec, generator)
    images = generator.normal(size=(5, 7, 9, 3)).astype(np.float32)
    weight, bias = (torch.from_numpy(view) for view in WeightsLayout.of(spec).views(values).values())
    expected = torch.nn.functional.conv2d(
        torch.from_numpy(images).permute(0, 3, 1, 2), weight.permute(0, 3, 1, 2), bias, stride, padding
    )
    received = on_both_sides(spec, values, images.reshape(5, -1))
    np.testing.assert_allclose(received, expected.permute(0, 2, 3, 1).reshape(5, -1).numpy(), rtol=1e-4, atol=1e-5)


def cell_inputs(size: int, memory_size: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(6, size, generator=generator) * 3, torch.randn(6, memory_size, generator=generator)


def test_gru_is_torchs_cell() -> None:
    sketch = NetworkSketch(x=5, memory=4)
    spec = sketch.finish(sketch.gru("x", "memory"))
    values = random_weights(spec, np.random.default_rng(1)) * 2
    cell = torch.nn.GRUCell(5, 4)
    names = {
        "weight_ih": "input_weight",
        "bias_ih": "input_bias",
        "weight_hh": "hidden_weight",
        "bias_hh": "hidden_bias",
    }
    views = WeightsLayout.of(spec).views(values)
    cell.load_state_dict({theirs: torch.from_numpy(views[f"gru.0.{ours}"]) for theirs, ours in names.items()})
    x, memory = cell_inputs(5, 4)
    received = on_both_sides(spec, values, x.numpy(), memory.numpy())
    np.testing.assert_allclose(received, cell(x, memory).detach().numpy(), rtol=1e-5, atol=1e-6)


def test_lstm_is_torchs_cell() -> None:
    sketch = NetworkSketch(x=5, memory=8)
    spec = sketch.finish(sketch.lstm("x", "memory"))
    values = random_weights(spec, np.random.default_rng(1)) * 2
    cell = torch.nn.LSTMCell(5, 4)
    views = {name: torch.from_numpy(view) for name, view in WeightsLayout.of(spec).views(values).items()}
    cell.load_state_dict(
        {
            "weight_ih": views["lstm.0.input_weight"],
            "weight_hh": views["lstm.0.hidden_weight"],
            "bias_ih": views["lstm.0.bias"],
            "bias_hh": torch.zeros(16),
        }
    )
    x, memory = cell_inputs(5, 8)
    expected = torch.cat(cell(x, (memory[:, :4], memory[:, 4:])), dim=1)
    received = on_both_sides(spec, values, x.numpy(), memory.numpy())
    np.testing.assert_allclose(received, expected.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_learning_agents_cell_remembers_and_lets_pass_as_written() -> None:
    sketch = NetworkSketch(x=3, memory=2)
    spec = sketch.finish(sketch.learning_agents_cell("x", "memory", 4, output="c"))
    values = random_weights(spec, np.random.default_rng(1)) * 2
    weights = {name: view.astype(np.float64) for name, view in WeightsLayout.of(spec).views(values).items()}
    x, memory = (given.numpy() for given in cell_inputs(3, 2))
    gates = np.concatenate([x, memory], axis=1) @ weights["c.gate_weight"].T + weights["c.gate_bias"]
    remember, let_pass = 1 / (1 + np.exp(-gates[:, :2])), 1 / (1 + np.exp(-gates[:, 4:8]))
    after = (1 - remember) * memory + remember * np.tanh(gates[:, 2:4])
    recalled = np.tanh(after @ weights["c.memory_weight"].T + weights["c.memory_bias"])
    output = (1 - let_pass) * recalled + let_pass * np.tanh(gates[:, 8:])
    received = on_both_sides(spec, values, x, memory)
    np.testing.assert_allclose(received, np.concatenate([output, after], axis=1), rtol=1e-5, atol=1e-6)
