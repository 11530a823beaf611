"""Values of observations arrive in vectors where the layout says, or are refused by name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from host_sdk.errors import ValueMismatchError
from host_sdk.interaction.observation_writer import ObservationWriter
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema
from host_sdk.observation_value import ObservationObjectElement
from protocol.errors import SchemaError
from protocol.schema import BitmaskObservation, ObservationElement

MAKE = ObservationObject()
SCHEMA = ObservationSchema()


def written(schema: ObservationElement, value: ObservationObjectElement, count: int | None = None) -> list[list[float]]:
    """The rows that a value is written to, after they held something else."""
    size = schema.vector_size
    rows = np.full(size if count is None else (count, size), 7.0, dtype=np.float32)
    ObservationWriter(schema, rows).write(value, range(count or 1))
    return rows.tolist()


def images_of(
    schema: ObservationElement, value: ObservationObjectElement, count: int | None = None
) -> npt.NDArray[np.uint8]:
    """The bytes that a value is written to."""
    lead = () if count is None else (count,)
    floats, images = np.zeros((*lead, schema.vector_size), np.float32), np.zeros((*lead, schema.image_size), np.uint8)
    ObservationWriter(schema, floats, images).write(value, range(count or 1))
    return images


def refusal(schema: ObservationElement, value: ObservationObjectElement, count: int | None = None) -> str:
    """What is said of a value that doesn't fit."""
    with pytest.raises(ValueMismatchError) as raised:
        written(schema, value, count)
    return str(raised.value)


def test_every_kind_of_leaf_is_written_for_one_agent() -> None:
    schema = SCHEMA.struct(
        {
            "position": SCHEMA.continuous(2, scale=10.0),
            "speed": SCHEMA.float(scale=2.0),
            "gear": SCHEMA.exclusive_discrete(3),
            "lights": SCHEMA.inclusive_discrete(3),
            "brake": SCHEMA.bool(),
        }
    )
    value = MAKE.struct(
        {
            "speed": MAKE.float(5.0),
            "position": MAKE.continuous([10.0, -20.0]),
            "gear": MAKE.exclusive_discrete(2),
            "lights": MAKE.inclusive_discrete([0, 2]),
            "brake": MAKE.bool(True),
        }
    )
    assert written(schema, value) == [1.0, -2.0, 2.5, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]


def test_a_batched_value_has_a_row_for_each_agent() -> None:
    schema = SCHEMA.struct({"position": SCHEMA.continuous(2), "gear": SCHEMA.exclusive_discrete(2)})
    value = MAKE.struct(
        {
            "position": MAKE.continuous(np.arange(6).reshape(3, 2)),
            "gear": MAKE.exclusive_discrete(np.array([1, 0, 1])),
        }
    )
    assert written(schema, value, 3) == [[0, 1, 0, 1], [2, 3, 1, 0], [4, 5, 0, 1]]


def test_a_static_array_is_given_element_by_element_or_as_one_element_with_an_axis() -> None:
    schema = SCHEMA.static_array(SCHEMA.struct({"x": SCHEMA.float(), "kind": SCHEMA.exclusive_discrete(2)}), 2)
    one_by_one = MAKE.static_array(
        [MAKE.struct({"x": MAKE.float([1.0, 2.0]), "kind": MAKE.exclusive_discrete([0, 1])}) for _ in range(2)]
    )
    together = MAKE.static_array(
        MAKE.struct({"x": MAKE.float([[1.0, 1.0], [2.0, 2.0]]), "kind": MAKE.exclusive_discrete([[0, 0], [1, 1]])})
    )
    expected = [[1, 1, 0, 1, 1, 0], [2, 0, 1, 2, 0, 1]]
    assert written(schema, one_by_one, 2) == expected
    assert written(schema, together, 2) == expected


def test_no_chosen_index_at_all_is_a_choice_of_nothing() -> None:
    assert written(SCHEMA.inclusive_discrete(2), MAKE.inclusive_discrete([])) == [0.0, 0.0]
    assert written(SCHEMA.named_inclusive_discrete(["a", "b"]), MAKE.named_inclusive_discrete([])) == [0.0, 0.0]


