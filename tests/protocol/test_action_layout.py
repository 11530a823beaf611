"""Layouts of actions place every leaf where both sides look for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from protocol.action_layout import ActionLayout
from protocol.schema import (
    ActionElement,
    BoolAction,
    ContinuousAction,
    ExclusiveDiscreteAction,
    FloatAction,
    InclusiveDiscreteAction,
    StaticArrayAction,
    StructAction,
)
from tests.strategies import actions

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


def test_action_blocks_hold_numbers_then_one_hots_then_bits() -> None:
    layout = ActionLayout.of(ACTION)
    assert (layout.continuous_size, layout.exclusive_sizes, layout.inclusive_size) == (4, (3, 2, 2), 3)
    assert (layout.vector_size, layout.distribution_size, layout.modifier_size) == (14, 18, 18)
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
    with pytest.raises(ValueError, match="read-only"):
        ActionLayout.of(ACTION).low[0] = 1


@given(actions())
def test_action_leaves_cover_the_vector_once(element: ActionElement) -> None:
    layout = ActionLayout.of(element)
    assert layout.vector_size == element.vector_size
    floats = [i for leaf in layout.leaves for i in range(leaf.action_offset, leaf.action_offset + leaf.size)]
    assert sorted(floats) == list(range(layout.vector_size))
    assert len(layout.squashed) == len(layout.low) == len(layout.scale) == layout.continuous_size
