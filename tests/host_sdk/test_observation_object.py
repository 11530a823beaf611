"""Every maker of observations, for one agent and for many, absolute and as seen from elsewhere."""

from __future__ import annotations

import inspect
from enum import Enum, Flag, IntEnum, IntFlag

import numpy as np
import pytest

from host_sdk.errors import ValueMismatchError
from host_sdk.geometry import Transform
from host_sdk.interaction.observation_writer import ObservationWriter
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema
from host_sdk.observation_value import ObservationObjectElement
from host_sdk.spline import Polyline, Spline
from protocol.schema import ObservationElement
from protocol.schema.registry import OBSERVATION_TYPES
from protocol.string_token import string_token

MAKE = ObservationObject()
SCHEMA = ObservationSchema()
HALF = np.sqrt(0.5)
QUARTER = [0.0, 0.0, HALF, HALF]
"""A quarter of a turn about z, from x to y."""
AT = Transform([1.0, 2.0, 3.0], QUARTER, [2.0, 2.0, 2.0])
EACH_AT = Transform([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]], [QUARTER, [0.0, 0.0, 0.0, 1.0]], [[2.0] * 3, [1.0] * 3])
PATH = Polyline([[0, 0, 0], [4, 0, 0], [4, 4, 0]])
LOOP = Polyline([[0, 0, 0], [4, 0, 0], [4, 4, 0], [0, 4, 0]], is_closed_loop=True)


class Colour(Enum):
    RED = "crimson"
    GREEN = "grass"
    BLUE = "sky"


class Level(IntEnum):
    LOW = 10
    HIGH = 20


class Mood(Flag):
    HOT = 1
    WET = 2


class Bits(IntFlag):
    FIRST = 1
    SECOND = 2


def rows_of(schema: ObservationElement, value: ObservationObjectElement, count: int | None) -> np.ndarray:
    """What is written."""
    rows = np.full(schema.vector_size if count is None else (count, schema.vector_size), 7.0, dtype=np.float32)
    ObservationWriter(schema, rows).write(value, range(count or 1))
    return rows


