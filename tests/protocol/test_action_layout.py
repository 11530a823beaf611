"""Layouts of actions place every leaf where both sides look for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from protocol.action_layout import NO_GATE, ActionLayout
from protocol.schema import (
    ActionElement,
    AngleAction,
    BoolAction,
    ContinuousAction,
    EncodingAction,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    FloatAction,
    InclusiveDiscreteAction,
    InclusiveUnionAction,
    NullAction,
    OptionalAction,
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


NESTED = StructAction(
    (
        (
            "weapon",
            ExclusiveUnionAction(
                (
                    ("none", NullAction()),
                    ("bow", EncodingAction(StructAction((("draw", FloatAction()), ("poison", BoolAction(0.9)))))),
                    ("sword", OptionalAction(EncodingAction(ExclusiveDiscreteAction(2), 8), 0.25)),
                ),
                (0.5, 0.25, 0.25),
            ),
        ),
        ("limbs", InclusiveUnionAction((("arm", AngleAction()), ("leg", BoolAction())), (0.5, 0.1))),
    )
)


def test_leaves_of_a_union_hang_on_the_float_that_says_that_their_option_was_chosen() -> None:
    layout = ActionLayout.of(NESTED)
    # draw, arm | none, bow, sword | null, valid | cut, stab | poison | arm?, leg? | leg
    assert [(leaf.path, leaf.kind, leaf.action_offset, leaf.gate, leaf.encoding) for leaf in layout.leaves] == [
        ("$.weapon.choice", "exclusive", 2, None, None),
        ("$.weapon.bow.draw", "continuous", 0, 3, 0),
        ("$.weapon.bow.poison", "inclusive", 9, 3, 0),
        ("$.weapon.sword.choice", "exclusive", 5, 4, None),
        ("$.weapon.sword.valid", "exclusive", 7, 6, 1),
        ("$.limbs.present", "inclusive", 10, None, None),
        ("$.limbs.arm", "continuous", 1, 10, None),
        ("$.limbs.leg", "inclusive", 12, 11, None),
    ]
    assert layout.is_gated
    assert layout.gates.tolist() == [3, 10, -1, -1, -1, 4, 4, 6, 6, 3, -1, -1, 11]
    floats = [(floats.tolist(), gates.tolist()) for floats, gates in layout.gated_levels]
    assert floats == [([0, 1, 5, 6, 9, 12], [3, 10, 4, 4, 3, 11]), ([7, 8], [6, 6])]
    assert [(encoding.path, encoding.size, encoding.parent) for encoding in layout.encodings] == [
        ("$.weapon.bow", 128, None),
        ("$.weapon.sword.valid", 8, None),
    ]


def test_priors_are_the_logits_that_give_their_probabilities() -> None:
    layout = ActionLayout.of(NESTED)
    bias = layout.prior_bias.astype(np.float64)
    choice = np.exp(bias[2:5])
    np.testing.assert_allclose(choice / choice.sum(), [0.5, 0.25, 0.25], rtol=1e-6)
    valid = np.exp(bias[5:7])
    np.testing.assert_allclose(valid / valid.sum(), [0.75, 0.25], rtol=1e-6)
    np.testing.assert_allclose(1 / (1 + np.exp(-bias[9:])), [0.9, 0.5, 0.1, 0.5], rtol=1e-6)
    assert not bias[[0, 1, 7, 8]].any()


def test_inner_encodings_know_the_outer_one() -> None:
    inner = EncodingAction(FloatAction(), 4)
    layout = ActionLayout.of(EncodingAction(StaticArrayAction(inner, 2), 8))
    assert [(encoding.path, encoding.parent) for encoding in layout.encodings] == [
        ("$", None),
        ("$[0]", 0),
        ("$[1]", 0),
    ]
    assert [leaf.encoding for leaf in layout.leaves] == [1, 2]


def test_plain_actions_have_no_gates() -> None:
    layout = ActionLayout.of(ACTION)
    assert not layout.is_gated
    assert layout.gated_levels == ()
    assert set(layout.gates.tolist()) == {NO_GATE}


@given(actions())
def test_gates_come_before_what_hangs_on_them(element: ActionElement) -> None:
    layout = ActionLayout.of(element)
    reached = set(np.flatnonzero(layout.gates == NO_GATE).tolist())
    for floats, gates in layout.gated_levels:
        assert set(gates.tolist()) <= reached
        assert reached.isdisjoint(floats.tolist())
        reached |= set(floats.tolist())
    assert reached == set(range(layout.vector_size))


@given(actions())
def test_action_leaves_cover_the_vector_once(element: ActionElement) -> None:
    layout = ActionLayout.of(element)
    assert layout.vector_size == element.vector_size
    floats = [i for leaf in layout.leaves for i in range(leaf.action_offset, leaf.action_offset + leaf.size)]
    assert sorted(floats) == list(range(layout.vector_size))
    assert len(layout.squashed) == len(layout.low) == len(layout.scale) == layout.continuous_size