def test_many_choices_are_the_same_one_hots_as_few() -> None:
    indices = np.random.default_rng(0).integers(0, 5, 1000).astype(np.uint16)
    rows = np.array(written(SCHEMA.exclusive_discrete(5), MAKE.exclusive_discrete(indices), 1000))
    np.testing.assert_array_equal(rows, np.eye(5)[indices])
    indices = indices.astype(np.int64)
    indices[700] = -1
    message = refusal(SCHEMA.exclusive_discrete(5), MAKE.exclusive_discrete(indices), 1000)
    assert message == "observation of agent 700: expected an index from 0 to 4, got -1"


def test_slots_of_a_set_hold_what_is_present_and_zeros_otherwise() -> None:
    schema = SCHEMA.set(SCHEMA.continuous(2), 3)
    some = MAKE.set([MAKE.continuous([1, 2]), MAKE.continuous([3, 4])])
    assert written(schema, some) == [1, 2, 3, 4, 0, 0, 1, 1, 0]
    assert written(schema, MAKE.set([])) == [0.0] * 9
    gap = MAKE.set(MAKE.continuous([[np.nan, 2], [3, 4]]), present=[False, True])
    assert written(schema, gap) == [0, 0, 3, 4, 0, 0, 0, 1, 0]
    batched = MAKE.set(MAKE.continuous([[[1, 2]], [[np.nan, np.inf]]]), present=[[True], [False]])
    assert written(schema, batched, 2) == [[1, 2, 0, 0, 0, 0, 1, 0, 0], [0.0] * 9]


def test_an_array_keeps_its_places_and_a_map_its_pairs() -> None:
    array = MAKE.array([MAKE.float(3.0), MAKE.float(4.0)], present=[False, True])
    assert written(SCHEMA.array(SCHEMA.float(), 2), array) == [0, 4, 0, 1]
    schema = SCHEMA.map(SCHEMA.exclusive_discrete(2), SCHEMA.float(), 2)
    pairs = MAKE.map([(MAKE.exclusive_discrete(1), MAKE.float(5.0))])
    assert written(schema, pairs) == [0, 1, 5, 0, 0, 0, 1, 0]
    batched = MAKE.map(MAKE.exclusive_discrete([[1, 9]]), MAKE.float([[5.0, 6.0]]), [[True, False]])
    assert written(schema, batched, 1) == [[0, 1, 5, 0, 0, 0, 1, 0]]


def test_the_chosen_option_of_a_union_lies_at_its_beginning() -> None:
    schema = SCHEMA.exclusive_union({"none": SCHEMA.null(), "near": SCHEMA.float(), "far": SCHEMA.continuous(2)})
    assert written(schema, MAKE.exclusive_union("near", MAKE.float(3.0))) == [3, 0, 0, 1, 0]
    assert written(schema, MAKE.exclusive_union("none", MAKE.null())) == [0, 0, 1, 0, 0]
    options = {"near": MAKE.float([1, np.nan, 3, np.inf]), "far": MAKE.continuous(np.arange(8).reshape(4, 2))}
    expected = [[1, 0, 0, 1, 0], [2, 3, 0, 0, 1], [3, 0, 0, 1, 0], [6, 7, 0, 0, 1]]
    assert written(schema, MAKE.exclusive_union([1, 2, 1, 2], options), 4) == expected
    assert written(schema, MAKE.exclusive_union(["near", "far", "near", "far"], options), 4) == expected


def test_all_agents_may_choose_the_same() -> None:
    schema = SCHEMA.exclusive_union({"near": SCHEMA.float(), "far": SCHEMA.continuous(2)})
    value = MAKE.exclusive_union("near", {"near": MAKE.float([1.0, 2.0])})
    assert written(schema, value, 2) == [[1, 0, 1, 0], [2, 0, 1, 0]]


