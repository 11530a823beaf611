"""A number that is not finite is named by agent and by the element that it stands in."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_sdk.interaction.active_leaf import active_leaf
from host_sdk.interaction.finiteness import NonFiniteReporter, are_finite
from protocol.observation_layout import ObservationLayout
from protocol.schema import (
    ContinuousObservation,
    EncodingObservation,
    ExclusiveUnionObservation,
    FloatObservation,
    InclusiveUnionObservation,
    MapObservation,
    NullObservation,
    ObservationElement,
    OptionalObservation,
    SetObservation,
    StaticArrayObservation,
    StructObservation,
)
from tests.observation_vectors import random_observations
from tests.strategies import observations

WEAPON = ExclusiveUnionObservation(
    (
        ("none", NullObservation()),
        ("sword", StructObservation((("length", FloatObservation()), ("edge", ContinuousObservation(2))))),
        ("bow", StructObservation((("range", ContinuousObservation(2)),))),
    )
)
SCHEMA = StructObservation(
    (("where", ContinuousObservation(2)), ("weapon", WEAPON), ("enemies", SetObservation(FloatObservation(), 2)))
)
NAN = float("nan")


def reports(reporter: NonFiniteReporter, caplog: pytest.LogCaptureFixture, *vectors: list[float]) -> list[str]:
    """What is logged about the vectors of agents 5, 6 …, each up to its number."""
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        reporter.report(np.arange(5, 5 + len(vectors)), np.array(vectors, dtype=np.float32))
    return [record.getMessage().partition(";")[0] for record in caplog.records]


def test_in_a_union_the_leaf_of_the_chosen_option_is_named(caplog: pytest.LogCaptureFixture) -> None:
    reporter = NonFiniteReporter(SCHEMA)
    sword, bow = [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
    vectors = ([0, 0, 0, NAN, 0, *sword, 0, 0, 0, 0], [0, 0, 0, NAN, 0, *bow, 0, 0, 0, 0])
    assert reports(reporter, caplog, *vectors) == [
        "observation.weapon.sword.edge[0] of agent 5 is nan",
        "observation.weapon.bow.range[1] of agent 6 is nan",
    ]
    assert reports(reporter, caplog, *vectors) == []
    assert reports(reporter, caplog, [0, 0, np.inf, 0, 0, *bow, 0, 0, 0, 0]) == [
        "observation.weapon.bow.range[0] of agent 5 is inf"
    ]
    assert reports(reporter, caplog, [0, 0, 0, NAN, 0, *bow, 0, 0, 0, 0]) == []


def test_each_leaf_is_named_once_with_its_first_number(caplog: pytest.LogCaptureFixture) -> None:
    reporter = NonFiniteReporter(SCHEMA)
    none = [1.0, 0.0, 0.0]
    assert reports(reporter, caplog, [NAN, NAN, 0, 0, 0, *none, 0, NAN, 1, 1]) == [
        "observation.where[0] of agent 5 is nan",
        "observation.enemies[1] of agent 5 is nan",
    ]
    assert reports(reporter, caplog, [0, NAN, 0, 0, 0, *none, 0, 0, 0, 0]) == []


def test_rows_are_told_apart() -> None:
    vectors = np.zeros((3, SCHEMA.vector_size), dtype=np.float32)
    vectors[1, 0] = np.inf
    assert NonFiniteReporter(SCHEMA).report(np.arange(3), vectors).tolist() == [True, False, True]
    assert not are_finite(vectors)
    assert are_finite(vectors[2:])
    assert are_finite(np.zeros((3, 0), dtype=np.float32))


@pytest.mark.parametrize(
    ("element", "vector", "column", "name"),
    [
        (FloatObservation(), [0], 0, "o"),
        (StaticArrayObservation(ContinuousObservation(2), 2), [0] * 4, 3, "o[1][1]"),
        (EncodingObservation(FloatObservation()), [0], 0, "o"),
        (OptionalObservation(FloatObservation()), [0, 0, 1], 0, "o.valid"),
        (OptionalObservation(FloatObservation()), [0, 0, 1], 2, "o.choice[1]"),
        (SetObservation(FloatObservation(), 2), [0] * 4, 2, "o.present[0]"),
        (MapObservation(FloatObservation(), FloatObservation(), 2), [0] * 6, 3, "o[1].value"),
        (InclusiveUnionObservation((("a", FloatObservation()), ("b", FloatObservation()))), [0] * 4, 1, "o.b"),
        (InclusiveUnionObservation((("a", FloatObservation()), ("b", FloatObservation()))), [0] * 4, 3, "o.present[1]"),
    ],
)
def test_the_leaf_of_a_float_is_found(element: ObservationElement, vector: list[float], column: int, name: str) -> None:
    assert str(active_leaf(element, np.array(vector, dtype=np.float32), column, "o")) == name


@given(observations(), st.integers(0, 2**32 - 1))
def test_every_nonzero_float_belongs_to_a_leaf_of_the_layout(schema: ObservationElement, seed: int) -> None:
    (vector,), _ = random_observations(schema, 1, np.random.default_rng(seed))
    leaves = {leaf.path: leaf for leaf in ObservationLayout.of(schema).leaves}
    for column in np.flatnonzero(vector).tolist():
        found = active_leaf(schema, vector, column, "$")
        leaf = leaves[found.path]
        assert (leaf.size, leaf.offset + found.index) == (found.size, column)