ELEMENTS = {
    "float": (SCHEMA.float(2.0), MAKE.float(3.0), MAKE.float([3.0, 4.0]), [[1.5], [2.0]]),
    "count": (SCHEMA.count(10.0), MAKE.count(3), MAKE.count([3, 4]), [[0.3], [0.4]]),
    "time": (SCHEMA.time(60.0), MAKE.time(30), MAKE.time([30.0, 90.0]), [[0.5], [1.5]]),
    "bool": (SCHEMA.bool(), MAKE.bool(True), MAKE.bool([True, False]), [[1], [0]]),
    "named exclusive": (
        SCHEMA.named_exclusive_discrete(["b", "a"]),
        MAKE.named_exclusive_discrete("a"),
        MAKE.named_exclusive_discrete(np.array(["a", "b"])),
        [[0, 1], [1, 0]],
    ),
    "named exclusive by place": (
        SCHEMA.named_exclusive_discrete(["b", "a"]),
        MAKE.named_exclusive_discrete(1),
        MAKE.named_exclusive_discrete([1, 0]),
        [[0, 1], [1, 0]],
    ),
    "named inclusive": (
        SCHEMA.named_inclusive_discrete(["b", "a", "c"]),
        MAKE.named_inclusive_discrete(["a", "b", "c"]),
        MAKE.named_inclusive_discrete([[True, True, True], [False, True, False]]),
        [[1, 1, 1], [0, 1, 0]],
    ),
    "enum": (SCHEMA.enum(Colour), MAKE.enum(Colour.GREEN), MAKE.enum([Colour.GREEN, Colour.BLUE]), np.eye(3)[1:]),
    "enum of integers": (
        SCHEMA.enum(Level),
        MAKE.enum(Level.HIGH),
        MAKE.enum((Level.HIGH, Level.LOW)),
        np.eye(2)[::-1],
    ),
    "enum by name or place": (SCHEMA.enum(Level), MAKE.enum("HIGH"), MAKE.enum([1, 0]), np.eye(2)[::-1]),
    "enum of objects": (
        SCHEMA.enum(Colour),
        MAKE.enum(Colour.BLUE),
        MAKE.enum(np.array([Colour.BLUE, Colour.RED], dtype=object)),
        [[0, 0, 1], [1, 0, 0]],
    ),
    "bitmask": (
        SCHEMA.bitmask(Mood),
        MAKE.bitmask(Mood.WET),
        MAKE.bitmask([Mood.WET, Mood.HOT | Mood.WET]),
        [[0, 1], [1, 1]],
    ),
    "bitmask of integers": (
        SCHEMA.bitmask(Bits),
        MAKE.bitmask(Bits.SECOND),
        MAKE.bitmask(np.array([2, 3], dtype=np.uint8)),
        [[0, 1], [1, 1]],
    ),
    "string token": (
        SCHEMA.string_token(3),
        MAKE.string_token("sword"),
        MAKE.string_token(["sword", "剣"]),
        np.eye(3)[[string_token("sword", 3), string_token("剣", 3)]],
    ),
    "token": (SCHEMA.string_token(3), MAKE.string_token(2), MAKE.string_token([2, 0]), np.eye(3)[[2, 0]]),
    "text of numpy": (
        SCHEMA.string_token(3),
        MAKE.string_token("sword"),
        MAKE.string_token(np.array(["sword", "剣"])),
        np.eye(3)[[string_token("sword", 3), string_token("剣", 3)]],
    ),
    "location": (
        SCHEMA.location(),
        MAKE.location([100, 200, -50]),
        MAKE.location([[100, 200, -50], [0, 0, 1]]),
        [[1, 2, -0.5], [0, 0, 0.01]],
    ),
    "location from a transform": (
        SCHEMA.location(1.0),
        MAKE.location([1, 4, 5], AT),
        MAKE.location([[1, 4, 5], [1, 2, 3]], AT),
        [[1, 0, 1], [0, 0, 0]],
    ),
    "location from each agent": (
        SCHEMA.location(1.0),
        MAKE.location([1, 4, 5], AT),
        MAKE.location([1, 4, 5], EACH_AT),
        [[1, 0, 1], [1, 4, 5]],
    ),
    "rotation": (
        SCHEMA.rotation(),
        MAKE.rotation(QUARTER),
        MAKE.rotation([QUARTER, [0, 0, 0, 3]]),
        [[0, 1, 0, -1, 0, 0], [1, 0, 0, 0, 1, 0]],
    ),
    "rotation from another": (
        SCHEMA.rotation(),
        MAKE.rotation([0, 0, 1, 0], QUARTER),
        MAKE.rotation([[0, 0, 1, 0], QUARTER], QUARTER),
        [[0, 1, 0, -1, 0, 0], [1, 0, 0, 0, 1, 0]],
    ),
    "rotation from a rotator": (
        SCHEMA.rotation(),
        MAKE.rotation_from_rotator(0, 90, 0),
        MAKE.rotation_from_rotator([0, 90], [90, 0], 0),
        [[0, 1, 0, -1, 0, 0], [0, 0, 1, 0, 1, 0]],
    ),
    "scale": (
        SCHEMA.scale(),
        MAKE.scale([1, np.e, 1 / np.e]),
        MAKE.scale([[1, np.e, 1 / np.e], [0, -1, 1]]),
        [[0, 1, -1], [np.log(1e-8), np.log(1e-8), 0]],
    ),
    "scale from another": (
        SCHEMA.scale(),
        MAKE.scale([2, 2 * np.e, 2], 2 * np.ones(3)),
        MAKE.scale([[2, 2 * np.e, 2], [3, 3, 3]], [[2, 2, 2], [3, 3, 3]]),
        [[0, 1, 0], [0, 0, 0]],
    ),
    "transform": (
        SCHEMA.transform(10.0),
        MAKE.transform(Transform([1, 2, 3], QUARTER)),
        MAKE.transform(Transform([[1, 2, 3], [0, 0, 0]], QUARTER)),
        [[0.1, 0.2, 0.3, 0, 1, 0, -1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, -1, 0, 0, 0, 0, 0]],
    ),
    "transform from another": (
        SCHEMA.transform(1.0),
        MAKE.transform(Transform([1, 4, 5], QUARTER), AT),
        MAKE.transform(Transform([1, 4, 5], QUARTER), EACH_AT),
        [[1, 0, 1, 1, 0, 0, 0, 1, 0, *-np.log([2, 2, 2])], [1, 4, 5, 0, 1, 0, -1, 0, 0, 0, 0, 0]],
    ),
    "angle": (SCHEMA.angle(), MAKE.angle(90), MAKE.angle([90, -180]), [[1, 0], [0, -1]]),
    "angle from another": (SCHEMA.angle(), MAKE.angle(100, 10), MAKE.angle([100, 10], [10, 10]), [[1, 0], [0, 1]]),
    "angle in radians": (
        SCHEMA.angle(),
        MAKE.angle(np.pi / 2, is_radians=True),
        MAKE.angle([np.pi / 2, 0.0], is_radians=True),
        [[1, 0], [0, 1]],
    ),
    "velocity": (
        SCHEMA.velocity(),
        MAKE.velocity([200, 0, 0]),
        MAKE.velocity([[200, 0, 0], [0, 0, 100]]),
        [[1, 0, 0], [0, 0, 0.5]],
    ),
    "velocity from a transform": (
        SCHEMA.velocity(1.0),
        MAKE.velocity([0, 3, 4], AT),
        MAKE.velocity([[0, 3, 4], [0, 3, 4]], EACH_AT),
        [[3, 0, 4], [0, 3, 4]],
    ),
    "direction": (
        SCHEMA.direction(),
        MAKE.direction([0, 3, 4]),
        MAKE.direction([[0, 3, 4], [0, 0, 0]]),
        [[0, 0.6, 0.8], [0, 0, 0]],
    ),
    "direction from a transform": (
        SCHEMA.direction(),
        MAKE.direction([0, 3, 4], AT),
        MAKE.direction([[0, 3, 4], [0, 0, 2]], AT),
        [[0.6, 0, 0.8], [0, 0, 1]],
    ),
    "location along a path": (
        SCHEMA.location_along_spline(1.0),
        MAKE.location_along_spline(PATH, 6.0),
        MAKE.location_along_spline(PATH, [6.0, 1.0]),
        [[4, 2, 0], [1, 0, 0]],
    ),
    "location along a path from a transform": (
        SCHEMA.location_along_spline(1.0),
        MAKE.location_along_spline(PATH, 1.0, Transform([1, 0, 0])),
        MAKE.location_along_spline(PATH, [1.0, 6.0], Transform([1, 0, 0], QUARTER)),
        [[0, 0, 0], [2, -3, 0]],
    ),
    "direction along a path": (
        SCHEMA.direction_along_spline(),
        MAKE.direction_along_spline(PATH, 6.0),
        MAKE.direction_along_spline(PATH, [6.0, 1.0]),
        [[0, 1, 0], [1, 0, 0]],
    ),
    "direction along a path from a transform": (
        SCHEMA.direction_along_spline(),
        MAKE.direction_along_spline(PATH, 6.0, AT),
        MAKE.direction_along_spline(PATH, [6.0, 1.0], AT),
        [[1, 0, 0], [0, -1, 0]],
    ),
    "proportion along a path": (
        SCHEMA.proportion_along_spline(),
        MAKE.proportion_along_spline(PATH, 6.0),
        MAKE.proportion_along_spline(PATH, [6.0, 9.0]),
        [[0.75], [1.0]],
    ),
    "proportion along a loop": (
        SCHEMA.proportion_along_spline(is_closed_loop=True),
        MAKE.proportion_along_spline(LOOP, 4.0),
        MAKE.proportion_along_spline(LOOP, [4.0, 16.0]),
        [[1, 0], [0, 1]],
    ),
}


