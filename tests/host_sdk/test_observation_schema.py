"""What a game says of its observations becomes schema elements, or is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from enum import Enum, Flag

import pytest

from host_sdk.observation_schema import ObservationSchema
from protocol.errors import SchemaError
from protocol.schema import (
    ArrayObservation,
    BitmaskObservation,
    EncodingObservation,
    EnumObservation,
    ImageObservation,
    InclusiveUnionObservation,
    ObservationElement,
    SetObservation,
    StructObservation,
)
from tests.schema_examples import OBSERVATION_EXAMPLES

SCHEMA = ObservationSchema()


class Colour(Enum):
    RED = 3
    GREEN = 1
    CRIMSON = RED


class Mood(Flag):
    WET = 2
    HOT = 1
    BOTH = 3


class Gap(Flag):
    FIRST = 1
    THIRD = 4


@pytest.mark.parametrize("element", [example for example, _ in OBSERVATION_EXAMPLES], ids=lambda one: one.type_name)
def test_every_element_is_made_by_the_method_of_its_name(element: ObservationElement) -> None:
    arguments = {field.name: getattr(element, field.name) for field in fields(element)}
    if "elements" in arguments:
        arguments["elements"] = dict(arguments["elements"])
    made = getattr(SCHEMA, element.type_name)(**{**arguments, "tag": "word"})
    assert made == replace(element, tag="word")


def test_enums_and_flags_give_their_names() -> None:
    assert SCHEMA.enum(Colour) == EnumObservation(("RED", "GREEN"))
    assert SCHEMA.enum(["a", "b"]) == EnumObservation(("a", "b"))
    assert SCHEMA.bitmask(Mood) == BitmaskObservation(("HOT", "WET"))
    assert SCHEMA.bitmask(["a", "b"]) == BitmaskObservation(("a", "b"))


def test_a_grid_is_an_image_whose_bytes_are_taken_as_they_are() -> None:
    assert SCHEMA.grid(3, 4, 2, filters=[8]) == ImageObservation(3, 4, 2, 1.0, (8,))


def test_what_says_how_a_network_reads_is_passed_on() -> None:
    inner = SCHEMA.float()
    assert SCHEMA.set(inner, 2, heads=2, key_size=3, value_size=4) == SetObservation(inner, 2, 2, 3, 4)
    assert SCHEMA.array(inner, 2, heads=2) == ArrayObservation(inner, 2, 2)
    assert SCHEMA.encoding(inner, 7, [8, 9], "relu") == EncodingObservation(inner, 7, (8, 9), "relu")
    union = SCHEMA.inclusive_union({"a": inner}, 5, heads=1, key_size=2, value_size=3)
    assert union == InclusiveUnionObservation((("a", inner),), 5, 1, 2, 3)
    assert SCHEMA.struct({"b": inner, "a": inner}) == StructObservation((("b", inner), ("a", inner)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SCHEMA.continuous(0), "continuous.size: expected an integer in 1..16384, got 0"),
        (lambda: SCHEMA.continuous(2, -1.0, tag="speed"), "continuous 'speed'.scale: expected a finite number in"),
        (lambda: SCHEMA.struct({}), "struct: expected a non-empty tuple"),
        (lambda: SCHEMA.struct({"a": None}), "struct.a: expected an element of type ObservationElement, got NoneType"),
        (lambda: SCHEMA.set(SCHEMA.image(2, 2), 3), "set.element: expected no image in here"),
        (lambda: SCHEMA.enum("red"), "names: expected a sequence of names, got 'red'"),
        (
            lambda: SCHEMA.bitmask(Gap),
            r"Gap: expected a Flag whose members are 1, 2, 4 and so on, without a gap, got \[1, 4",
        ),
        (lambda: SCHEMA.float(tag=3), "float.tag: expected a text"),
        (lambda: SCHEMA.image(2, 2, filters=[0]), r"image.filters\[0\]: expected an integer"),
        (lambda: SCHEMA.transform(0.0), "transform.location_scale: expected a finite number"),
    ],
)
def test_a_wrong_element_is_refused_by_its_name(make: Callable[[], object], message: str) -> None:
    with pytest.raises(SchemaError, match=f"^{message}"):
        make()
