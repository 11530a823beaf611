"""Observations of any space reach the observation vector, each number at its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import Space, spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from host_sdk.adapters.gymnasium.observation_values import make_observation_values
from host_sdk.adapters.gymnasium.space_schema import observation_element
from host_sdk.interaction.observation_writer import ObservationWriter
from host_sdk.observation_object import ObservationObject
from protocol.errors import SchemaError
from protocol.observation_layout import ObservationLayout
from tests.host_sdk.adapters.space_strategies import any_space

COPIES = 3


def _vectors(space: Space[Any], observations: list[Any], rows: list[int]) -> np.ndarray:
    """float32[n, O], what the SDK makes of the rows `rows` of these observations, in the game's own units."""
    values = make_observation_values(space, len(observations))
    for row, observation in enumerate(observations):
        values.store(row, observation)
    element = observation_element(space)
    layout = ObservationLayout.of(element)
    vectors = np.zeros((len(rows), layout.size), np.float32)
    ids = np.array(rows)
    ObservationWriter(element, vectors).write(values.element(ObservationObject(), ids), ids)
    return vectors * layout.scale


@settings(max_examples=150, deadline=None)
@given(space=any_space(), seed=st.integers(0, 1000))
def test_the_vector_is_the_flattened_observation_of_each_copy(space: Space[Any], seed: int) -> None:
    space.seed(seed)
    observations = [space.sample() for _ in range(COPIES)]
    rows = [0, 2]
    expected = np.stack([np.asarray(spaces.flatten(space, observations[row]), np.float32) for row in rows])
    np.testing.assert_allclose(_vectors(space, observations, rows), expected, rtol=1e-6)


@settings(max_examples=150, deadline=None)
@given(space=any_space(), seed=st.integers(0, 1000))
def test_an_observation_comes_back_as_a_member_of_its_space(space: Space[Any], seed: int) -> None:
    space.seed(seed)
    observations = [space.sample() for _ in range(COPIES)]
    values = make_observation_values(space, COPIES)
    for row, observation in enumerate(observations):
        values.store(row, observation)
    for row, observation in enumerate(observations):
        np.testing.assert_allclose(
            np.asarray(spaces.flatten(space, values.load(row)), np.float64),
            np.asarray(spaces.flatten(space, observation), np.float64),
            rtol=1e-6,
        )


def test_numbers_of_an_integer_box_are_scaled_by_its_greatest_bound() -> None:
    image = observation_element(spaces.Box(0, 255, (2, 2), np.uint8))
    assert ObservationLayout.of(image).scale.tolist() == [255.0] * 4
    plain = observation_element(spaces.Box(-8.0, 8.0, (3,), np.float32))
    assert ObservationLayout.of(plain).scale.tolist() == [1.0] * 3


def test_a_stored_observation_stays_when_the_environment_writes_over_its_own() -> None:
    space = spaces.Box(-1.0, 1.0, (2,), np.float32)
    values = make_observation_values(space, 1)
    observation = np.array([0.5, -0.5], np.float32)
    values.store(0, observation)
    observation[:] = 0.0
    assert values.load(0).tolist() == [0.5, -0.5]


@pytest.mark.parametrize("space", [spaces.Text(5), spaces.Dict({"inner": spaces.Text(5)}), spaces.Box(0, 1, (0,))])
def test_a_space_without_an_element_is_refused_with_its_path(space: Space[Any]) -> None:
    with pytest.raises(SchemaError, match=r"^\$"):
        observation_element(space)


def test_the_path_of_an_unsupported_part_is_named() -> None:
    with pytest.raises(SchemaError, match=r"^\$\.inner\.0: expected a Box"):
        observation_element(spaces.Dict({"inner": spaces.Tuple((spaces.Text(5),))}))


def test_keys_that_become_one_name_are_refused() -> None:
    with pytest.raises(SchemaError, match="different text"):
        observation_element(spaces.Dict({"a.b": spaces.Discrete(2), "a/b": spaces.Discrete(2)}))