@pytest.mark.parametrize("name", ELEMENTS)
def test_a_value_gives_the_numbers_that_its_element_says(name: str) -> None:
    schema, single, batched, expected = ELEMENTS[name]
    np.testing.assert_allclose(rows_of(schema, single, None), expected[0], atol=1e-6)
    np.testing.assert_allclose(rows_of(schema, batched, 2), expected, atol=1e-6)


def test_a_transform_of_each_agent_applies_to_all_slots() -> None:
    schema = SCHEMA.set(SCHEMA.location(1.0), 2)
    value = MAKE.set(MAKE.location([[[1, 4, 5], [1, 2, 3]], [[1, 4, 5], [0, 0, 0]]], EACH_AT), np.ones((2, 2), bool))
    expected = [[1, 0, 1, 0, 0, 0, 1, 1], [1, 4, 5, 0, 0, 0, 1, 1]]
    np.testing.assert_allclose(rows_of(schema, value, 2), expected, atol=1e-6)
    angles = MAKE.set(MAKE.angle([[10, 20], [30, 40]], [10, 40]), np.ones((2, 2), bool))
    rows = rows_of(SCHEMA.set(SCHEMA.angle(), 2), angles, 2)
    np.testing.assert_allclose(rows[:, :4:2], np.sin(np.radians([[0, 10], [-10, 0]])), atol=1e-6)