def test_an_optional_is_there_or_not_and_an_either_is_one_of_two() -> None:
    optional = SCHEMA.optional(SCHEMA.float())
    assert written(optional, MAKE.optional(MAKE.float(2.0))) == [2, 0, 1]
    assert written(optional, MAKE.optional(None)) == [0, 1, 0]
    assert written(optional, MAKE.optional(MAKE.float([np.nan, 2.0]), [False, True]), 2) == [[0, 1, 0], [2, 0, 1]]
    either = SCHEMA.either(SCHEMA.float(), SCHEMA.continuous(2))
    assert written(either, MAKE.either_a(MAKE.float(2.0))) == [2, 0, 1, 0]
    assert written(either, MAKE.either_b(MAKE.continuous([2.0, 3.0]))) == [2, 3, 0, 1]
    both = MAKE.either(MAKE.float([1.0, np.nan]), MAKE.continuous([[np.nan] * 2, [2.0, 3.0]]), [True, False])
    assert written(either, both, 2) == [[1, 0, 1, 0], [2, 3, 0, 1]]


def test_the_present_options_of_an_inclusive_union_lie_at_their_places() -> None:
    schema = SCHEMA.inclusive_union({"a": SCHEMA.float(), "b": SCHEMA.continuous(2)})
    assert written(schema, MAKE.inclusive_union({"b": MAKE.continuous([2, 3])})) == [0, 2, 3, 0, 1]
    assert written(schema, MAKE.inclusive_union({})) == [0] * 5
    value = MAKE.inclusive_union(
        {"a": MAKE.float([1, np.nan]), "b": MAKE.continuous([[2, 3], [4, 5]])}, {"a": [True, False], "b": [True, True]}
    )
    assert written(schema, value, 2) == [[1, 2, 3, 1, 1], [0, 4, 5, 0, 1]]


def test_an_encoding_and_a_pair_are_what_is_in_them() -> None:
    schema = SCHEMA.encoding(SCHEMA.pair(SCHEMA.float(), SCHEMA.bool()), 8)
    assert written(schema, MAKE.encoding(MAKE.pair(MAKE.float(2.0), MAKE.bool(True)))) == [2, 1]


def test_images_lie_in_a_vector_of_their_own() -> None:
    schema = SCHEMA.struct({"map": SCHEMA.grid(2, 2), "speed": SCHEMA.float(), "view": SCHEMA.image(1, 2, 3)})
    map_, view = np.array([[1, 2], [3, 4]], dtype=np.uint8), np.arange(5, 11, dtype=np.uint8).reshape(1, 2, 3)
    one = MAKE.struct({"map": MAKE.grid(map_), "speed": MAKE.float(1.0), "view": MAKE.image(view)})
    assert written(schema, one) == [1.0]
    assert images_of(schema, one).tolist() == list(range(1, 11))
    both = MAKE.struct(
        {
            "map": MAKE.grid(np.stack([map_, map_ == 1])[..., np.newaxis].astype(np.uint8)),
            "speed": MAKE.float([1.0, 2.0]),
            "view": MAKE.image(np.stack([view, view])),
        }
    )
    assert images_of(schema, both, 2)[:, :5].tolist() == [[1, 2, 3, 4, 5], [1, 0, 0, 0, 5]]


def test_an_observation_may_be_an_image_alone() -> None:
    schema = SCHEMA.grid(2, 2)
    cells = np.eye(2, dtype=np.bool_)
    assert images_of(schema, MAKE.grid(cells)).tolist() == [1, 0, 0, 1]
    assert written(schema, MAKE.grid(np.stack([cells, ~cells])), 2) == [[], []]


