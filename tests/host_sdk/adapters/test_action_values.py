"""What the policy chose reaches each copy as a member of its action space."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium import Space, spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from host_sdk.action_object import ActionObject
from host_sdk.adapters.gymnasium.action_values import make_action_values
from host_sdk.adapters.gymnasium.space_schema import action_element
from host_sdk.interaction.action_decoder import ActionDecoder
from protocol.action_layout import ActionLayout
from protocol.errors import SchemaError
from protocol.schema import ContinuousAction
from tests.host_sdk.adapters.space_strategies import any_space


def _decoded(space: Space[Any], vectors: np.ndarray) -> list[Any]:
    """What the copies get for action vectors float32[n, A]."""
    values = make_action_values(space)
    values.read(ActionObject(), ActionDecoder(action_element(space)).decode(vectors.copy()))
    return [values.action(row) for row in range(len(vectors))]


def _vector_of(space: Space[Any], action: Any) -> np.ndarray:
    """float32[A], the action vector that stands for a member of the space."""
    layout = ActionLayout.of(action_element(space))
    flat = np.asarray(spaces.flatten(space, action), np.float32)
    vector, start = np.zeros(layout.vector_size, np.float32), 0
    for leaf in layout.leaves:
        vector[leaf.action_offset : leaf.action_offset + leaf.size] = flat[start : start + leaf.size]
        start += leaf.size
    return vector


@settings(max_examples=150, deadline=None)
@given(space=any_space(), seed=st.integers(0, 1000))
def test_an_action_comes_back_from_its_vector(space: Space[Any], seed: int) -> None:
    space.seed(seed)
    actions = [space.sample() for _ in range(3)]
    vectors = np.stack([_vector_of(space, action) for action in actions])
    for action, decoded in zip(actions, _decoded(space, vectors), strict=True):
        assert space.contains(decoded)
        np.testing.assert_allclose(
            np.asarray(spaces.flatten(space, decoded), np.float64),
            np.asarray(spaces.flatten(space, action), np.float64),
            rtol=1e-6,
            atol=1e-6,
        )


@settings(max_examples=100, deadline=None)
@given(space=any_space(), seed=st.integers(0, 1000))
def test_whatever_the_policy_samples_lies_in_the_space(space: Space[Any], seed: int) -> None:
    layout = ActionLayout.of(action_element(space))
    vectors = np.zeros((4, layout.vector_size), np.float32)
    rng = np.random.default_rng(seed)
    vectors[:, : layout.continuous_size] = rng.normal(0.0, 500.0, (4, layout.continuous_size))
    start = layout.continuous_size
    for size in layout.exclusive_sizes:
        vectors[np.arange(4), start + rng.integers(0, size, 4)] = 1.0
        start += size
    vectors[:, start:] = rng.integers(0, 2, (4, layout.inclusive_size))
    for action in _decoded(space, vectors):
        assert space.contains(action)


def test_a_bounded_box_is_clipped_and_an_unbounded_one_is_left_alone() -> None:
    bounded = action_element(spaces.Box(np.float32([-2.0, 0.0]), np.float32([2.0, 1.0])))
    assert bounded == ContinuousAction(2, bounding="clip", low=(-2.0, 0.0), high=(2.0, 1.0))
    assert action_element(spaces.Box(-np.inf, np.inf, (2,))) == ContinuousAction(2)


def test_a_sample_outside_the_box_is_cut_to_its_bound_and_one_inside_is_unchanged() -> None:
    space = spaces.Box(-1.0, 1.0, (2,), np.float32)
    (action,) = _decoded(space, np.array([[3.0, 0.25]], np.float32))
    assert action.tolist() == [1.0, 0.25]


def test_numbers_that_a_box_fixes_or_that_round_out_of_it_stay_inside() -> None:
    fixed = spaces.Box(np.float32([1.0, -1.0]), np.float32([1.0, 1.0]))
    (action,) = _decoded(fixed, np.array([[1.7, 0.5]], np.float32))
    assert action.tolist() == [1.0, 0.5]
    # 0.1 as float32 is more than 0.1 as float64
    fine = spaces.Box(-0.1, 0.1, (1,), np.float64)
    (action,) = _decoded(fine, np.array([[5.0]], np.float32))
    assert fine.contains(action)


def test_a_later_batch_leaves_an_earlier_action_alone() -> None:
    space = spaces.Box(-1.0, 1.0, (1,), np.float32)
    values, decoder, actions = make_action_values(space), ActionDecoder(action_element(space)), []
    for number in (0.25, 0.75):
        values.read(ActionObject(), decoder.decode(np.array([[number]], np.float32)))
        actions.append(values.action(0))
    assert [float(action[0]) for action in actions] == [0.25, 0.75]


def test_a_space_without_an_element_is_refused_with_its_path() -> None:
    with pytest.raises(SchemaError, match=r"^\$\.aim: expected a Box"):
        action_element(spaces.Dict({"aim": spaces.Text(3)}))
