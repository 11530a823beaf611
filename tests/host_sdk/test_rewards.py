"""The reward library against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from host_sdk import rewards


def test_a_reward_is_a_value_times_its_scale() -> None:
    assert rewards.make_reward([1.0, -2.0], scale=3.0).tolist() == [3.0, -6.0]
    assert rewards.make_reward(2.0).dtype == np.float32
    assert rewards.on_condition([True, False], scale=-1.0).tolist() == [-1.0, 0.0]


def test_distance_rewards_grow_with_the_distance_in_units_of_100() -> None:
    here, there = [[0.0, 0.0], [3.0, 4.0]], [[30.0, 40.0], [3.0, 4.0]]
    np.testing.assert_allclose(rewards.from_location_difference(here, there), [0.5, 0.0])
    np.testing.assert_allclose(rewards.from_location_difference(here, there, 10.0, -1.0), [-5.0, 0.0])
    assert rewards.on_location_difference_below_threshold(here, there, 50.0).tolist() == [0.0, 1.0]
    assert rewards.on_location_difference_above_threshold(here, there, 49.0).tolist() == [1.0, 0.0]
    np.testing.assert_allclose(rewards.from_location_similarity(here, there, 50.0), [math.exp(-1.0), 1.0])


@pytest.mark.parametrize(
    ("first", "second", "expected"), [(0, 0, 1.0), (0, 180, 0.0), (10, -80, 0.5), (350, 10, 1 - 20 / 180), (0, 720, 1)]
)
def test_headings_are_compared_the_short_way_round(first: float, second: float, expected: float) -> None:
    np.testing.assert_allclose(rewards.from_angle_similarity(first, second), expected, rtol=1e-6)


def test_directions_are_compared_by_their_angle_whatever_their_length() -> None:
    first = [[1.0, 0.0], [2.0, 0.0], [1.0, 0.0], [0.0, 0.0]]
    second = [[5.0, 0.0], [0.0, 3.0], [-1.0, 0.0], [1.0, 0.0]]
    np.testing.assert_allclose(rewards.from_direction_similarity(first, second), [1.0, 0.5, 0.0, 0.5], atol=1e-6)


def test_rotations_are_compared_by_their_angle_and_a_quaternion_equals_its_negative() -> None:
    half = math.sqrt(0.5)
    identity, quarter, half_turn = [0, 0, 0, 1], [0, 0, half, half], [0, 0, 1, 0]
    first = np.array([identity, identity, identity, identity])
    second = np.array([identity, quarter, half_turn, [-part for part in quarter]])
    np.testing.assert_allclose(rewards.from_rotation_similarity(first, second), [1.0, 0.5, 0.0, 0.5], atol=1e-6)


def test_speed_along_a_direction_is_in_units_of_200() -> None:
    np.testing.assert_allclose(
        rewards.from_velocity_along_direction([[100.0, 7.0], [-200.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]]), [0.5, -1.0]
    )