CASES = {
    "observation.gear of agent 1: expected an index from 0 to 2, got 3": {"gear": MAKE.exclusive_discrete([0, 3])},
    "observation.gear of agent 0: expected an index from 0 to 2, got -1": {"gear": MAKE.exclusive_discrete([-1, 2])},
    "observation.gear of agents 0, 1: expected exclusive_discrete values, got values of type float64": {
        "gear": MAKE.exclusive_discrete([0.0, 1.0])
    },
    "observation.where of agents 0, 1: expected continuous values of shape (2, 2), got shape (2, 3)": {
        "where": MAKE.continuous(np.zeros((2, 3)))
    },
    "observation.where of agents 0, 1: expected continuous values, got values of type <U1": {
        "where": MAKE.continuous([["a", "b"], ["c", "d"]])
    },
    "observation.where of agents 0, 1: expected a value of continuous, got a value of float": {
        "where": MAKE.float([0.0, 1.0])
    },
    "observation.where of agents 0, 1: expected a value of continuous, got list (make values with": {"where": [0, 1]},
    "observation.friends of agents 0, 1: expected a static_array of 2, got one of 1": {
        "friends": MAKE.static_array([MAKE.bool([True, False])])
    },
    "observation.friends[1] of agents 0, 1: expected bool values, got values of type int64": {
        "friends": MAKE.static_array([MAKE.bool([True, False]), MAKE.bool([1, 0])])
    },
    "observation.lamps of agents 0, 1: expected true and false in shape (2, 2), got int64 in shape (2, 2)": {
        "lamps": MAKE.inclusive_discrete([[0, 1], [1, 0]])
    },
    "observation of agents 0, 1: expected a struct of {where, gear, friends, lamps}, got a struct of {": {
        "speed": MAKE.float([0.0, 1.0])
    },
}


@pytest.mark.parametrize("message", CASES)
def test_a_value_that_does_not_fit_is_refused_by_element_and_agent(message: str) -> None:
    schema = SCHEMA.struct(
        {
            "where": SCHEMA.continuous(2),
            "gear": SCHEMA.exclusive_discrete(3),
            "friends": SCHEMA.static_array(SCHEMA.bool(), 2),
            "lamps": SCHEMA.inclusive_discrete(2),
        }
    )
    fitting = {
        "where": MAKE.continuous(np.zeros((2, 2))),
        "gear": MAKE.exclusive_discrete([0, 1]),
        "friends": MAKE.static_array(MAKE.bool(np.zeros((2, 2), dtype=np.bool_))),
        "lamps": MAKE.inclusive_discrete(np.zeros((2, 2), dtype=np.bool_)),
    }
    assert len(written(schema, MAKE.struct(fitting), 2)) == 2
    assert refusal(schema, MAKE.struct({**fitting, **CASES[message]}), 2).startswith(message)


KINDS = SCHEMA.struct({"kind": SCHEMA.exclusive_discrete(2)})
NAMES = SCHEMA.enum(["red", "green"])
ENEMIES = SCHEMA.struct({"enemies": SCHEMA.set(KINDS, 4)})
UNION = SCHEMA.exclusive_union({"a": SCHEMA.float(), "b": SCHEMA.bool()})
BOTH = SCHEMA.inclusive_union({"a": SCHEMA.float(), "b": SCHEMA.bool()})
THERE = np.ones((2, 4), dtype=np.bool_)


def kinds(*values: object) -> ObservationObjectElement:
    return MAKE.struct({"kind": MAKE.exclusive_discrete(values)})


