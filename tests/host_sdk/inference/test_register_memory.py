"""Registers lie where nothing has to be copied, and nothing is overwritten that is still read."""

from __future__ import annotations

import tracemalloc

import numpy as np

from host_sdk.inference import NumpyNetwork
from host_sdk.inference.register_memory import allocate_registers
from protocol.network_spec import NetworkSpec
from tests.random_networks import NetworkSketch, random_inputs, random_weights, weights_of


def slots(sketch: NetworkSketch) -> str:
    """Four elements of three numbers, cut out of an observation of 20."""
    return sketch.add("split", sketch.add("slice", "x", start=8, stop=20, output="part"), count=4, output="elements")


def test_a_slice_is_a_view_of_what_it_is_cut_from() -> None:
    sketch = NetworkSketch(x=20)
    slots(sketch)
    memory = allocate_registers(sketch.finish(sketch.linear("part", 2)), 5)
    assert memory.views == {"part"}
    assert np.shares_memory(memory.buffers["part"], memory.buffers["x"])
    assert memory.buffers["elements"].shape == (20, 3)


def test_rows_of_a_slice_are_copied_once_to_lie_in_one_piece() -> None:
    sketch = NetworkSketch(x=20)
    spec = sketch.finish(slots(sketch))
    memory = allocate_registers(spec, 5)
    assert not np.shares_memory(memory.buffers["elements"], memory.buffers["x"])
    assert memory.buffers["elements"].flags.c_contiguous
    joined = spec.outputs[0][0]
    assert np.shares_memory(memory.buffers[joined], memory.buffers["elements"])


def test_split_and_join_are_views_of_what_lies_in_one_piece() -> None:
    sketch = NetworkSketch(x=20)
    encoded = sketch.add("activation", sketch.linear("x", 6), function="relu", output="encoded")
    rows = sketch.add("split", encoded, count=3, output="rows")
    spec = sketch.finish(sketch.add("scale", rows, factor=2.0, output="scaled"))
    memory = allocate_registers(spec, 5)
    assert memory.views == {"rows", spec.outputs[0][0]}
    # What is a view is never overwritten: others may read what it is a view of.
    assert not np.shares_memory(memory.buffers["scaled"], memory.buffers["rows"])


def test_what_is_computed_at_loading_is_not_overwritten_by_running() -> None:
    sketch = NetworkSketch(x=1)
    row = sketch.add("broadcast", shapes=((2,),), output="row")
    spec = sketch.finish(sketch.add("scale", sketch.add("concat", "x", row), factor=3.0))
    network = NumpyNetwork(spec, 2)
    network.load(weights_of(spec, **{"row.row": [1, 2]}))
    for _ in range(3):
        assert network.run(np.array([[1], [2]], np.float32))[0].tolist() == [[3, 3, 6], [6, 3, 6]]


def everything() -> NetworkSpec:
    """All operations, with registers of 160 KiB and more for 256 agents."""
    sketch = NetworkSketch(x=160, presence=8, image=12 * 12 * 3, memory=160)
    elements = sketch.add("slot_bias", sketch.add("split", "x", count=8), shapes=((8, 20),), count=8)
    elements = sketch.add("activation", sketch.linear(elements, 30), function="elu")
    pooled = sketch.attention(elements, "presence", heads=4, count=8, key_size=8, value_size=40)
    sizes = {"height": 12, "width": 12, "stride": 1, "padding": 1}
    seen = sketch.add("convolution", "image", shapes=((2, 3, 3, 3), (2,)), **sizes)
    seen = sketch.add("activation", sketch.linear(seen, 160), function="sigmoid")
    gates = sketch.add("concat", *(sketch.add("mean", name) for name in (pooled, seen)))
    mixed = sketch.add("gate_sum", gates, pooled, seen)
    chosen = sketch.add("select", mixed, indices=tuple(range(159, -1, -1)))
    both = sketch.lstm(sketch.gru(chosen, "memory"), "memory")
    remembered = sketch.learning_agents_cell(sketch.add("scale", both, factor=0.5), "memory", 160)
    return sketch.finish(sketch.add("clamp", remembered, minimum=-1.0, maximum=1.0))


def test_a_run_allocates_no_arrays() -> None:
    spec, generator = everything(), np.random.default_rng(1)
    network, inputs = NumpyNetwork(spec, 256), random_inputs(spec, 256, generator)
    network.load(random_weights(spec, generator))
    network.run(*inputs)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        network.run(*inputs)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # numpy works through wider arrays in pieces of 32 KiB for each operand; registers have 160 KiB and more.
    assert peak - before < 110_000