def test_splines_serve_as_polylines_do() -> None:
    spline = Spline([[0, 0, 0], [4, 0, 0], [4, 4, 0]])
    ours = rows_of(SCHEMA.location_along_spline(1.0), MAKE.location_along_spline(spline, spline.length / 2), None)
    np.testing.assert_allclose(ours, [4, 0, 0], atol=1e-5)


def test_an_open_path_has_no_proportion_of_a_loop() -> None:
    for is_closed_loop, path in ((True, PATH), (False, LOOP)):
        with pytest.raises(ValueMismatchError, match="expected a value of proportion_along_spline"):
            rows_of(SCHEMA.proportion_along_spline(is_closed_loop), MAKE.proportion_along_spline(path, 1.0), None)


def test_every_element_has_a_maker_and_a_schema_method_of_its_name_with_a_tag() -> None:
    for name in [*OBSERVATION_TYPES, "grid"]:
        for made in (ObservationSchema, ObservationObject):
            parameters = inspect.signature(getattr(made, name)).parameters
            assert parameters["tag"].default == "", f"{made.__name__}.{name}"


def test_flags_that_are_no_truths_are_refused_at_once() -> None:
    with pytest.raises(
        ValueMismatchError, match="optional: is_valid: expected true and false, got values of type int64"
    ):
        MAKE.optional(MAKE.float([1.0, 2.0]), [0, 1])
    with pytest.raises(ValueMismatchError, match="either: is_a: expected true and false"):
        MAKE.either(MAKE.float([1.0]), MAKE.float([1.0]), [1])
    with pytest.raises(ValueMismatchError, match="expected values beside the keys"):
        MAKE.map(MAKE.float([[1.0]]))


@pytest.mark.parametrize(
    "value",
    [
        MAKE.location([np.nan, 0, 0], AT),
        MAKE.rotation([0, 0, 0, 0]),
        MAKE.angle(np.inf),
        MAKE.scale([np.nan, 1, 1]),
        MAKE.direction([np.nan, 0, 0]),
        MAKE.location_along_spline(PATH, np.nan),
        MAKE.proportion_along_spline(LOOP, np.inf),
    ],
    ids=lambda value: value.label,
)
def test_what_is_not_finite_stays_so_for_the_reporter(value: ObservationObjectElement) -> None:
    name = value.label.split(" (")[0]
    schema = SCHEMA.proportion_along_spline(True) if "loop" in value.label else getattr(SCHEMA, name)()
    assert not np.isfinite(rows_of(schema, value, None)).all()
