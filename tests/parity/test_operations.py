"""Every kind of operation gives in numpy what it gives in torch, however operations are chained."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from host_sdk.inference import NumpyNetwork
from protocol.network_operation import OPERATION_KINDS
from protocol.network_spec import NetworkSpec
from protocol.weights import WeightsLayout
from tests.random_networks import NetworkSketch, networks, random_inputs, random_weights
from trainer_process.models import SpecNetwork


def assert_numpy_is_torch(spec: NetworkSpec, seed: int, counts: tuple[int, ...]) -> None:
    generator = np.random.default_rng(seed)
    values = random_weights(spec, generator)
    on_host = NumpyNetwork(spec, max_batch=max(counts) + 1)
    on_host.load(values)
    in_trainer = SpecNetwork(spec, WeightsLayout.of(spec), values)
    for count in counts:
        inputs = random_inputs(spec, count, generator)
        with torch.no_grad():
            expected = in_trainer.forward(*map(torch.from_numpy, inputs))
        for received, wanted in zip(on_host.run(*inputs), expected, strict=True):
            # A sum of large terms of both signs can't be more exact than its terms, hence the floor.
            floor = 1e-5 * max(1.0, float(wanted.abs().max()))
            np.testing.assert_allclose(received, wanted.numpy(), rtol=1e-5, atol=floor)


@given(networks(), st.integers(0, 2**32), st.integers(1, 5))
def test_chained_operations_agree(spec: NetworkSpec, seed: int, count: int) -> None:
    # Twice the same count: what a run leaves in its buffers must not show in the next.
    assert_numpy_is_torch(spec, seed, (count, 6, count))


def set_of_sets() -> NetworkSpec:
    """Three groups of four elements of five numbers, beside a vector."""
    sketch = NetworkSketch(observation=70, presence_inner=12, presence_outer=3)
    elements = sketch.add("split", sketch.add("slice", "observation", start=10, stop=70), count=12)
    encoded = sketch.add("slot_bias", sketch.linear(elements, 6), shapes=((4, 6),), count=4)
    encoded = sketch.add("activation", encoded, function="elu")
    groups = sketch.attention(encoded, sketch.add("split", "presence_inner", count=3), 2, 4, 3, 4)
    pooled = sketch.attention(groups, "presence_outer", 1, 3, 8, 5)
    return sketch.finish(sketch.add("concat", sketch.add("slice", "observation", start=0, stop=10), pooled))


def image_and_memory() -> NetworkSpec:
    """Two convolutions beside a vector, then one of each cell."""
    sketch = NetworkSketch(observation=3, image=12 * 10 * 3, memory=8)
    pixels = sketch.add("scale", "image", factor=1 / 4)
    first = {"height": 12, "width": 10, "stride": 2, "padding": 2}
    image = sketch.add("convolution", pixels, shapes=((4, 5, 5, 3), (4,)), **first)
    image = sketch.add("activation", image, function="relu")
    second = {"height": 6, "width": 5, "stride": 1, "padding": 0}
    image = sketch.add("convolution", image, shapes=((6, 3, 3, 4), (6,)), **second)
    x = sketch.linear(sketch.add("concat", image, "observation"), 7)
    gru = sketch.gru(x, "memory")
    lstm = sketch.lstm(gru, "memory")
    return sketch.finish(sketch.learning_agents_cell(lstm, gru, 5))


@pytest.mark.parametrize("spec", [set_of_sets(), image_and_memory()], ids=["sets", "image and memory"])
def test_networks_of_real_shapes_agree(spec: NetworkSpec) -> None:
    assert_numpy_is_torch(spec, 1, (1, 33, 8))


@pytest.mark.parametrize("spec", [set_of_sets(), image_and_memory()], ids=["sets", "image and memory"])
def test_work_done_in_small_chunks_agrees(spec: NetworkSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("slot_operation", "image_operation"):
        monkeypatch.setattr(f"host_sdk.inference.{module}.CHUNK_FLOATS", 150)
    assert_numpy_is_torch(spec, 2, (1, 7))


def test_bytes_are_taken_as_numbers_on_both_sides() -> None:
    sketch = NetworkSketch(image=8)
    spec = sketch.finish(sketch.linear(sketch.add("scale", "image", factor=1 / 255), 3))
    values = random_weights(spec, np.random.default_rng(1))
    pixels = np.arange(16, dtype=np.uint8).reshape(2, 8) * 15
    on_host = NumpyNetwork(spec, 2)
    on_host.load(values)
    (expected,) = SpecNetwork(spec, WeightsLayout.of(spec), values).forward(torch.from_numpy(pixels))
    np.testing.assert_allclose(on_host.run(pixels)[0], expected.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_the_random_networks_have_every_kind_of_operation() -> None:
    seen: set[str] = {"normalize"}

    @given(networks())
    def look(spec: NetworkSpec) -> None:
        seen.update(operation.kind for operation in spec.operations)

    look()
    assert seen == set(OPERATION_KINDS)
