"""Values of observations arrive in vectors where the layout says, batched and one by one, or are refused by name."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_sdk.errors import ValueMismatchError
from host_sdk.interaction.observation_writer import ObservationWriter
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema
from host_sdk.observation_value import ObservationObjectElement
from protocol.observation_layout import ObservationLayout
from protocol.schema import (
    BoolObservation,
    ContinuousObservation,
    ExclusiveDiscreteObservation,
    FloatObservation,
    InclusiveDiscreteObservation,
    ObservationElement,
    StaticArrayObservation,
    StructObservation,
)
from tests.strategies import observations

MAKE = ObservationObject()
SCHEMA = ObservationSchema()
Content = dict[str, object] | list[object] | npt.NDArray[np.generic]


def written(schema: ObservationElement, value: ObservationObjectElement, count: int | None = None) -> list[list[float]]:
    """The rows that a value is written to, after they held something else."""
    size = ObservationLayout.of(schema).size
    rows = np.full(size if count is None else (count, size), 7.0, dtype=np.float32)
    ObservationWriter(schema, rows).write(value, range(count or 1))
    return rows.tolist()


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


def content_of(schema: ObservationElement, generator: np.random.Generator, lead: tuple[int, ...]) -> Content:
    """Random content of a schema whose leaves have these axes before their own."""
    match schema:
        case StructObservation():
            return {name: content_of(child, generator, lead) for name, child in schema.elements}
        case StaticArrayObservation():
            return [content_of(schema.element, generator, lead) for _ in range(schema.count)]
        case ContinuousObservation():
            return generator.normal(size=(*lead, schema.size))
        case FloatObservation():
            return np.asarray(generator.normal(size=lead))
        case BoolObservation():
            return np.asarray(generator.random(lead) < 0.5)
        case ExclusiveDiscreteObservation():
            return np.asarray(generator.integers(0, schema.size, lead))
        case InclusiveDiscreteObservation():
            return generator.random((*lead, schema.size)) < 0.5


def value_of(
    schema: ObservationElement, content: Content, pick: Callable[[Content], Content]
) -> ObservationObjectElement:
    """The value with `pick` of each leaf's content."""
    match schema:
        case StructObservation():
            assert isinstance(content, dict)
            return MAKE.struct({name: value_of(child, content[name], pick) for name, child in schema.elements})
        case StaticArrayObservation():
            assert isinstance(content, list)
            return MAKE.static_array([value_of(schema.element, part, pick) for part in content])
        case ContinuousObservation():
            return MAKE.continuous(pick(content))
        case FloatObservation():
            return MAKE.float(pick(content))
        case BoolObservation():
            return MAKE.bool(pick(content))
        case ExclusiveDiscreteObservation():
            return MAKE.exclusive_discrete(pick(content))
        case InclusiveDiscreteObservation():
            return MAKE.inclusive_discrete(pick(content))


@settings(max_examples=60)
@given(observations(), st.integers(0, 2**32 - 1))
def test_batched_and_single_values_of_any_schema_give_the_same_vectors(schema: ObservationElement, seed: int) -> None:
    content = content_of(schema, np.random.default_rng(seed), (3,))
    batched = written(schema, value_of(schema, content, lambda leaf: leaf), 3)
    singles = [written(schema, value_of(schema, content, lambda leaf, row=row: leaf[row])) for row in range(3)]
    assert batched == singles


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
    with pytest.raises(ValueMismatchError) as raised:
        written(schema, MAKE.struct({**fitting, **CASES[message]}), 2)
    assert str(raised.value).startswith(message)


def test_a_missing_element_of_a_struct_is_refused() -> None:
    schema = SCHEMA.struct({"a": SCHEMA.bool(), "b": SCHEMA.bool()})
    with pytest.raises(ValueMismatchError, match=r"expected a struct of \{a, b\}, got a struct of \{a\}"):
        written(schema, MAKE.struct({"a": MAKE.bool(True)}))
    with pytest.raises(ValueMismatchError, match=r"got a struct of \{a, c\}"):
        written(schema, MAKE.struct({"a": MAKE.bool(True), "c": MAKE.bool(True)}))


def test_an_index_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueMismatchError, match=r"indices from 0 to 2, got \[1, 3\]"):
        written(SCHEMA.inclusive_discrete(3), MAKE.inclusive_discrete([1, 3]))
