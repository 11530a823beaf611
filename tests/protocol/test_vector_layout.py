"""Layouts place every leaf where both sides look for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from protocol.action_layout import ActionLayout
from protocol.observation_layout import ObservationLayout
from protocol.schema import (
    ActionElement,
    BoolAction,
    BoolObservation,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    FloatAction,
    FloatObservation,
    InclusiveDiscreteAction,
    ObservationElement,
    StaticArrayAction,
    StaticArrayObservation,
    StructAction,
    StructObservation,
)
from tests.strategies import actions, observations

ENEMY = StructObservation((("kind", ExclusiveDiscreteObservation(2)), ("position", ContinuousObservation(2, 100.0))))
OBSERVATION = StructObservation(
    (("speed", FloatObservation(5.0)), ("enemies", StaticArrayObservation(ENEMY, 2)), ("armed", BoolObservation()))
)
ACTION = StructAction(
    (
        ("weapon", ExclusiveDiscreteAction(3)),
        ("steering", FloatAction(2.0, "clip", -1.0, 1.0)),
        ("jump", BoolAction()),
        ("aim", ContinuousAction(2, 1.0, "squash", (-1.0, 0.0), (1.0, 4.0))),
        ("stances", StaticArrayAction(ExclusiveDiscreteAction(2), 2)),
        ("perks", InclusiveDiscreteAction(2)),
        ("drift", FloatAction(3.0)),
    )
)


def test_observation_leaves_follow_one_another_in_the_order_of_declaration() -> None:
    layout = ObservationLayout.of(OBSERVATION)
    assert layout.size == 10
    assert [(leaf.path, leaf.kind, leaf.offset, leaf.size, leaf.scale) for leaf in layout.leaves] == [
        ("$.speed", "continuous", 0, 1, 5.0),
        ("$.enemies[0].kind", "exclusive", 1, 2, 1.0),
        ("$.enemies[0].position", "continuous", 3, 2, 100.0),
        ("$.enemies[1].kind", "exclusive", 5, 2, 1.0),
        ("$.enemies[1].position", "continuous", 7, 2, 100.0),
        ("$.armed", "inclusive", 9, 1, 1.0),
    ]
    assert layout.normalized.tolist() == [True, False, False, True, True, False, False, True, True, False]
    assert layout.scale.tolist() == [5, 1, 1, 100, 100, 1, 1, 100, 100, 1]
    assert layout.path_of(8) == "$.enemies[1].position[1]"


def test_action_blocks_hold_numbers_then_one_hots_then_bits() -> None:
    layout = ActionLayout.of(ACTION)
    assert (layout.continuous_size, layout.exclusive_sizes, layout.inclusive_size) == (4, (3, 2, 2), 3)
    assert (layout.vector_size, layout.distribution_size, layout.modifier_size) == (14, 18, 0)
    assert {leaf.path: leaf.action_offset for leaf in layout.leaves} == {
        "$.steering": 0,
        "$.aim": 1,
        "$.drift": 3,
        "$.weapon": 4,
        "$.stances[0]": 7,
        "$.stances[1]": 9,
        "$.jump": 11,
        "$.perks": 12,
    }
    assert layout.path_of(13) == "$.perks[1]"


def test_continuous_numbers_carry_their_bounds_and_scale() -> None:
    layout = ActionLayout.of(ACTION)
    assert layout.squashed.tolist() == [False, True, True, False]
    assert layout.clipped.tolist() == [True, False, False, False]
    assert layout.scale.tolist() == [2, 1, 1, 3]
    assert layout.low.tolist() == [-1, -1, 0, -np.inf]
    assert layout.high.tolist() == [1, 1, 4, np.inf]


def test_layout_arrays_cannot_be_written() -> None:
    for array in (ActionLayout.of(ACTION).low, ObservationLayout.of(OBSERVATION).normalized):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_float_outside_the_vector_has_no_path() -> None:
    with pytest.raises(IndexError, match="no float 10"):
        ObservationLayout.of(OBSERVATION).path_of(10)


@given(observations())
def test_observation_leaves_cover_the_vector_once(element: ObservationElement) -> None:
    layout = ObservationLayout.of(element)
    assert layout.size == element.size
    assert [i for leaf in layout.leaves for i in range(leaf.offset, leaf.offset + leaf.size)] == list(
        range(layout.size)
    )


@given(actions())
def test_action_leaves_cover_the_vector_once(element: ActionElement) -> None:
    layout = ActionLayout.of(element)
    assert layout.vector_size == element.size
    floats = [i for leaf in layout.leaves for i in range(leaf.action_offset, leaf.action_offset + leaf.size)]
    assert sorted(floats) == list(range(layout.vector_size))
    assert len(layout.squashed) == len(layout.low) == len(layout.scale) == layout.continuous_size
