"""Weights lie where the layout says, start the same for the same seed, and are refused where they don't fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from protocol.errors import WeightsError
from protocol.initial_weights import initial_weights
from protocol.network_builder import build_policy_spec
from protocol.network_spec import NetworkSpec, Operation, ParameterSpec
from protocol.policy_settings import PolicySettings
from protocol.schema import ContinuousAction, ContinuousObservation
from protocol.weights import WeightsLayout, WeightsSnapshot

SPEC = build_policy_spec(
    ContinuousObservation(3), ContinuousAction(2), PolicySettings(hidden_sizes=(5, 4), initial_log_std=-0.5)
)
LAYOUT = WeightsLayout.of(SPEC)


def snapshot(values: Any) -> WeightsSnapshot:
    return WeightsSnapshot(SPEC.hash, 1, values)


def test_trainable_parameters_come_first_and_entries_leave_no_gap() -> None:
    offset = 0
    for entry in LAYOUT.entries:
        assert entry.offset == offset
        assert entry.trainable == (offset < LAYOUT.trainable_size)
        offset += entry.size
    assert offset == LAYOUT.size == SPEC.parameter_count
    assert LAYOUT.size - LAYOUT.trainable_size == 3 + 3 + 1
    assert LAYOUT.by_name["normalizer.mean"].offset == LAYOUT.trainable_size


def test_views_share_memory_with_the_flat_vector() -> None:
    values = np.arange(LAYOUT.size, dtype=np.float32)
    view = LAYOUT.views(values)["policy.hidden.0.bias"]
    assert view.tolist() == [15, 16, 17, 18, 19]
    view[0] = -1
    assert values[15] == -1


def test_hidden_weights_are_orthogonal_times_their_gain() -> None:
    weight = LAYOUT.views(initial_weights(SPEC, 1))["policy.hidden.0.weight"]
    np.testing.assert_allclose(weight.T @ weight, 2 * np.eye(3), atol=1e-5)
    head = LAYOUT.views(initial_weights(SPEC, 1))["policy.head.weight"]
    np.testing.assert_allclose(head @ head.T, 1e-4 * np.eye(2), atol=1e-9)


def test_constants_start_at_their_value() -> None:
    views = LAYOUT.views(initial_weights(SPEC, 1))
    assert views["policy.hidden.1.bias"].tolist() == [0] * 4
    assert views["policy.log_std"].tolist() == [-0.5, -0.5]
    assert views["normalizer.variance"].tolist() == [1, 1, 1]
    assert views["normalizer.count"].tolist() == [0]


def spec_with(weight: ParameterSpec) -> NetworkSpec:
    """A convolution of one pixel with two channels, whose weight is given."""
    attributes = (("height", 3), ("width", 3), ("stride", 1), ("padding", 0))
    return NetworkSpec(
        inputs=(("x", 18),),
        outputs=(("y", 2),),
        operations=(Operation("convolution", ("x",), "y", ("weight", "bias"), attributes),),
        parameters=(weight, ParameterSpec("bias", (2,), "values", 0.0, values=(0.25, -1))),
    )


def test_values_are_taken_as_they_are_in_c_order() -> None:
    values = tuple(float(value) for value in range(36))
    spec = spec_with(ParameterSpec("weight", (2, 3, 3, 2), "values", 1.0, values=values))
    assert initial_weights(spec, 1).tolist() == [*values, 0.25, -1]


def test_filters_start_orthogonal_to_one_another() -> None:
    spec = spec_with(ParameterSpec("weight", (2, 3, 3, 2), "orthogonal", 3.0))
    filters = WeightsLayout.of(spec).views(initial_weights(spec, 1))["weight"].reshape(2, 18)
    np.testing.assert_allclose(filters @ filters.T, 9 * np.eye(2), atol=1e-5)


def test_initial_weights_follow_the_seed_and_the_parameters_name() -> None:
    first, again, other = initial_weights(SPEC, 1), initial_weights(SPEC, 1), initial_weights(SPEC, 2)
    assert first.dtype == np.float32
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    # Deeper or not, the first layer is keyed by its own name.
    shallow = build_policy_spec(ContinuousObservation(3), ContinuousAction(2), PolicySettings(hidden_sizes=(5,)))
    views = WeightsLayout.of(shallow).views(initial_weights(shallow, 1))
    assert np.array_equal(views["policy.hidden.0.weight"], LAYOUT.views(first)["policy.hidden.0.weight"])


@pytest.mark.parametrize(
    "values",
    [
        [0.0],
        np.zeros(3),
        np.zeros((1, 3), np.float32),
        np.zeros(6, np.float32)[::2],
        np.zeros(3, np.dtype("float32").newbyteorder()),
    ],
)
def test_snapshot_refuses_anything_but_one_flat_float32_array(values: Any) -> None:
    with pytest.raises(WeightsError, match="float32"):
        snapshot(values)


def test_snapshot_refuses_a_negative_version() -> None:
    with pytest.raises(WeightsError, match="version"):
        WeightsSnapshot(1, -1, np.zeros(1, np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_bad_number_makes_a_snapshot_not_finite(value: float) -> None:
    values = np.full(LAYOUT.size, 3e38, dtype=np.float32)
    assert snapshot(values.copy()).is_finite()
    values[7] = value
    assert not snapshot(values).is_finite()
    with pytest.raises(WeightsError, match="not finite"):
        LAYOUT.check(snapshot(values))


def test_opposite_infinities_are_not_finite() -> None:
    assert not snapshot(np.array([np.inf, -np.inf], np.float32)).is_finite()


def test_check_names_both_networks() -> None:
    with pytest.raises(WeightsError, match=f"{SPEC.hash:#018x}"):
        LAYOUT.check(WeightsSnapshot(7, 1, np.zeros(LAYOUT.size, np.float32)))
    with pytest.raises(WeightsError, match="weights"):
        LAYOUT.check(snapshot(np.zeros(LAYOUT.size - 1, np.float32)))
    LAYOUT.check(snapshot(initial_weights(SPEC, 1)))


def test_views_of_too_few_values_are_refused() -> None:
    with pytest.raises(WeightsError, match=str(LAYOUT.size)):
        LAYOUT.views(np.zeros(LAYOUT.size - 1, np.float32))
