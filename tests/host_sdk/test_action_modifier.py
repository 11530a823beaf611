"""Modifiers become masks and given numbers; those that do not fit are refused by element and agent."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from host_sdk.action_modifier import ActionModifier
from host_sdk.action_modifier_element import ActionModifierElement
from host_sdk.action_object import ActionObject
from host_sdk.errors import ValueMismatchError
from host_sdk.geometry import Transform, quaternion_from_axis_angle
from host_sdk.inference import ActionDistribution
from host_sdk.interaction.action_decoder import ActionDecoder
from host_sdk.interaction.action_modifier_writer import ActionModifierWriter
from protocol.schema import ActionElement
from protocol.vector_array import FloatArray
from tests.host_sdk.structured_action import EVERYTHING, SCHEMA, Keys, Stance

MAKE, READ = ActionModifier(), ActionObject()


def written(
    element: ActionElement, modifier: ActionModifierElement, agent_ids: tuple[int, ...] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Rows [n, M] and given numbers [n, C]; of one agent, 7, where no ids are given."""
    decoder = ActionDecoder(element)
    count = len(agent_ids or (7,))
    rows = np.full((count, decoder.layout.modifier_size), np.nan, dtype=np.float32)
    given = np.zeros((count, decoder.layout.continuous_size), dtype=np.float32)
    writer = ActionModifierWriter(decoder.node, decoder.layout)
    writer.write(modifier, rows, given, agent_ids or (7,), is_batched=agent_ids is not None)
    return rows, given


def test_nothing_is_modified_by_default() -> None:
    rows, _ = written(EVERYTHING, MAKE.none())
    assert not rows.any()
    assert not written(EVERYTHING, MAKE.struct({}))[0].any()


def test_given_numbers_are_as_the_policy_would_have_sampled_them() -> None:
    element = SCHEMA.struct(
        {
            "free": SCHEMA.continuous(2, scale=4.0),
            "clipped": SCHEMA.float(2.0, "clip", -3.0, 3.0),
            "squashed": SCHEMA.continuous(2, bounding="squash", low=0.0, high=10.0),
        }
    )
    modifier = MAKE.struct(
        {
            "free": MAKE.continuous([8.0, 1.0], [True, False]),
            "clipped": MAKE.float(3.0),
            "squashed": MAKE.continuous([7.5, 10.0]),
        }
    )
    rows, given = written(element, modifier)
    np.testing.assert_allclose(rows[0, :4], [2.0, 0.0, 1.5, math.atanh(0.5)], rtol=1e-6)
    assert 6.0 < rows[0, 4] < 8.0  # finite, though only an infinite number would be squashed to the bound
    assert rows[0, 5:].tolist() == [1, 0, 1, 1, 1]
    assert given[0, [0, 2, 3, 4]].tolist() == [8.0, 3.0, 7.5, 10.0]


def test_masks_lie_on_their_options() -> None:
    element = SCHEMA.struct(
        {
            "gear": SCHEMA.exclusive_discrete(3),
            "way": SCHEMA.named_exclusive_discrete(["left", "right"]),
            "stance": SCHEMA.enum(Stance),
            "horn": SCHEMA.bool(),
            "lamps": SCHEMA.inclusive_discrete(2),
            "perks": SCHEMA.named_inclusive_discrete(["fast", "strong"]),
            "keys": SCHEMA.bitmask(Keys),
        }
    )
    modifier = MAKE.struct(
        {
            "gear": MAKE.exclusive_discrete([0, 2]),
            "way": MAKE.named_exclusive_discrete(["right"]),
            "stance": MAKE.enum([Stance.LOW]),
            "horn": MAKE.bool(),
            "lamps": MAKE.inclusive_discrete([False, True]),
            "perks": MAKE.named_inclusive_discrete(["fast", "strong"]),
            "keys": MAKE.bitmask(Keys.JUMP | Keys.SPRINT),
        }
    )
    rows, _ = written(element, modifier)
    assert rows[0].tolist() == [1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 0, 1]


