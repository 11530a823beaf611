"""A window of steps gives what the steps give one after the other, in fewer calls."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from protocol.network_spec import NetworkSpec, Operation, ParameterSpec
from protocol.weights import WeightsLayout
from tests.random_networks import NetworkSketch, random_weights
from trainer_process.models import SpecNetwork, forward_windows

STEPS, WINDOWS, MEMORY = 5, 3, 4


def with_memory(kind: str) -> NetworkSpec:
    """normalize → a set beside a vector → a cell → an output that reads the cell, the vector and a row of weights."""
    sketch = NetworkSketch(observation=9, presence=2, memory=MEMORY)
    names = ("mean", "variance", "count")
    sketch.parameters = [
        ParameterSpec(name, (size,), "constant", 1.0, trainable=False)
        for name, size in zip(names, (9, 9, 1), strict=True)
    ]
    attributes = (("clip", 5.0), ("epsilon", 1e-8), ("normalized", (0, 9)))
    sketch.operations.append(Operation("normalize", ("observation",), "normalized", names, attributes))
    sketch.shapes["normalized"] = sketch.shapes["observation"]
    elements = sketch.add("split", sketch.add("slice", "normalized", start=1, stop=9), count=2)
    pooled = sketch.attention(elements, "presence", heads=1, count=2, key_size=2, value_size=3)
    encoded = sketch.linear(sketch.add("concat", pooled, sketch.add("slice", "normalized", start=0, stop=1)), 5)
    row = sketch.add("broadcast", shapes=((4,),))
    if kind == "learning_agents_cell":
        both = sketch.learning_agents_cell(encoded, "memory", 3)
        state = sketch.add("slice", both, start=0, stop=3)
        sketch.add("slice", both, start=3, stop=7, output="memory_after")
    else:
        getattr(sketch, kind)(sketch.add("concat", encoded, row), "memory", output="memory_after")
        state = sketch.add("slice", "memory_after", start=0, stop=2)
    y = sketch.linear(sketch.add("concat", state, row, encoded, "memory"), 2)
    return sketch.finish(y, "memory_after")


def make(spec: NetworkSpec) -> SpecNetwork:
    return SpecNetwork(spec, WeightsLayout.of(spec), random_weights(spec, np.random.default_rng(1)))


def some_inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    observations = torch.randn(STEPS * WINDOWS, 9, generator=generator)
    presence = (torch.rand(STEPS * WINDOWS, 2, generator=generator) < 0.6).float()
    return observations, presence, torch.randn(WINDOWS, MEMORY, generator=generator)


@pytest.mark.parametrize("kind", ["gru", "lstm", "learning_agents_cell"])
def test_windows_are_their_steps_one_by_one_with_the_same_gradient(kind: str) -> None:
    network = make(with_memory(kind))
    observations, presence, memory = some_inputs()
    normalized = network.normalize(observations)
    y, after = forward_windows(network, STEPS, normalized, presence, memory)
    (y.square().sum() + after.sum()).backward()
    received = network.flat_grad.clone()
    network.zero_grad()
    expected = []
    for step in range(STEPS):
        rows = slice(step * WINDOWS, (step + 1) * WINDOWS)
        expected.append(network.forward(observations[rows], presence[rows], memory))
        memory = expected[-1][1]
    expected_y, expected_after = (torch.cat(outputs) for outputs in zip(*expected, strict=True))
    torch.testing.assert_close(y, expected_y, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(after, expected_after, rtol=1e-5, atol=1e-5)
    (expected_y.square().sum() + expected_after.sum()).backward()
    torch.testing.assert_close(received, network.flat_grad, rtol=1e-4, atol=1e-4)
    assert received.any()


def test_only_what_leads_from_memory_to_memory_is_done_step_by_step() -> None:
    parts = make(with_memory("gru")).memory_parts
    assert [operation.output for operation in parts.recurrent] == ["memory_after"]
    assert {operation.output for operation in parts.before} >= {"attention_pool.3", "linear.6", "broadcast.7"}
    assert parts.after_reads == ("memory", "memory_after")
    assert len(parts.recurrent_reads) == 1


def test_the_part_that_is_recurrent_may_have_several_operations() -> None:
    parts = make(with_memory("learning_agents_cell")).memory_parts
    assert [operation.output for operation in parts.recurrent] == ["learning_agents_cell.8", "memory_after"]
    assert parts.after_reads == ("learning_agents_cell.8", "memory", "memory_after")


def test_a_network_that_only_reads_the_memory_has_nothing_recurrent() -> None:
    sketch = NetworkSketch(observation=2, memory=3)
    hidden = sketch.linear("observation", 2)
    parts = make(sketch.finish(sketch.linear(sketch.add("concat", hidden, "memory"), 1))).memory_parts
    assert [operation.output for operation in parts.before] == [hidden]
    assert parts.recurrent == ()
    assert len(parts.after) == 2


def test_a_network_without_memory_is_all_before() -> None:
    sketch = NetworkSketch(observation=2)
    parts = make(sketch.finish(sketch.linear("observation", 2))).memory_parts
    assert (len(parts.before), parts.recurrent, parts.after) == (1, (), ())
