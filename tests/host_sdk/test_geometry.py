"""Transforms and rotations do what engines do, for one thing and for many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_sdk.errors import ValueMismatchError
from host_sdk.geometry import (
    Transform,
    inverse,
    multiply,
    normalized,
    quaternion_from_axis_angle,
    quaternion_from_rotator,
    rotate,
)

QUARTER_ABOUT_Z = [0.0, 0.0, 1.0, 1.0]  # brought to length 1
seeds = st.integers(0, 2**32 - 1)


def close(ours: np.ndarray, right: object) -> None:
    np.testing.assert_allclose(ours, right, atol=1e-12)


@pytest.mark.parametrize(
    ("rotator", "x_axis", "y_axis"),
    [
        ((0, 0, 0), (1, 0, 0), (0, 1, 0)),
        ((90, 0, 0), (0, 0, 1), (0, 1, 0)),
        ((0, 90, 0), (0, 1, 0), (-1, 0, 0)),
        ((0, 0, 90), (1, 0, 0), (0, 0, -1)),
    ],
)
def test_a_rotator_pitches_up_yaws_to_the_right_and_rolls(
    rotator: tuple[float, float, float], x_axis: object, y_axis: object
) -> None:
    quaternion = quaternion_from_rotator(*rotator)
    close(rotate(quaternion, np.array([1.0, 0.0, 0.0])), x_axis)
    close(rotate(quaternion, np.array([0.0, 1.0, 0.0])), y_axis)


def test_a_rotator_rolls_first_and_yaws_last() -> None:
    pitch, yaw, roll = 30.0, 40.0, 50.0
    sp, sy, sr = np.sin(np.radians([pitch, yaw, roll]))
    cp, cy, cr = np.cos(np.radians([pitch, yaw, roll]))
    quaternion = quaternion_from_rotator(pitch, yaw, roll)
    close(rotate(quaternion, np.array([1.0, 0.0, 0.0])), [cp * cy, cp * sy, sp])
    close(rotate(quaternion, np.array([0.0, 1.0, 0.0])), [sr * sp * cy - cr * sy, sr * sp * sy + cr * cy, -sr * cp])


def test_an_axis_and_an_angle_make_a_quaternion() -> None:
    half = np.sqrt(0.5)
    close(quaternion_from_axis_angle([0, 0, 7], 90.0), [0, 0, half, half])
    close(quaternion_from_axis_angle([0, 0, 7], np.pi / 2, is_radians=True), [0, 0, half, half])
    both = quaternion_from_axis_angle([0, 2, 0], [90.0, 180.0])
    close(both, [[0, half, 0, half], [0, 1, 0, 0]])


def test_the_second_of_two_rotations_comes_first() -> None:
    about_z, about_x = quaternion_from_rotator(0, 90, 0), quaternion_from_axis_angle([1, 0, 0], 90)
    close(rotate(multiply(about_z, about_x), np.array([0.0, 1.0, 0.0])), [0, 0, 1])
    close(rotate(multiply(about_x, about_z), np.array([0.0, 1.0, 0.0])), [-1, 0, 0])
    close(multiply(about_x, inverse(about_x)), [0, 0, 0, 1])


def test_a_transform_scales_then_turns_then_moves() -> None:
    transform = Transform([1, 2, 3], QUARTER_ABOUT_Z, [2, 3, 4])
    close(transform.transform_location([1, 0, 1]), [1, 4, 7])
    close(transform.transform_vector([1, 0, 1]), [0, 2, 4])
    close(transform.transform_direction([1, 0, 1]), [0, 1, 1])
    close(transform.inverse_transform_location([1, 4, 7]), [1, 0, 1])
    close(transform.inverse_transform_vector([0, 2, 4]), [1, 0, 1])
    close(transform.inverse_transform_direction([0, 1, 1]), [1, 0, 1])
    half_turn = transform.transform_rotation(QUARTER_ABOUT_Z)
    close(half_turn, [0, 0, 1, 0])
    close(transform.inverse_transform_rotation(half_turn), np.array(QUARTER_ABOUT_Z) * np.sqrt(0.5))


def test_a_transform_is_seen_from_another() -> None:
    ours = Transform([1, 4, 7], [0, 0, 1, 0], [4, 3, 2]).relative_to(Transform([1, 2, 3], QUARTER_ABOUT_Z, [2, 3, 4]))
    close(ours.location, [1, 0, 1])
    close(ours.rotation, np.array(QUARTER_ABOUT_Z) * np.sqrt(0.5))
    close(ours.scale, [2, 1, 0.5])


def test_a_scale_of_zero_gives_zero_back() -> None:
    flat = Transform(scale=[1, 0, 2])
    close(flat.inverse_transform_vector([3, 4, 6]), [3, 0, 3])
    close(Transform(scale=[2, 2, 2]).relative_to(flat).scale, [2, 0, 1])


def test_what_is_left_away_leaves_things_alone() -> None:
    close(Transform().transform_location([1, 2, 3]), [1, 2, 3])
    moved = Transform([[1, 0, 0], [2, 0, 0]], [0, 0, 0, 1])
    assert (moved.location.shape, moved.rotation.shape, moved.scale.shape) == ((2, 3), (2, 4), (2, 3))


@given(seeds)
def test_a_transform_of_each_agent_applies_to_all_of_its_things(seed: int) -> None:
    generator = np.random.default_rng(seed)
    location, rotation = generator.normal(size=(3, 3)), generator.normal(size=(3, 4))
    scale = np.exp(generator.normal(size=(3, 3)))
    things = generator.normal(size=(3, 5, 3))
    agents = Transform(location, rotation, scale)
    seen = agents.inverse_transform_location(things)
    for i in range(3):
        one = Transform(location[i], rotation[i], scale[i])
        for j in range(5):
            close(seen[i, j], one.inverse_transform_location(things[i, j]))
    np.testing.assert_allclose(agents.transform_location(seen), things, atol=1e-9)
    close(agents.inverse_transform_location(things[0, 0])[2], one.inverse_transform_location(things[0, 0]))


def test_single_precision_stays_single() -> None:
    ones = np.ones((2, 3), dtype=np.float32)
    assert Transform(ones).inverse_transform_location(ones).dtype == np.float32
    assert Transform(ones, scale=ones).inverse_transform_location(ones).dtype == np.float32


def test_numbers_that_are_not_finite_stay_so_without_a_warning() -> None:
    transform = Transform([np.nan, 0, 0], [0, 0, 0, 0], [np.inf, 0, 1])
    assert np.isnan(transform.inverse_transform_location([np.inf, 1e308, 0])).all()
    close(normalized(np.zeros(3)), [0, 0, 0])


def test_arrays_that_are_no_vectors_are_refused() -> None:
    with pytest.raises(ValueMismatchError, match=r"transform.rotation: expected 4 numbers in the last axis, got"):
        Transform([0, 0, 0], [0, 0, 0])
    with pytest.raises(ValueMismatchError, match="location: expected numbers, got values of type"):
        Transform().inverse_transform_location(["a", "b", "c"])
    with pytest.raises(ValueMismatchError, match="arrays for the same agents"):
        Transform(np.zeros((2, 3))).inverse_transform_location(np.zeros((4, 3)))