def test_a_batched_modifier_has_arrays_for_all_agents_or_one_for_all() -> None:
    element = SCHEMA.struct({"gear": SCHEMA.exclusive_discrete(2), "turn": SCHEMA.float(), "horn": SCHEMA.bool()})
    modifier = MAKE.struct(
        {
            "gear": MAKE.exclusive_discrete(np.array([[True, False], [False, True], [False, False]])),
            "turn": MAKE.float(np.array([1.0, 2.0, 3.0]), is_given=np.array([True, False, True])),
            "horn": MAKE.bool(np.array([False, True, False])),
        }
    )
    rows, given = written(element, modifier, (4, 5, 6))
    assert rows.tolist() == [[1, 1, 1, 0, 0], [0, 0, 0, 1, 1], [3, 1, 0, 0, 0]]
    assert given[[0, 2], 0].tolist() == [1.0, 3.0]
    for_all = MAKE.struct({"gear": MAKE.exclusive_discrete([1]), "turn": MAKE.float(0.5), "horn": MAKE.bool()})
    rows, _ = written(element, for_all, (4, 5, 6))
    assert rows.tolist() == [[0.5, 1, 0, 1, 1]] * 3


def test_masks_may_be_told_by_option() -> None:
    element = SCHEMA.struct({"gear": SCHEMA.exclusive_discrete(2), "stance": SCHEMA.enum(Stance)})
    last, is_tired = len(Stance) - 1, np.array([True, False, True])
    modifier = MAKE.struct(
        {"gear": MAKE.exclusive_discrete({1: is_tired}), "stance": MAKE.enum({list(Stance)[last]: True})}
    )
    rows, _ = written(element, modifier, (4, 5, 6))
    assert rows[:, :2].tolist() == [[0, 1], [0, 0], [0, 1]]
    assert rows[:, 2:].tolist() == [[0] * last + [1]] * 3
    for flags in (np.array([True, False]), [0, 1, 1], 1.0):
        with pytest.raises(ValueMismatchError, match="one for each of 3 agents, for 1"):
            written(element, MAKE.struct({"gear": MAKE.exclusive_discrete({1: flags})}), (4, 5, 6))


def test_options_of_unions_are_masked_and_modified_by_name() -> None:
    element = SCHEMA.struct(
        {
            "weapon": SCHEMA.exclusive_union({"none": SCHEMA.null(), "bow": SCHEMA.float(), "sword": SCHEMA.bool()}),
            "limbs": SCHEMA.inclusive_union({"arm": SCHEMA.float(), "leg": SCHEMA.bool()}),
            "drop": SCHEMA.optional(SCHEMA.exclusive_discrete(2)),
            "way": SCHEMA.either(SCHEMA.bool(), SCHEMA.null()),
            "slots": SCHEMA.static_array(SCHEMA.encoding(SCHEMA.pair(SCHEMA.bool(), SCHEMA.bool())), 2),
        }
    )
    modifier = MAKE.struct(
        {
            "weapon": MAKE.exclusive_union(["sword"], {"bow": MAKE.float(2.0)}),
            "limbs": MAKE.inclusive_union(["arm"], {"leg": MAKE.bool()}),
            "drop": MAKE.optional(MAKE.exclusive_discrete([0]), masked=["null"]),
            "way": MAKE.either(a=MAKE.bool(), masked=["b"]),
            "slots": MAKE.static_array({1: MAKE.encoding(MAKE.pair(value=MAKE.bool()))}),
        }
    )
    rows, _ = written(element, modifier)
    # bow, arm | their flags | none bow sword, null valid, 0 1, a b | sword, arm there? leg there? leg, a, slots
    assert rows[0].tolist() == [2, 0, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0, 1]


