"""What a controller makes is what the game gets; what doesn't fit the schema is refused by element and agent."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_sdk.action_schema import ActionSchema
from host_sdk.action_value import ActionValue
from host_sdk.errors import ValueMismatchError
from host_sdk.geometry import Transform, quaternion_from_axis_angle
from host_sdk.inference import ActionDistribution
from host_sdk.interaction.action_decoder import ActionDecoder
from host_sdk.interaction.action_writer import ActionWriter
from protocol.action_layout import ActionLayout
from protocol.schema import ActionElement
from protocol.schema.registry import ACTION_TYPES
from protocol.vector_array import FloatArray
from tests.host_sdk.remade_action import ACTIONS, decoded, remade, single, written
from tests.host_sdk.structured_action import EVERYTHING, SCHEMA, Keys, Stance, sampled
from tests.strategies import actions, random_distribution, random_modifiers

MAKE = ACTIONS
COUNT = 5


def sampled_from(element: ActionElement, seed: int, modifiers: FloatArray | None = None) -> FloatArray:
    """float32[COUNT, A] of a policy of some opinion."""
    layout, generator = ActionLayout.of(element), np.random.default_rng(seed)
    vectors, log_probs = np.zeros((COUNT, layout.vector_size), np.float32), np.zeros(COUNT, np.float32)
    distribution = random_distribution(layout, COUNT, generator)
    ActionDistribution(layout, COUNT).sample(distribution, generator, 1.0, vectors, log_probs, modifiers)
    if modifiers is None:  # else some scales in space, whose logarithms these are, would be beyond all numbers
        most = np.where(layout.squashed, 5.0, 20.0 / layout.scale).astype(np.float32)
        vectors[:, : layout.continuous_size] = np.clip(vectors[:, : layout.continuous_size], -most, most)
    return vectors


def assert_same_action(received: FloatArray, expected: FloatArray, element: ActionElement) -> None:
    """The same is chosen, and the same numbers are delivered."""
    size = ActionLayout.of(element).continuous_size
    np.testing.assert_array_equal(received[:, size:], expected[:, size:])
    # A float's own rounding, and what it costs to leave a bound by the inverse of tanh.
    np.testing.assert_allclose(
        decoded(element, received).values, decoded(element, expected).values, rtol=2e-5, atol=2e-5
    )


@settings(max_examples=120)
@given(actions(), st.integers(0, 2**32))
def test_what_was_read_and_made_again_is_the_same_action(element: ActionElement, seed: int) -> None:
    # Directions of length 1, and rotations of less than a turn, are what games read of those that were sampled.
    first = written(element, remade(decoded(element, sampled_from(element, seed))), tuple(range(COUNT)))
    again = written(element, remade(decoded(element, first)), tuple(range(COUNT)))
    assert_same_action(again, first, element)
    size = ActionLayout.of(element).continuous_size
    np.testing.assert_array_equal(first[:, size:], sampled_from(element, seed)[:, size:])
    canonical = np.array([ActionDecoder(element).canonical(row) for row in first])
    np.testing.assert_array_equal(canonical, first)


@settings(max_examples=60)
@given(actions(), st.integers(0, 2**32))
def test_one_agents_action_is_that_of_the_batch(element: ActionElement, seed: int) -> None:
    elements = decoded(element, sampled_from(element, seed))
    together = written(element, remade(elements), tuple(range(COUNT)))
    for agent in range(COUNT):
        alone = written(element, remade(single(elements, agent)))
        np.testing.assert_allclose(alone[0], together[agent], rtol=1e-6, atol=1e-6)


@settings(max_examples=60)
@given(actions(), st.integers(0, 2**32))
def test_what_a_modifier_allows_passes_and_given_numbers_win(element: ActionElement, seed: int) -> None:
    layout, decoder = ActionLayout.of(element), ActionDecoder(element)
    modifiers = random_modifiers(layout, COUNT, np.random.default_rng(seed))
    expected = sampled_from(element, seed, modifiers)
    rows, size = expected.copy(), layout.continuous_size
    rows[:, :size] += 1.0
    rows = np.array([decoder.canonical(row) for row in rows])
    ActionWriter(decoder.node, layout).restrict(rows, modifiers, range(COUNT))
    is_given = modifiers[:, size : 2 * size] > 0.5
    np.testing.assert_array_equal(rows[:, :size][is_given], expected[:, :size][is_given])
    np.testing.assert_array_equal(rows[:, size:], expected[:, size:])


def test_every_element_has_a_maker_and_a_reader() -> None:
    kinds = set(ACTION_TYPES)
    assert len(kinds) == 25
    makers = {name for name in dir(ActionSchema) if not name.startswith("_")}
    assert kinds == makers
    assert [kind for kind in kinds if not hasattr(ACTIONS, kind) or not hasattr(ACTIONS, f"get_{kind}")] == []


def test_numbers_are_as_the_policy_would_have_sampled_them() -> None:
    element = SCHEMA.struct(
        {
            "free": SCHEMA.continuous(2, scale=4.0),
            "clipped": SCHEMA.float(2.0, "clip", -3.0, 3.0),
            "squashed": SCHEMA.continuous(2, bounding="squash", low=0.0, high=10.0),
        }
    )
    rows = written(
        element,
        MAKE.struct(
            {"free": MAKE.continuous([8, -2]), "clipped": MAKE.float(5.0), "squashed": MAKE.continuous([7.5, 12])}
        ),
    )
    np.testing.assert_allclose(rows[0, :4], [2.0, -0.5, 1.5, math.atanh(0.5)], rtol=1e-6)
    assert 7.2 < rows[0, 4] < 7.3  # finite, though only an infinite number would be squashed to the bound


def test_relative_ones_come_back_as_they_were_made() -> None:
    agents = Transform(
        np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        quaternion_from_axis_angle([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]], [90.0, 30.0]),
        np.array([[2.0, 2.0, 2.0], [1.0, 3.0, 0.5]]),
    )
    turn = quaternion_from_axis_angle([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]], [40.0, -50.0])
    points, scale = np.array([[3.0, -1.0, 2.0], [0.5, 0.0, -4.0]]), np.array([[1.0, 2.0, 3.0], [0.1, 0.2, 0.3]])
    element = SCHEMA.struct(
        {
            "location": SCHEMA.location(scale=10.0),
            "rotation": SCHEMA.rotation(),
            "scale": SCHEMA.scale(),
            "transform": SCHEMA.transform(),
            "angle": SCHEMA.angle(),
            "velocity": SCHEMA.velocity(),
            "direction": SCHEMA.direction(),
        }
    )
    value = MAKE.struct(
        {
            "location": MAKE.location(points, agents),
            "rotation": MAKE.rotation(turn, agents.rotation),
            "scale": MAKE.scale(scale, agents.scale),
            "transform": MAKE.transform(Transform(points, turn, scale), agents),
            "angle": MAKE.angle([100.0, -20.0], [30.0, 40.0]),
            "velocity": MAKE.velocity(points, agents),
            "direction": MAKE.direction(points, agents),
        }
    )
    parts = MAKE.get_struct(decoded(element, written(element, value, (0, 1))))
    transform = MAKE.get_transform(parts["transform"], agents)
    for received, expected in (
        (MAKE.get_location(parts["location"], agents), points),
        (MAKE.get_rotation(parts["rotation"], agents.rotation), turn),
        (MAKE.get_scale(parts["scale"], agents.scale), scale),
        (transform.location, points),
        (transform.rotation, turn),
        (transform.scale, scale),
        (MAKE.get_angle(parts["angle"], [30.0, 40.0]), [100.0, -20.0]),
        (MAKE.get_velocity(parts["velocity"], agents), points),
        (MAKE.get_direction(parts["direction"], agents), points / np.linalg.norm(points, axis=1, keepdims=True)),
    ):
        np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-5)


def test_one_value_holds_for_all_agents() -> None:
    element = SCHEMA.struct(
        {"push": SCHEMA.continuous(2), "stance": SCHEMA.enum(Stance), "keys": SCHEMA.bitmask(Keys), "go": SCHEMA.bool()}
    )
    value = MAKE.struct(
        {
            "push": MAKE.continuous([1.0, 2.0]),
            "stance": MAKE.enum(Stance.HIGH),
            "keys": MAKE.bitmask(Keys.JUMP | Keys.SPRINT),
            "go": MAKE.bool([True, False, True]),
        }
    )
    rows = written(element, value, (0, 1, 2))
    np.testing.assert_array_equal(rows[:, :-1], np.tile([1, 2, 0, 1, 1, 0, 1], (3, 1))[:, [0, 1, 2, 3, 4, 5, 6]])
    assert rows[:, -1].tolist() == [1, 0, 1]


def test_choices_may_be_made_by_name_place_or_member() -> None:
    stance, names = SCHEMA.enum(Stance), SCHEMA.named_exclusive_discrete(["left", "right"])
    for value in (MAKE.enum([Stance.LOW, Stance.HIGH]), MAKE.enum(["LOW", "HIGH"]), MAKE.enum(np.array([0, 1]))):
        assert written(stance, value, (0, 1)).tolist() == [[1, 0], [0, 1]]
    assert written(names, MAKE.named_exclusive_discrete(np.array(["right", "left"])), (0, 1)).tolist() == [
        [0, 1],
        [1, 0],
    ]
    perks = SCHEMA.named_inclusive_discrete(["fast", "strong"])
    for chosen in (["strong"], [False, True], {"strong": True}, {"fast": False, "strong": [True]}):
        assert written(perks, MAKE.named_inclusive_discrete(chosen), (0,)).tolist() == [[0, 1]]
    assert written(SCHEMA.inclusive_discrete(3), MAKE.inclusive_discrete([2, 0])).tolist() == [[1, 0, 1]]
    assert written(SCHEMA.inclusive_discrete(3), MAKE.inclusive_discrete([])).tolist() == [[0, 0, 0]]


def test_what_an_agent_did_not_choose_is_not_looked_at() -> None:
    element = SCHEMA.exclusive_union(
        {"aim": SCHEMA.continuous(1), "stance": SCHEMA.enum(Stance), "rest": SCHEMA.null()}
    )
    value = MAKE.exclusive_union(
        ["aim", "stance", "rest"],
        {"aim": MAKE.continuous([[0.5], [np.nan], [np.inf]]), "stance": MAKE.enum(["", "LOW", "NOBODY"])},
    )
    assert written(element, value, (3, 5, 8)).tolist() == [[0.5, 1, 0, 0, 0, 0], [0, 0, 1, 0, 1, 0], [0, 0, 0, 1, 0, 0]]


def _wrong(value: Callable[[], ActionValue], element: ActionElement, message: str) -> tuple[object, ...]:
    return element, value, message


@pytest.mark.parametrize(
    ("element", "value", "message"),
    [
        _wrong(lambda: MAKE.continuous([1.0]), SCHEMA.float(), r"expected action_object\.float, got .*continuous"),
        _wrong(lambda: MAKE.float(1.0), SCHEMA.float(tag="x"), "with the tag 'x', got"),
        _wrong(
            lambda: MAKE.float([1.0, np.nan]), SCHEMA.float(), r"action of agent 9: expected finite numbers, got nan"
        ),
        _wrong(lambda: MAKE.float("fast"), SCHEMA.float(), "expected float numbers, got values of type <U4"),
        _wrong(lambda: MAKE.continuous([[1, 2, 3]]), SCHEMA.continuous(2), r"of shape \(2, 2\) or \(2,\), got shape"),
        _wrong(lambda: MAKE.scale([[1, 1, 1], [1, 0, 1]]), SCHEMA.scale(), "agent 9: expected scales that are finite"),
        _wrong(lambda: MAKE.float([1.0, 1e38]), SCHEMA.float(1e-3), "agent 9: expected numbers that float32 holds"),
        _wrong(lambda: MAKE.exclusive_discrete([0, 3]), SCHEMA.exclusive_discrete(3), "agent 9: .* from 0 to 2, got 3"),
        _wrong(lambda: MAKE.exclusive_discrete([0, 1, 2]), SCHEMA.exclusive_discrete(3), r"\(2,\) or \(\), got shape"),
        _wrong(lambda: MAKE.exclusive_discrete([True, False]), SCHEMA.exclusive_discrete(2), "got values of type bool"),
        _wrong(lambda: MAKE.enum(["LOW", "MIDDLE"]), SCHEMA.enum(Stance), "agent 9: .*LOW, HIGH.* got 'MIDDLE'"),
        _wrong(lambda: MAKE.bool([1.0, 0.0]), SCHEMA.bool(), "expected true or false, got values of type float64"),
        _wrong(lambda: MAKE.bitmask([1, 8]), SCHEMA.bitmask(Keys), "agent 9: expected flags from 0 to 7, got 8"),
        _wrong(
            lambda: MAKE.named_inclusive_discrete({"flat": True}),
            SCHEMA.named_inclusive_discrete(["fast"]),
            "one of {fast}, or a place from 0 to 0, got 'flat'",
        ),
        _wrong(
            lambda: MAKE.struct({"a": MAKE.float(1.0)}),
            SCHEMA.struct({"a": SCHEMA.float(), "b": SCHEMA.float()}),
            r"a struct of {a, b}, got one of {a}",
        ),
        _wrong(lambda: MAKE.static_array([MAKE.bool(True)]), SCHEMA.static_array(SCHEMA.bool(), 2), "of {0, 1}, got"),
        _wrong(
            lambda: MAKE.optional(MAKE.float([1.0, np.inf]), [False, True]),
            SCHEMA.optional(SCHEMA.float()),
            r"action\.valid of agent 9: expected finite",
        ),
        _wrong(
            lambda: MAKE.exclusive_union(["a", "b"], {"a": MAKE.float(1.0)}),
            SCHEMA.exclusive_union({"a": SCHEMA.float(), "b": SCHEMA.bool()}),
            r"action\.b of agent 9: expected an element, since it was chosen, got none",
        ),
        _wrong(
            lambda: MAKE.inclusive_union({"c": MAKE.float(1.0)}),
            SCHEMA.inclusive_union({"a": SCHEMA.float(), "b": SCHEMA.bool()}),
            "expected options of {a, b}, got {c}",
        ),
        _wrong(lambda: 3, SCHEMA.float(), "got int .make actions with the action_object"),  # type: ignore[arg-type, return-value]
    ],
)
def test_what_does_not_fit_is_refused(element: ActionElement, value: Callable[[], ActionValue], message: str) -> None:
    with pytest.raises(ValueMismatchError, match=message):
        written(element, value(), (4, 9))


def test_a_masked_choice_is_refused_by_agent_and_option() -> None:
    decoder = ActionDecoder(EVERYTHING)
    rows = sampled(3)
    modifiers = np.zeros((3, decoder.layout.modifier_size), np.float32)
    writer = ActionWriter(decoder.node, decoder.layout)
    writer.restrict(rows, modifiers, (2, 4, 6))
    weapon = decoder.node.children["weapon"].columns
    chosen = int(rows[1, weapon].argmax())
    modifiers[1, decoder.layout.continuous_size + weapon.start + chosen] = 1.0
    name = decoder.node.children["weapon"].names[chosen]
    with pytest.raises(ValueMismatchError, match=rf"action\.weapon of agent 4: .* got the masked '{name}'"):
        writer.restrict(rows, modifiers, (2, 4, 6))