REFUSALS = [
    (
        ENEMIES,
        MAKE.struct({"enemies": MAKE.set(kinds([0, 0, 0, 0], [0, 1, 1, 5]), THERE)}),
        "observation.enemies[3].kind of agent 1: expected an index from 0 to 1, got 5",
    ),
    (
        ENEMIES,
        MAKE.struct({"enemies": MAKE.set([kinds(0, 0), kinds(0, 3)])}),
        "observation.enemies[1].kind of agent 1: expected an index from 0 to 1, got 3",
    ),
    (
        ENEMIES,
        MAKE.struct({"enemies": MAKE.set([kinds(0, 0)] * 5)}),
        "observation.enemies of agents 0, 1: expected at most 4 elements, got 5",
    ),
    (
        ENEMIES,
        MAKE.struct({"enemies": MAKE.set(kinds([0], [0]))}),
        "observation.enemies of agents 0, 1: expected `present` beside one element for all slots, got none",
    ),
    (
        ENEMIES,
        MAKE.struct({"enemies": MAKE.set(kinds([0], [0]), THERE[0])}),
        "observation.enemies of agents 0, 1: expected `present` as true and false in shape (2, 1..4), got bool in",
    ),
    (
        ENEMIES,
        MAKE.struct({"enemies": MAKE.set(kinds([0], [0]), [[1], [0]])}),
        "observation.enemies of agents 0, 1: expected `present` as true and false in shape (2, 1..4), got int64 in",
    ),
    (
        ENEMIES,
        MAKE.struct({"enemies": MAKE.array([kinds(0, 0)])}),
        "observation.enemies of agents 0, 1: expected a value of set, got a value of array",
    ),
    (
        SCHEMA.static_array(ENEMIES, 1),
        MAKE.static_array(MAKE.struct({"enemies": MAKE.set(kinds([[0, 0]], [[0, 2]]), np.ones((2, 1, 2), np.bool_))})),
        "observation[0].enemies[1].kind of agent 1: expected an index from 0 to 1, got 2",
    ),
    (UNION, MAKE.exclusive_union(0, {"c": MAKE.float(0)}), "observation of agents 0, 1: expected options of {a, b}"),
    (UNION, MAKE.exclusive_union("c", MAKE.float(0)), "observation of agents 0, 1: expected one of {a, b}, got 'c'"),
    (
        UNION,
        MAKE.exclusive_union([0, 2], {"a": MAKE.float([0, 0])}),
        "observation of agent 1: expected a choice from 0 to 1, got 2",
    ),
    (
        UNION,
        MAKE.exclusive_union([0, 1], {"a": MAKE.float([0, 0])}),
        "observation.b of agent 1: expected an element, since it was chosen, got none",
    ),
    (
        UNION,
        MAKE.exclusive_union([0, 1, 1], {"a": MAKE.float([0, 0])}),
        "observation of agents 0, 1: expected a choice of shape (2,), got shape (3,)",
    ),
    (
        UNION,
        MAKE.exclusive_union([0.0, 1.0], {"a": MAKE.float([0, 0])}),
        "observation of agents 0, 1: expected a choice by name or place, got values of type float64",
    ),
    (
        UNION,
        MAKE.exclusive_union([0, 0], MAKE.float([0, 0])),
        "observation of agents 0, 1: expected options by name beside a choice for each agent, got one value of float",
    ),
    (
        UNION,
        MAKE.exclusive_union("b", MAKE.float([0, 0])),
        "observation.b of agents 0, 1: expected a value of bool, got a value of float",
    ),
    (
        BOTH,
        MAKE.inclusive_union({"a": MAKE.float([0, 0])}, {"a": [True]}),
        "observation.a of agents 0, 1: expected `present` as true and false in shape (2,), got bool in shape (1,)",
    ),
    (
        BOTH,
        MAKE.inclusive_union({"a": MAKE.float([0, 0])}, {}),
        "observation of agents 0, 1: expected `present` for each of {a}, got for {}",
    ),
    (
        NAMES,
        MAKE.enum(["red", "blue"]),
        "observation of agent 1: expected one of {red, green}, got 'blue'",
    ),
    (NAMES, MAKE.enum([0, 2]), "observation of agent 1: expected an index from 0 to 1, got 2"),
    (
        SCHEMA.bitmask(["hot", "wet"]),
        MAKE.bitmask([3, 4]),
        "observation of agent 1: expected flags of 2 bits, got 4",
    ),
    (SCHEMA.bitmask(["hot"]), MAKE.bitmask([1.0, 0.0]), "observation of agents 0, 1: expected bitmask values, got"),
    (
        SCHEMA.string_token(4),
        MAKE.string_token(["a", "\ud800"]),
        "observation of agent 1: expected a text that UTF-8 can hold, got '\\ud800'",
    ),
    (
        SCHEMA.string_token(4),
        MAKE.string_token(["a", None]),
        "observation of agents 0, 1: expected string_token values, got values of type object",
    ),
    (
        SCHEMA.image(2, 2),
        MAKE.image(np.zeros((2, 2, 2))),
        "observation of agents 0, 1: expected pixels of type uint8, got values of type float64",
    ),
    (
        SCHEMA.image(2, 2),
        MAKE.image(np.zeros((2, 3, 2), np.uint8)),
        "observation of agents 0, 1: expected pixels of shape (2, 2, 2, 1), got shape (2, 3, 2)",
    ),
    (SCHEMA.null(), MAKE.float([0, 0]), "observation of agents 0, 1: expected a value of null, got a value of float"),
    (
        SCHEMA.encoding(SCHEMA.float()),
        MAKE.float([0, 0]),
        "observation of agents 0, 1: expected a value of encoding, got a value of float",
    ),
    (
        SCHEMA.proportion_along_spline(True),
        MAKE.float([0, 0]),
        "observation of agents 0, 1: expected a value of proportion_along_spline (closed loop), got a value of float",
    ),
]


