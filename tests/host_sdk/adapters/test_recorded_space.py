"""Recorded vectors and values of spaces are the same thing, as hosts of this project see and act it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import Space, spaces
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array
from hypothesis import given, settings
from hypothesis import strategies as st

from host_sdk.action_object import ActionObject
from host_sdk.adapters.gymnasium.action_values import make_action_values
from host_sdk.adapters.gymnasium.observation_values import make_observation_values
from host_sdk.adapters.gymnasium.recorded_space import RecordedSpaces
from host_sdk.adapters.gymnasium.schema_space import action_space_of, is_structured, observation_space_of
from host_sdk.adapters.gymnasium.space_leaf import leaf_spaces
from host_sdk.errors import ValueMismatchError
from host_sdk.interaction.action_decoder import ActionDecoder
from host_sdk.interaction.observation_writer import ObservationWriter
from host_sdk.mock_engine.engine import MockEngine, MockEngineSettings
from host_sdk.observation_object import ObservationObject
from protocol.action_layout import ActionLayout
from protocol.errors import SchemaError
from protocol.schema import ContinuousAction, ContinuousObservation, ImageObservation, StructAction, StructObservation
from tests.host_sdk.adapters.space_strategies import any_space, observable_space

COUNT = 3


def stacked(space: Space[Any], values: list[Any]) -> Any:
    """Values of a space with an axis for the steps in front of each leaf, as data sets have them."""
    batch_space(space, len(values))
    return concatenate(space, values, create_empty_array(space, len(values)))


def leaves(space: Space[Any], nested: Any) -> list[np.ndarray]:
    found = []
    for keys, _ in leaf_spaces(space):
        part = nested
        for key in keys:
            part = part[key]
        found.append(np.asarray(part))
    return found


def assert_same(space: Space[Any], received: Any, expected: Any) -> None:
    for mine, theirs in zip(leaves(space, received), leaves(space, expected), strict=True):
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine.astype(np.float64), theirs.astype(np.float32).astype(np.float64))


def has_arrays(space: Space[Any]) -> bool:
    try:
        list(leaf_spaces(space))
    except SchemaError:
        return False
    return True


@settings(max_examples=80, deadline=None)
@given(space=observable_space().filter(has_arrays), seed=st.integers(0, 1000))
def test_observations_are_the_vectors_that_a_host_writes(space: Space[Any], seed: int) -> None:
    space.seed(seed)
    values = [space.sample() for _ in range(COUNT)]
    recorded = RecordedSpaces.of_spaces(space, spaces.Discrete(2))
    floats, images = recorded.observation_vectors(stacked(space, values))
    host = make_observation_values(space, COUNT)
    for row, value in enumerate(values):
        host.store(row, value)
    expected, expected_images = np.zeros_like(floats), np.zeros_like(images)
    writer = ObservationWriter(recorded.observation, expected, expected_images)
    writer.write(host.element(ObservationObject(), np.arange(COUNT)), range(COUNT))
    np.testing.assert_array_equal(floats, expected)
    np.testing.assert_array_equal(images, expected_images)
    assert_same(space, recorded.observations(floats, images), stacked(space, values))


@settings(max_examples=80, deadline=None)
@given(space=any_space(), seed=st.integers(0, 1000))
def test_actions_come_back_exactly_and_as_a_host_delivers_them(space: Space[Any], seed: int) -> None:
    space.seed(seed)
    values = stacked(space, [space.sample() for _ in range(COUNT)])
    recorded = RecordedSpaces.of_spaces(spaces.Discrete(2), space)
    vectors = recorded.action_vectors(values, clips=True)
    assert_same(space, recorded.actions(vectors), values)
    host = make_action_values(space)
    host.read(ActionObject(), ActionDecoder(recorded.action).decode(vectors.copy()))
    assert_same(space, stacked(space, [host.action(row) for row in range(COUNT)]), values)


def test_numbers_beyond_their_bounds_are_refused_with_a_remedy_or_clipped() -> None:
    recorded = RecordedSpaces.of_spaces(spaces.Discrete(2), spaces.Box(-1, 1, (2,), np.float32))
    values = np.array([[0, 1], [0.5, -1.5]])
    with pytest.raises(ValueMismatchError, match=r"actions.*from -1 to 1, got -1\.5 at step 1; --clip-actions"):
        recorded.action_vectors(values)
    assert recorded.action_vectors(values, clips=True).tolist() == [[0, 1], [0.5, -1]]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a": np.zeros((3, 2))}, r"observations\.b: expected values of it, got none"),
        ({"a": np.zeros((3, 3)), "b": np.zeros(3)}, r"observations\.a: expected numbers of shape \['n', 2\]"),
        (
            {"a": np.zeros((3, 2)), "b": np.full(3, 7)},
            r"observations\.b: expected integers from 0 to 4, got 7 at step 0",
        ),
        ({"a": np.zeros((3, 2)), "b": np.zeros(2)}, r"observations\.b: expected 3 steps, as the others, got 2"),
    ],
)
def test_values_that_do_not_fit_are_named(values: Any, message: str) -> None:
    space = spaces.Dict({"a": spaces.Box(-1, 1, (2,)), "b": spaces.Discrete(5)})
    with pytest.raises(ValueMismatchError, match=message):
        RecordedSpaces.of_spaces(space, spaces.Discrete(2)).observation_vectors(values)


def test_squashed_actions_are_delivered_and_come_back_by_the_schema() -> None:
    action = StructAction((("push", ContinuousAction(2, bounding="squash", low=(-2.0,) * 2, high=(2.0,) * 2)),))
    recorded = RecordedSpaces.of_schemas(ContinuousObservation(1), action)
    vectors = np.array([[0.3, -1.2], [0.0, 2.0]], np.float32)
    delivered = recorded.actions(vectors)
    np.testing.assert_allclose(delivered["push"], 2 * np.tanh(vectors), rtol=1e-6)
    np.testing.assert_allclose(recorded.action_vectors(delivered), vectors, rtol=1e-5, atol=1e-6)


def test_a_schema_with_a_set_is_flat_and_keeps_its_vectors() -> None:
    interactor = MockEngine(MockEngineSettings(agent_count=1)).interactor
    observation, action = interactor.observation_schema_element, interactor.action_schema_element
    recorded = RecordedSpaces.of_schemas(observation, action)
    vectors = np.random.default_rng(0).normal(size=(4, observation.vector_size)).astype(np.float32)
    nothing = np.zeros((4, 0), np.uint8)
    np.testing.assert_array_equal(recorded.observations(vectors, nothing), vectors)
    np.testing.assert_array_equal(recorded.observation_vectors(vectors)[0], vectors)
    assert list(recorded.action_space) == ["thrust", "gear"]
    chosen = np.zeros((4, ActionLayout.of(action).vector_size), np.float32)
    chosen[:, :2], chosen[:, 3] = 0.5, 1.0
    assert recorded.actions(chosen)["gear"].tolist() == [1] * 4
    np.testing.assert_array_equal(recorded.action_vectors(recorded.actions(chosen)), chosen)


def test_images_keep_their_pixels_beside_flat_vectors_and_in_spaces() -> None:
    element = StructObservation((("eye", ImageObservation(4, 5, 3)), ("speed", ContinuousObservation(1, scale=2.0))))
    assert is_structured(element)
    space = observation_space_of(element)
    recorded = RecordedSpaces.of_schemas(element, ContinuousAction(1))
    images = np.arange(120, dtype=np.uint8).reshape(2, 60)
    floats = np.array([[1.0], [3.0]], np.float32)
    values = recorded.observations(floats, images)
    assert values["eye"].shape == (2, 4, 5, 3)
    assert values["speed"].tolist() == [[2.0], [6.0]]
    assert space["eye"].contains(values["eye"][0])
    again, same_images = recorded.observation_vectors(values)
    np.testing.assert_array_equal(again, floats)
    np.testing.assert_array_equal(same_images, images)


def test_the_space_of_an_action_has_its_bounds() -> None:
    space = action_space_of(ContinuousAction(2, bounding="clip", low=(-1.0, 0.0), high=(1.0, 4.0)))
    assert space == spaces.Box(np.array([-1, 0], np.float32), np.array([1, 4], np.float32))


def test_a_world_gives_its_own_spaces_where_its_schema_is_the_recordings() -> None:
    own = RecordedSpaces.of_spaces(spaces.Box(-1, 1, (4,)), spaces.Discrete(2))
    by_world = RecordedSpaces.of_schemas(own.observation, own.action, "gymnasium:CartPole-v1")
    assert by_world.observation_space.dtype == np.float32
    assert by_world.observation_space.high[0] == pytest.approx(4.8)
    other = RecordedSpaces.of_schemas(ContinuousObservation(3), own.action, "gymnasium:CartPole-v1")
    assert other.observation_space == spaces.Box(-np.inf, np.inf, (3,), np.float32)
