"""Observations of any space reach the observation vector, each number at its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import Space, spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from host_sdk.adapters.gymnasium.observation_values import make_observation_values
from host_sdk.adapters.gymnasium.space_schema import box_observation_scale, observation_element
from host_sdk.errors import ValueMismatchError
from host_sdk.interaction.observation_writer import ObservationWriter
from host_sdk.observation_object import ObservationObject
from protocol.errors import SchemaError
from protocol.schema import ContinuousObservation, ImageObservation, SetObservation
from protocol.string_token import string_token
from tests.host_sdk.adapters.space_strategies import observable_space

COPIES = 3
NO_SPACE = spaces.Graph(spaces.Discrete(2), None)


def _written(space: Space[Any], observations: list[Any], rows: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """float32[n, O] and uint8[n, I], what the SDK makes of the rows `rows` of these observations."""
    values = make_observation_values(space, len(observations))
    for row, observation in enumerate(observations):
        values.store(row, observation)
    element = observation_element(space)
    vectors = np.zeros((len(rows), element.vector_size), np.float32)
    images = np.zeros((len(rows), element.image_size), np.uint8)
    ids = np.array(rows)
    ObservationWriter(element, vectors, images).write(values.element(ObservationObject(), ids), ids)
    return vectors, images


def _expected(space: Space[Any], observation: Any, images: list[int] | None) -> list[float]:
    """The vector as the table of spaces says; bytes of images are added to `images`, unless there can be none."""
    match space:
        case spaces.Box() if images is not None and space.dtype == np.uint8 and len(space.shape) in (2, 3):
            is_first = len(space.shape) == 3 and space.shape[0] < min(space.shape[1:])
            images += (np.moveaxis(observation, 0, -1) if is_first else observation).reshape(-1).tolist()
            return []
        case spaces.Box():
            return (np.reshape(observation, -1).astype(np.float64) / box_observation_scale(space)).tolist()
        case spaces.Dict() | spaces.Tuple():
            parts = space.spaces.items() if isinstance(space, spaces.Dict) else enumerate(space.spaces)
            return [x for key, part in parts for x in _expected(part, observation[key], images)]
        case spaces.Sequence():
            size = observation_element(space.feature_space, may_be_image=False).vector_size
            floats = [x for part in observation for x in _expected(space.feature_space, part, None)]
            count = len(observation)
            return [*floats, *[0.0] * ((32 - count) * size), *[1.0] * count, *[0.0] * (32 - count)]
        case spaces.OneOf():
            chosen, part = observation
            sizes = [observation_element(option, may_be_image=False).vector_size for option in space.spaces]
            floats = _expected(space.spaces[chosen], part, None)
            return [*floats, *[0.0] * (max(sizes) - len(floats)), *(float(chosen == i) for i in range(len(sizes)))]
        case spaces.Text():
            tokens = [string_token(word, 256) for word in observation.split()]
            hots = [float(token == i) for token in tokens for i in range(256)]
            missing = 5 - len(tokens)  # nine characters are five words at most
            return [*hots, *[0.0] * (256 * missing), *[1.0] * len(tokens), *[0.0] * missing]
        case _:
            return np.asarray(spaces.flatten(space, observation), np.float64).tolist()


@settings(max_examples=150, deadline=None)
@given(space=observable_space(), seed=st.integers(0, 1000))
def test_the_vector_is_the_observation_of_each_copy(space: Space[Any], seed: int) -> None:
    space.seed(seed)
    observations = [space.sample() for _ in range(COPIES)]
    vectors, images = _written(space, observations, [0, 2])
    for row, vector, image in zip([0, 2], vectors, images, strict=True):
        pixels: list[int] = []
        np.testing.assert_allclose(vector, _expected(space, observations[row], pixels), rtol=1e-6)
        assert image.tolist() == pixels


@settings(max_examples=150, deadline=None)
@given(space=observable_space(), seed=st.integers(0, 1000))
def test_an_observation_comes_back_as_a_member_of_its_space(space: Space[Any], seed: int) -> None:
    space.seed(seed)
    observations = [space.sample() for _ in range(COPIES)]
    values = make_observation_values(space, COPIES)
    for row, observation in enumerate(observations):
        values.store(row, observation)
    for row, observation in enumerate(observations):
        _assert_same(space, values.load(row), observation)


def _assert_same(space: Space[Any], ours: Any, theirs: Any) -> None:
    """Equal members of a space; numbers may have been rounded to single precision."""
    match space:
        case spaces.Dict():
            for key, part in space.spaces.items():
                _assert_same(part, ours[key], theirs[key])
        case spaces.Tuple():
            for part, one, other in zip(space.spaces, ours, theirs, strict=True):
                _assert_same(part, one, other)
        case spaces.Sequence():
            for one, other in zip(ours, theirs, strict=True):
                _assert_same(space.feature_space, one, other)
        case spaces.OneOf():
            assert ours[0] == theirs[0]
            _assert_same(space.spaces[ours[0]], ours[1], theirs[1])
        case spaces.Text():
            assert ours == theirs
        case _:
            assert np.shape(ours) == np.shape(theirs)
            np.testing.assert_allclose(np.asarray(ours, float), np.asarray(theirs, float), rtol=1e-6)


def test_numbers_of_an_integer_box_are_scaled_by_its_greatest_bound() -> None:
    assert observation_element(spaces.Box(0, 255, (4,), np.uint8)) == ContinuousObservation(4, 255.0)
    assert observation_element(spaces.Box(-8.0, 8.0, (3,), np.float32)) == ContinuousObservation(3)
    assert observation_element(spaces.Box(0, 1, (2, 3), np.uint8)) == ImageObservation(2, 3, 1, 1.0)


def test_a_box_of_bytes_is_an_image_with_its_channels_last() -> None:
    assert observation_element(spaces.Box(0, 255, (96, 64, 3), np.uint8)) == ImageObservation(96, 64, 3)
    assert observation_element(spaces.Box(0, 255, (4, 84, 84), np.uint8)) == ImageObservation(84, 84, 4)
    in_a_set = observation_element(spaces.Sequence(spaces.Box(0, 255, (2, 2), np.uint8)))
    assert in_a_set == SetObservation(ContinuousObservation(4, 255.0), 32)
    with pytest.raises(SchemaError, match=r"^\$.view: expected height x width x channels"):
        observation_element(spaces.Dict({"view": spaces.Box(0, 255, (1024, 1024), np.uint8)}))


def test_a_stacked_sequence_is_taken_apart() -> None:
    space = spaces.Sequence(spaces.Dict({"kind": spaces.Discrete(3)}), stack=True)
    values = make_observation_values(space, 1)
    values.store(0, {"kind": np.array([2, 1])})
    assert values.load(0)["kind"].tolist() == [2, 1]


def test_a_sequence_that_is_too_long_is_refused_with_its_path() -> None:
    values = make_observation_values(spaces.Tuple((spaces.Sequence(spaces.Discrete(2)),)), 1)
    values.store(0, ((0,) * 32,))
    with pytest.raises(ValueMismatchError, match=r"\$.0: expected a sequence of at most 32, got 33; wrap"):
        values.store(0, ((0,) * 33,))


def test_words_beyond_the_limit_are_left_out() -> None:
    space = spaces.Text(1000, charset="a ")
    vectors, _ = _written(space, ["a " * 40], [0])
    assert vectors.sum() == 64.0


def test_a_stored_observation_stays_when_the_environment_writes_over_its_own() -> None:
    space = spaces.Box(-1.0, 1.0, (2,), np.float32)
    values = make_observation_values(space, 1)
    observation = np.array([0.5, -0.5], np.float32)
    values.store(0, observation)
    observation[:] = 0.0
    assert values.load(0).tolist() == [0.5, -0.5]


@pytest.mark.parametrize(
    "space", [spaces.Graph(spaces.Discrete(2), None), spaces.Dict({"inner": NO_SPACE}), spaces.Box(0, 1, (0,))]
)
def test_a_space_without_an_element_is_refused_with_its_path(space: Space[Any]) -> None:
    with pytest.raises(SchemaError, match=r"^\$"):
        observation_element(space)


def test_the_path_of_an_unsupported_part_is_named() -> None:
    with pytest.raises(SchemaError, match=r"^\$\.inner\.0: expected a Box"):
        observation_element(spaces.Dict({"inner": spaces.Tuple((NO_SPACE,))}))
    with pytest.raises(SchemaError, match=r"^\$\[\]\.1: expected a Box"):
        observation_element(spaces.Sequence(spaces.OneOf((spaces.Discrete(2), NO_SPACE))))
    with pytest.raises(SchemaError, match=r"^\$\[\]: expected a space"):
        make_observation_values(spaces.Sequence(NO_SPACE), 1)


def test_keys_that_become_one_name_are_refused() -> None:
    with pytest.raises(SchemaError, match="different text"):
        observation_element(spaces.Dict({"a.b": spaces.Discrete(2), "a/b": spaces.Discrete(2)}))