@pytest.mark.parametrize(("schema", "value", "message"), REFUSALS, ids=range(len(REFUSALS)))
def test_what_does_not_fit_is_refused_with_the_path_to_the_slot(
    schema: ObservationElement, value: ObservationObjectElement, message: str
) -> None:
    assert refusal(schema, value, 2).startswith(message)


def test_a_missing_element_of_a_struct_is_refused() -> None:
    schema = SCHEMA.struct({"a": SCHEMA.bool(), "b": SCHEMA.bool()})
    assert "expected a struct of {a, b}, got a struct of {a}" in refusal(schema, MAKE.struct({"a": MAKE.bool(True)}))
    others = MAKE.struct({"a": MAKE.bool(True), "c": MAKE.bool(True)})
    assert "got a struct of {a, c}" in refusal(schema, others)


def test_an_index_or_a_name_that_is_not_there_is_refused() -> None:
    message = refusal(SCHEMA.inclusive_discrete(3), MAKE.inclusive_discrete([1, 3]))
    assert message == "observation of agent 0: expected indices from 0 to 2, got [1, 3]"
    message = refusal(SCHEMA.named_inclusive_discrete(["a", "b"]), MAKE.named_inclusive_discrete(["b", "c"]))
    assert message == "observation of agent 0: expected one of {a, b}, got 'c'"


def test_a_tag_must_be_that_of_the_schema() -> None:
    schema = SCHEMA.struct({"x": SCHEMA.float(tag="speed"), "y": SCHEMA.float()}, tag="car")
    fitting = MAKE.struct({"x": MAKE.float(1.0, tag="speed"), "y": MAKE.float(2.0)}, tag="car")
    assert written(schema, fitting) == [1, 2]
    untagged = MAKE.struct({"x": MAKE.float(1.0), "y": MAKE.float(2.0)}, tag="car")
    message = refusal(schema, untagged)
    assert message == "observation.x of agent 0: expected a value of float tagged 'speed', got a value of float"
    tagged = MAKE.struct({"x": MAKE.float(1.0, tag="speed"), "y": MAKE.float(2.0, tag="speed")}, tag="car")
    message = refusal(schema, tagged)
    assert message == "observation.y of agent 0: expected a value of float, got a value of float tagged 'speed'"
    other = MAKE.struct({"x": MAKE.float(1.0, tag="speed"), "y": MAKE.float(2.0)}, tag="bus")
    assert "expected a struct tagged 'car' of {x, y}, got a struct tagged 'bus' of {x, y}" in refusal(schema, other)


def test_a_bitmask_of_more_flags_than_an_integer_has_is_refused() -> None:
    schema = BitmaskObservation(tuple(f"flag {i}" for i in range(64)))
    with pytest.raises(SchemaError, match="at most 63 flags, got 64"):
        ObservationWriter(schema, np.zeros(64, dtype=np.float32))
    schema = BitmaskObservation(tuple(f"flag {i}" for i in range(63)))
    assert written(schema, MAKE.bitmask(1 << 62)) == [0.0] * 62 + [1.0]
