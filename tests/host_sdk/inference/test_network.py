"""The numpy network computes what the spec says, in buffers that never grow."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk.inference import NumpyNetwork
from protocol.errors import WeightsError
from protocol.initial_weights import initial_weights
from protocol.network_builder import build_policy_spec
from protocol.network_spec import NetworkSpec, Operation, ParameterSpec
from protocol.policy_settings import PolicySettings
from protocol.schema import (
    BoolAction,
    BoolObservation,
    ContinuousAction,
    ContinuousObservation,
    StructAction,
    StructObservation,
)
from protocol.vector_array import FloatArray
from protocol.weights import WeightsLayout


def one_operation(
    operation: Operation, sizes: tuple[int, int], parameters: tuple[ParameterSpec, ...] = ()
) -> NetworkSpec:
    return NetworkSpec((("x", sizes[0]),), (("y", sizes[1]),), (operation,), parameters)


def run(spec: NetworkSpec, values: list[float], rows: list[list[float]]) -> list[list[float]]:
    network = NumpyNetwork(spec, max_batch=4)
    network.load(np.array(values, dtype=np.float32))
    (output,) = network.run(np.array(rows, dtype=np.float32))
    return output.tolist()


def constant(name: str, *shape: int) -> ParameterSpec:
    return ParameterSpec(name, shape, "constant", 0.0)


def test_linear_is_x_times_weight_transposed_plus_bias() -> None:
    spec = one_operation(Operation("linear", ("x",), "y", ("w", "b")), (2, 3), (constant("w", 3, 2), constant("b", 3)))
    received = run(spec, [1, 0, 0, 1, 1, 1, 10, 20, 30], [[1, 2], [3, 4]])
    assert received == [[11, 22, 33], [13, 24, 37]]


@pytest.mark.parametrize(
    ("function", "expected"),
    [("relu", [0, 0, 2]), ("elu", [np.expm1(-2), 0, 2]), ("tanh", [np.tanh(-2), 0, np.tanh(2)])],
)
def test_activations(function: str, expected: list[float]) -> None:
    spec = one_operation(Operation("activation", ("x",), "y", (), (("function", function),)), (3, 3))
    np.testing.assert_allclose(run(spec, [], [[-2, 0, 2]]), [expected], rtol=1e-6)


def test_normalize_touches_only_its_ranges_and_clips_them() -> None:
    names = ("mean", "variance", "count")
    attributes = (("clip", 1.5), ("epsilon", 1e-8), ("normalized", (0, 1, 2, 4)))
    parameters = (constant("mean", 4), constant("variance", 4), constant("count", 1))
    spec = one_operation(Operation("normalize", ("x",), "y", names, attributes), (4, 4), parameters)
    values = [1.0, 9.0, 0.0, 0.0, 4.0, 9.0, 1.0, 0.25, 3.0]
    np.testing.assert_allclose(run(spec, values, [[3, 50, -7, 0.5]]), [[1, 50, -1.5, 1]], rtol=1e-6)


def test_a_variance_of_zero_stays_finite() -> None:
    spec = build_policy_spec(ContinuousObservation(2), BoolAction(), PolicySettings(hidden_sizes=()))
    values = initial_weights(spec, 1)
    WeightsLayout.of(spec).views(values)["normalizer.variance"][...] = 0
    network = NumpyNetwork(spec, 1)
    network.load(values)
    assert np.isfinite(network.run(np.array([[0.0, 1.0]], np.float32))[0]).all()


def test_slice_clamp_broadcast_and_concat() -> None:
    spec = NetworkSpec(
        inputs=(("x", 3),),
        outputs=(("y", 6), ("tail", 2)),
        operations=(
            Operation("slice", ("x",), "tail", (), (("start", 1), ("stop", 3))),
            Operation("broadcast", (), "row", ("r",)),
            Operation("clamp", ("row",), "bounded", (), (("minimum", -1.0), ("maximum", 1.0))),
            Operation("concat", ("bounded", "tail", "tail"), "y"),
        ),
        parameters=(constant("r", 2),),
    )
    network = NumpyNetwork(spec, 3)
    network.load(np.array([-5, 0.5], np.float32))
    y, tail = network.run(np.array([[1, 2, 3], [4, 5, 6]], np.float32))
    assert y.tolist() == [[-1, 0.5, 2, 3, 2, 3], [-1, 0.5, 5, 6, 5, 6]]
    assert tail.tolist() == [[2, 3], [5, 6]]


def test_an_input_may_be_an_output_and_is_never_overwritten() -> None:
    spec = NetworkSpec(
        inputs=(("x", 2),),
        outputs=(("y", 2), ("x", 2)),
        operations=(Operation("activation", ("x",), "y", (), (("function", "relu"),)),),
        parameters=(),
    )
    network = NumpyNetwork(spec, 1)
    network.load(np.empty(0, np.float32))
    given = np.array([[-1, 2]], np.float32)
    y, x = network.run(given)
    assert (y.tolist(), x.tolist(), given.tolist()) == ([[0, 2]], [[-1, 2]], [[-1, 2]])


def test_two_inputs_are_given_in_the_order_of_the_spec() -> None:
    spec = NetworkSpec((("a", 1), ("b", 1)), (("y", 2),), (Operation("concat", ("b", "a"), "y"),), ())
    network = NumpyNetwork(spec, 1)
    network.load(np.empty(0, np.float32))
    assert network.run(np.array([[1.0]], np.float32), np.array([[2.0]], np.float32))[0].tolist() == [[2, 1]]
    with pytest.raises(ValueError, match="2 inputs"):
        network.run(np.array([[1.0]], np.float32))


OBSERVATION = StructObservation((("a", ContinuousObservation(3)), ("b", BoolObservation())))
ACTION = StructAction((("jump", BoolAction()), ("steer", ContinuousAction(2))))
SPEC = build_policy_spec(OBSERVATION, ACTION, PolicySettings(hidden_sizes=(6,), initial_action_scale=1.0))


def loaded(max_batch: int = 8, seed: int = 1) -> NumpyNetwork:
    network = NumpyNetwork(SPEC, max_batch)
    network.load(initial_weights(SPEC, seed))
    return network


def some_rows(count: int) -> FloatArray:
    return np.random.default_rng(1).normal(size=(count, 4)).astype(np.float32)


def test_a_row_gives_the_same_whatever_rows_are_beside_it() -> None:
    network, rows = loaded(), some_rows(8)
    whole = network.run(rows)[0].copy()
    for count in (1, 3, 8, 2):
        np.testing.assert_allclose(network.run(rows[:count])[0], whole[:count], rtol=1e-5, atol=1e-6)


def test_buffers_are_used_again_for_every_run() -> None:
    network = loaded()
    first = network.run(some_rows(5))[0]
    for count in range(1, 9):
        network.run(some_rows(count))
    assert network.run(some_rows(5))[0].__array_interface__["data"] == first.__array_interface__["data"]


def test_many_row_counts_in_turn_all_give_right_results() -> None:
    network, rows = NumpyNetwork(SPEC, 40), some_rows(40)
    network.load(initial_weights(SPEC, 1))
    whole = network.run(rows)[0].copy()
    for count in [*range(1, 41), *range(40, 0, -1)]:
        np.testing.assert_allclose(network.run(rows[:count])[0], whole[:count], rtol=1e-5, atol=1e-6)


def test_loading_swaps_weights_without_copying_and_takes_effect_at_once() -> None:
    network, rows = loaded(), some_rows(3)
    before = network.run(rows)[0].copy()
    network.load(initial_weights(SPEC, 2))
    assert not np.allclose(network.run(rows)[0], before)
    network.load(initial_weights(SPEC, 1))
    np.testing.assert_array_equal(network.run(rows)[0], before)


def test_log_stds_follow_the_weights_that_are_loaded() -> None:
    network, values = loaded(), initial_weights(SPEC, 1)
    WeightsLayout.of(SPEC).views(values)["policy.log_std"][...] = [-0.5, 9]
    network.load(values)
    assert network.run(some_rows(2))[0][:, 2:4].tolist() == [[-0.5, 2], [-0.5, 2]]


def test_inputs_of_other_types_and_strides_are_taken() -> None:
    network, rows = loaded(), some_rows(4)
    expected = network.run(rows)[0].copy()
    np.testing.assert_array_equal(network.run(rows.astype(np.float64))[0], expected)
    np.testing.assert_array_equal(network.run(np.asfortranarray(rows))[0], expected)


def test_misuse_is_refused() -> None:
    network = NumpyNetwork(SPEC, 2)
    with pytest.raises(ValueError, match="load weights"):
        network.run(some_rows(1))
    with pytest.raises(WeightsError, match="weights"):
        network.load(np.zeros(3, np.float32))
    network.load(initial_weights(SPEC, 1))
    with pytest.raises(ValueError, match=r"1\.\.2 rows, got 3"):
        network.run(some_rows(3))
    with pytest.raises(ValueError, match=r"1\.\.2 rows, got 0"):
        network.run(some_rows(0))
    with pytest.raises(ValueError, match=r"\(2, 4\), got \(2, 3\)"):
        network.run(some_rows(2)[:, :3])
    with pytest.raises(ValueError, match="max_batch"):
        NumpyNetwork(SPEC, 0)