def test_places_in_space_are_given_as_they_are_read() -> None:
    element = SCHEMA.struct(
        {
            "location": SCHEMA.location(),
            "rotation": SCHEMA.rotation(),
            "scale": SCHEMA.scale(),
            "transform": SCHEMA.transform(),
            "angle": SCHEMA.angle(),
            "velocity": SCHEMA.velocity(),
            "direction": SCHEMA.direction(),
        }
    )
    frame = Transform((1, 2, 3), quaternion_from_axis_angle((0, 1, 1), 70.0), (2, 2, 2))
    turn, other = quaternion_from_axis_angle((1, 2, -1), 100.0), quaternion_from_axis_angle((0, 0, 1), -30.0)
    place = Transform((5, -6, 7), turn, (3, 2, 1))
    modifier = MAKE.struct(
        {
            "location": MAKE.location((30.0, 4.0, 5.0), relative_transform=frame),
            "rotation": MAKE.rotation(turn, relative_rotation=other),
            "scale": MAKE.scale((2.0, 0.5, 3.0), relative_scale=(4.0, 4.0, 4.0)),
            "transform": MAKE.transform(place, relative_transform=frame),
            "angle": MAKE.angle(200.0, relative_angle=-30.0),
            "velocity": MAKE.velocity((10.0, 0.0, -4.0), relative_transform=frame),
            "direction": MAKE.direction((0.0, 5.0, 0.0), relative_transform=frame),
        }
    )
    rows, given = written(element, modifier)
    decoder = ActionDecoder(element)
    size = decoder.layout.continuous_size
    for parts in (
        READ.get_struct(decoder.decode(rows[:, :size], (given, rows[:, size:] > 0))[0]),
        READ.get_struct(decoder.decode(rows[:, :size])[0]),  # what is trained on means the same
    ):
        np.testing.assert_allclose(READ.get_location(parts["location"], frame), [30, 4, 5], rtol=1e-5)
        assert abs(np.dot(READ.get_rotation(parts["rotation"], other), turn)) == pytest.approx(1.0, abs=1e-6)
        np.testing.assert_allclose(READ.get_scale(parts["scale"], (4.0, 4.0, 4.0)), [2, 0.5, 3], rtol=1e-5)
        seen = READ.get_transform(parts["transform"], frame)
        np.testing.assert_allclose(seen.location, place.location, rtol=1e-5)
        np.testing.assert_allclose(seen.scale, place.scale, rtol=1e-5)
        assert abs(np.dot(seen.rotation, turn)) == pytest.approx(1.0, abs=1e-6)
        assert READ.get_angle(parts["angle"], -30.0) == pytest.approx(200.0, rel=1e-5)
        np.testing.assert_allclose(READ.get_velocity(parts["velocity"], frame), [10, 0, -4], atol=1e-4)
        np.testing.assert_allclose(READ.get_direction(parts["direction"], frame), [0, 1, 0], atol=1e-5)


def test_only_those_agents_get_a_place_to_whom_it_is_given() -> None:
    locations = np.array([[100.0, 0, 0], [np.nan, 0, 0]])
    rows, _ = written(SCHEMA.location(), MAKE.location(locations, np.array([True, False])), (1, 2))
    assert rows.tolist() == [[1, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0]]


GEAR, PUSH = SCHEMA.exclusive_discrete(3), SCHEMA.continuous(2, bounding="clip", low=-1.0, high=1.0)
ARMS = SCHEMA.static_array(SCHEMA.struct({"gear": GEAR}), 2)


