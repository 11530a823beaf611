"""Two schemas that mean different things are told apart by name, and only those."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.policy_settings import PolicySettings
from protocol.schema import (
    ArrayObservation,
    BoolObservation,
    ContinuousAction,
    ContinuousObservation,
    EncodingObservation,
    EnumObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    NullObservation,
    ObservationElement,
    PairObservation,
    SetObservation,
    StaticArrayObservation,
    StructObservation,
)
from protocol.schema.element import Element
from protocol.schema_difference import MAX_SHOWN_LENGTH, first_difference, first_settings_difference
from protocol.schema_hash import action_hash, observation_hash
from tests.schema_examples import OBSERVATION_EXAMPLES, variations
from tests.strategies import actions, observations

THREE, FOUR = ExclusiveDiscreteObservation(3), ExclusiveDiscreteObservation(4)
SPEED = ContinuousObservation(2, 10.0)


def struct(**elements: ObservationElement) -> StructObservation:
    return StructObservation(tuple(elements.items()))


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        (THREE, FOUR, "$: expected exclusive_discrete(3), got exclusive_discrete(4)"),
        (SPEED, ContinuousObservation(2), "$: expected continuous(size=2, scale=10), got continuous(size=2, scale=1)"),
        (NullObservation(), SPEED, "$: expected null, got continuous(size=2, scale=10)"),
        (
            struct(enemies=SetObservation(struct(kind=THREE), 5)),
            struct(enemies=SetObservation(struct(kind=FOUR), 5)),
            "$.enemies[].kind: expected exclusive_discrete(3), got exclusive_discrete(4)",
        ),
        (
            struct(enemies=SetObservation(THREE, 5)),
            struct(enemies=SetObservation(THREE, 6)),
            "$.enemies: expected set(5), got set(6)",
        ),
        (struct(a=THREE), struct(a=THREE, b=SPEED), "$.b: expected nothing, got continuous(size=2, scale=10)"),
        (struct(a=THREE, b=FOUR), struct(a=THREE), "$.b: expected exclusive_discrete(4), got nothing"),
        (struct(a=THREE, b=FOUR), struct(b=FOUR, a=THREE), "$: expected the order a, b, got the order b, a"),
        (struct(a=THREE, b=FOUR), struct(b=FOUR, c=THREE), "$.a: expected exclusive_discrete(3), got nothing"),
        (
            PairObservation(THREE, SPEED),
            PairObservation(THREE, BoolObservation()),
            "$.value: expected continuous(size=2, scale=10), got bool",
        ),
        (
            EnumObservation(("red", "green")),
            EnumObservation(("red", "blue")),
            "$: expected enum([red, green]), got enum([red, blue])",
        ),
        (
            StaticArrayObservation(struct(at=SPEED), 2),
            ArrayObservation(struct(at=SPEED), 2),
            "$: expected static_array(2), got array(2)",
        ),
        (
            ContinuousAction(1, bounding="clip", low=(-1.0,), high=(1.0,)),
            ContinuousAction(1),
            "$: expected continuous(size=1, scale=1, bounding=clip, low=[-1], high=[1]), "
            "got continuous(size=1, scale=1, bounding=none, low=None, high=None)",
        ),
    ],
)
def test_the_first_difference_is_named_with_both_sides(ours: Element, theirs: Element, words: str) -> None:
    assert str(first_difference(ours, theirs)) == words


def test_names_that_only_look_alike_are_told_apart() -> None:
    assert first_difference(EnumObservation(("a, b", "c")), EnumObservation(("a", "b, c"))) is not None


@pytest.mark.parametrize("element", [element for element, _ in OBSERVATION_EXAMPLES], ids=lambda it: it.type_name)
def test_schemas_differ_exactly_where_their_hashes_do(element: ObservationElement) -> None:
    assert first_difference(element, replace(element, tag="other")) is None
    for name, changed in variations(element):
        is_same = observation_hash(changed) == observation_hash(element)
        assert (first_difference(element, changed) is None) == is_same, name


@given(st.data())
def test_random_schemas_differ_exactly_where_their_hashes_do(data: st.DataObject) -> None:
    for strategy, its_hash in ((observations(), observation_hash), (actions(), action_hash)):
        ours, theirs = data.draw(strategy), data.draw(strategy)
        assert first_difference(ours, ours) is None
        assert (first_difference(ours, theirs) is None) == (its_hash(ours) == its_hash(theirs))


def test_how_a_network_reads_an_element_is_compared_on_demand() -> None:
    ours, theirs = struct(enemies=SetObservation(THREE, 5, heads=2)), struct(enemies=SetObservation(THREE, 5, heads=4))
    assert first_difference(ours, theirs) is None
    difference = first_difference(ours, theirs, "$.observation_schema", with_encodings=True)
    assert difference is not None
    assert difference.path == "$.observation_schema.enemies"
    assert "heads=2" in difference.ours
    encoded = struct(enemies=EncodingObservation(SetObservation(THREE, 5, heads=2), 8))
    assert first_difference(ours, encoded) is None
    assert first_difference(ours, encoded, with_encodings=True) is not None


def test_where_training_starts_is_no_difference() -> None:
    ours, theirs = ExclusiveDiscreteAction(2), ExclusiveDiscreteAction(2, prior_probabilities=(0.9, 0.1))
    for with_encodings in (False, True):
        assert first_difference(ours, theirs, with_encodings=with_encodings) is None


def test_long_elements_are_shown_where_they_differ() -> None:
    names = tuple(f"kind{number}" for number in range(300))
    difference = first_difference(EnumObservation(names), EnumObservation((*names[:200], "other", *names[201:])))
    assert difference is not None
    assert "kind200" in difference.ours
    assert "other" in difference.theirs
    assert max(len(difference.ours), len(difference.theirs)) <= MAX_SHOWN_LENGTH + 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hidden_sizes": (8, 8)}, "$.hidden_sizes: expected (128, 128), got (8, 8)"),
        ({"memory_cell": "gru"}, "$.memory_cell: expected none, got gru"),
        ({"seed": 5, "initial_log_std": -1.0, "initial_action_scale": 1.0, "memory_state_size": 9}, "None"),
    ],
)
def test_the_first_setting_that_makes_another_network_is_named(changes: dict[str, object], words: str) -> None:
    assert str(first_settings_difference(PolicySettings(), replace(PolicySettings(), **changes))) == words
