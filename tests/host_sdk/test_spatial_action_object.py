"""Actions in space reach games as quaternions, unit vectors and scales, in the world where a transform is given."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_sdk.action_element import ActionObjectElement, ActionObjectElements
from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema
from host_sdk.geometry import Transform, quaternion_from_axis_angle, quaternion_from_rotator, rotate
from host_sdk.interaction.action_decoder import ActionDecoder
from host_sdk.rotation_vector import quaternion_from_rotation_vector, rotation_vector_of
from protocol.schema import ActionElement

READ, SCHEMA = ActionObject(), ActionSchema()
ABOVE = Transform((1.0, 2.0, 3.0), quaternion_from_axis_angle((0, 0, 1), 90.0), (2.0, 2.0, 2.0))
"""Turned by a quarter about z: what was ahead (x) is at its right hand (y)."""


def decoded(element: ActionElement, *numbers: float) -> ActionObjectElement:
    return ActionDecoder(element).decode(np.array([numbers], dtype=np.float32))[0]


def test_a_location_is_scaled_and_may_be_relative() -> None:
    element = decoded(SCHEMA.location(), 0.5, 0, -1)
    np.testing.assert_allclose(READ.get_location(element), [50, 0, -100])
    np.testing.assert_allclose(READ.get_location(element, ABOVE), [1, 2 + 100, 3 - 200], atol=1e-4)


def test_a_velocity_is_turned_at_its_length() -> None:
    element = decoded(SCHEMA.velocity(), 0.5, 0, 0)
    np.testing.assert_allclose(READ.get_velocity(element), [100, 0, 0])
    np.testing.assert_allclose(READ.get_velocity(element, ABOVE), [0, 100, 0], atol=1e-4)


def test_a_direction_has_length_one_and_a_fallback_for_zero() -> None:
    element = decoded(SCHEMA.direction(), 3, 0, -4)
    np.testing.assert_allclose(READ.get_direction(element), [0.6, 0, -0.8])
    np.testing.assert_allclose(READ.get_direction(element, ABOVE), [0, 0.6, -0.8], atol=1e-6)
    nothing = decoded(SCHEMA.direction(), 0, 0, 0)
    assert READ.get_direction(nothing).tolist() == [1, 0, 0]
    assert READ.get_direction(nothing, fallback=(0, 0, 1)).tolist() == [0, 0, 1]


def test_a_rotation_turns_about_its_vector_by_its_length() -> None:
    element = decoded(SCHEMA.rotation(), 0, 0, 1)
    np.testing.assert_allclose(rotate(READ.get_rotation(element), np.array([1.0, 0, 0])), [0, 1, 0], atol=1e-6)
    twice = READ.get_rotation(element, relative_rotation=ABOVE.rotation)
    np.testing.assert_allclose(rotate(twice, np.array([1.0, 0, 0])), [-1, 0, 0], atol=1e-6)
    still = READ.get_rotation(decoded(SCHEMA.rotation(), 0, 0, 0))
    assert still.tolist() == [0, 0, 0, 1]


def test_a_scale_is_a_power_and_may_be_relative() -> None:
    element = decoded(SCHEMA.scale(0.5), 0, 2, -2)
    np.testing.assert_allclose(READ.get_scale(element), [1, math.e, 1 / math.e], rtol=1e-6)
    np.testing.assert_allclose(READ.get_scale(element, (2, 1, 3)), [2, math.e, 3 / math.e], rtol=1e-6)


def test_an_angle_comes_in_degrees_or_radians() -> None:
    element = decoded(SCHEMA.angle(60.0), 0.5)
    assert READ.get_angle(element) == pytest.approx(30.0)
    assert READ.get_angle(element, 15.0) == pytest.approx(45.0)
    assert READ.get_angle(element, 1.0, is_radians=True) == pytest.approx(1.0 + math.pi / 6)


def test_a_transform_is_all_three() -> None:
    element = decoded(SCHEMA.transform(), 0.5, 0, -1, 0, 0, 1, 0, 0, 0)
    own, world = READ.get_transform(element), READ.get_transform(element, ABOVE)
    np.testing.assert_allclose(own.location, [50, 0, -100])
    np.testing.assert_allclose(own.scale, [1, 1, 1])
    point = np.array([3.0, -1.0, 2.0])
    np.testing.assert_allclose(
        world.transform_location(point), ABOVE.transform_location(own.transform_location(point)), rtol=1e-5
    )


def test_batched_elements_take_a_transform_for_each_agent() -> None:
    vectors = np.array([[0.5, 0, -1], [0, 0, 0]], dtype=np.float32)
    element: ActionObjectElements = ActionDecoder(SCHEMA.location()).decode(vectors)
    frames = Transform(np.array([[1.0, 0, 0], [5.0, 6.0, 7.0]]))
    np.testing.assert_allclose(READ.get_location(element, frames), [[51, 0, -100], [5, 6, 7]])
    angles: ActionObjectElements = ActionDecoder(SCHEMA.angle()).decode(np.array([[1], [-1]], dtype=np.float32))
    np.testing.assert_allclose(READ.get_angle(angles, np.array([10.0, 20.0])), [100, -70], rtol=1e-6)


degrees = st.floats(-179, 179)


@given(degrees, st.floats(-89, 89), degrees)
def test_rotation_vectors_and_quaternions_lead_to_each_other(yaw: float, pitch: float, roll: float) -> None:
    quaternion = quaternion_from_rotator(pitch, yaw, roll)
    back = quaternion_from_rotation_vector(rotation_vector_of(quaternion))
    assert abs(float(np.dot(back, quaternion))) == pytest.approx(1.0)
    assert np.linalg.norm(rotation_vector_of(quaternion)) <= math.pi + 1e-9


def test_rotation_vectors_are_exact_near_zero() -> None:
    tiny = np.array([1e-9, -2e-9, 0.0])
    np.testing.assert_allclose(rotation_vector_of(quaternion_from_rotation_vector(tiny)), tiny, rtol=1e-6)
    assert rotation_vector_of(np.array([0.0, 0, 0, 1])).tolist() == [0, 0, 0]