@pytest.mark.parametrize(
    ("element", "modifier", "message"),
    [
        (GEAR, MAKE.exclusive_discrete([0, 1, 2]), "action of agent 7: expected an option that is left to choose"),
        (GEAR, MAKE.exclusive_discrete([3]), "action of agent 7: expected an option, or a place from 0 to 2, got 3"),
        (GEAR, MAKE.exclusive_discrete([True, False]), r"true and false of shape \(3,\), got shape \(2,\)"),
        (GEAR, MAKE.exclusive_discrete([[0, 1]]), "a list of places or names, or true and false"),
        (GEAR, MAKE.exclusive_discrete([0.5]), r"or a place from 0 to 2, got 0\.5"),
        (GEAR, MAKE.bool(), r"expected action_modifier\.exclusive_discrete, got action_modifier\.bool"),
        (GEAR, MAKE.exclusive_discrete([0], tag="x"), "got action_modifier.exclusive_discrete with the tag 'x'"),
        (PUSH, MAKE.continuous([0.0, float("nan")]), "action of agent 7: expected finite numbers, got nan"),
        (PUSH, MAKE.continuous([0.0, 1e39]), r"expected finite numbers, got 1e\+39"),
        (PUSH, MAKE.continuous([0.0, 2.0]), r"expected numbers from \[-1\.0, -1\.0\] to \[1\.0, 1\.0\], got 2\.0"),
        (PUSH, MAKE.continuous([0.0]), r"expected numbers of shape \(2,\), got shape \(1,\)"),
        (PUSH, MAKE.continuous(["a", "b"]), "expected continuous numbers, got values of type"),
        (PUSH, MAKE.continuous([0.0, 0.0], [1, 0]), "`is_given` as true and false"),
        (PUSH, MAKE.continuous([0.0, 0.0], [True, False, True]), r"`is_given` of shape \(1, 2\)"),
        (SCHEMA.float(1e-20), MAKE.float(1e30), "numbers that float32 holds when divided by the scale"),
        (SCHEMA.scale(), MAKE.scale((1.0, -1.0, 1.0)), "expected scales that are finite and above 0"),
        (ARMS, MAKE.static_array({2: MAKE.none()}), r"expected modifiers of \{0, 1\}, got one of '2'"),
        (
            ARMS,
            MAKE.static_array([MAKE.none(), MAKE.struct({"gear": MAKE.exclusive_discrete([0, 1, 2])})]),
            r"action\[1\]\.gear of agent 7: expected an option that is left to choose",
        ),
        (SCHEMA.optional(GEAR), MAKE.optional(masked=["null", "valid"]), "action of agent 7: expected an option that"),
        (SCHEMA.enum(Stance), MAKE.enum(["MIDDLE"]), r"expected one of \{LOW, HIGH\}, or a place"),
    ],
)
def test_a_modifier_that_does_not_fit_is_refused(
    element: ActionElement, modifier: ActionModifierElement, message: str
) -> None:
    with pytest.raises(ValueMismatchError, match=message):
        written(element, modifier)


@pytest.mark.parametrize(
    "modifier",
    [
        lambda: MAKE.struct({"gear": MAKE.exclusive_discrete(np.array([[False] * 3, [True] * 3]))}),
        lambda: MAKE.struct({"turn": MAKE.float(np.array([0.0, np.inf]))}),
    ],
)
def test_the_agent_at_fault_of_a_batched_modifier_is_named(modifier: Callable[[], ActionModifierElement]) -> None:
    element = SCHEMA.struct({"gear": GEAR, "turn": SCHEMA.float()})
    with pytest.raises(ValueMismatchError, match=r"action\.(gear|turn) of agent 9:"):
        written(element, modifier(), (3, 9))


def test_what_is_no_modifier_is_refused() -> None:
    with pytest.raises(ValueMismatchError, match=r"dict .make modifiers with the action_modifier"):
        written(GEAR, {"gear": 1})  # type: ignore[arg-type]


def test_a_modifier_of_any_element_can_be_sampled_under() -> None:
    decoder = ActionDecoder(EVERYTHING)
    modifier = MAKE.struct(
        {
            "weapon": MAKE.exclusive_union(["none", "bow"], {"sword": MAKE.enum([Stance.LOW], tag="stance")}),
            "push": MAKE.continuous([5.0, 8.0]),
            "drop": MAKE.optional(masked=["valid"]),
        }
    )
    rows, given = written(EVERYTHING, modifier)
    layout = decoder.layout
    vectors, log_probs = np.zeros((1, layout.vector_size), np.float32), np.zeros(1, np.float32)
    distribution = np.zeros((1, layout.distribution_size), np.float32)
    ActionDistribution(layout, 1).sample(distribution, np.random.default_rng(0), 1.0, vectors, log_probs, rows)
    size = layout.continuous_size
    parts = READ.get_struct(decoder.decode(vectors, (given, rows[:, size : 2 * size] > 0))[0])
    name, sword = READ.get_exclusive_union(parts["weapon"])
    assert (name, READ.get_enum(sword, Stance, tag="stance")) == ("sword", Stance.HIGH)
    assert READ.get_continuous(parts["push"]).tolist() == [5.0, 8.0]
    assert READ.get_optional(parts["drop"]) is None
