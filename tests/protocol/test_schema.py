"""Schema elements are validated where they are born, and survive the wire; hostile dicts are refused by path."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from protocol.errors import SchemaError
from protocol.limits import MAX_ACTION_SIZE, MAX_OBSERVATION_SIZE, MAX_SCHEMA_DEPTH, MAX_SCHEMA_WIDTH
from protocol.schema import (
    ActionElement,
    BoolAction,
    BoolObservation,
    ContinuousAction,
    ContinuousObservation,
    EncodingObservation,
    EnumObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    ExclusiveUnionObservation,
    FloatAction,
    FloatObservation,
    ImageObservation,
    MapObservation,
    ObservationElement,
    OptionalObservation,
    PairObservation,
    SetObservation,
    StaticArrayObservation,
    StructAction,
    StructObservation,
    action_from_wire,
    action_to_wire,
    observation_from_wire,
    observation_to_wire,
)
from tests.strategies import actions, observations


@given(observations(has_images=True))
def test_observation_schema_survives_the_wire_and_json(element: ObservationElement) -> None:
    assert observation_from_wire(json.loads(json.dumps(observation_to_wire(element)))) == element


@given(actions())
def test_action_schema_survives_the_wire_and_json(element: ActionElement) -> None:
    assert action_from_wire(json.loads(json.dumps(action_to_wire(element)))) == element


@pytest.mark.parametrize(
    ("make", "path"),
    [
        (lambda: ContinuousObservation(0), "$.size"),
        (lambda: ContinuousObservation(True), "$.size"),
        (lambda: ContinuousObservation(MAX_OBSERVATION_SIZE + 1), "$.size"),
        (lambda: ContinuousObservation(1, 0.0), "$.scale"),
        (lambda: ContinuousObservation(1, -1.0), "$.scale"),
        (lambda: FloatObservation(float("nan")), "$.scale"),
        (lambda: FloatObservation(float("inf")), "$.scale"),
        (lambda: FloatObservation(10**400), "$.scale"),
        (lambda: ExclusiveDiscreteAction(MAX_ACTION_SIZE + 1), "$.size"),
        (lambda: StructObservation(()), "$"),
        (lambda: StructObservation((("a", BoolObservation()), ("a", BoolObservation()))), "$.a"),
        (lambda: StructObservation((("", BoolObservation()),)), "$[0]"),
        (lambda: StructObservation((("a.b", BoolObservation()),)), "$[0]"),
        (lambda: StructObservation((("a\n", BoolObservation()),)), "$[0]"),
        (lambda: StructObservation((("\ud800", BoolObservation()),)), "$[0]"),
        (lambda: StructObservation((("x" * 129, BoolObservation()),)), "$[0]"),
        (lambda: StructObservation((("a", BoolAction()),)), "$.a"),  # type: ignore[arg-type]
        (lambda: StructObservation(tuple((str(i), BoolObservation()) for i in range(MAX_SCHEMA_WIDTH + 1))), "$"),
        (lambda: StaticArrayObservation(BoolObservation(), 0), "$.count"),
        (lambda: StaticArrayObservation(ContinuousObservation(1000), 17), "$"),
        (lambda: StaticArrayObservation(BoolAction(), 2), "$.element"),  # type: ignore[arg-type]
        (lambda: SetObservation(ContinuousObservation(1000), 17), "$"),
        (lambda: SetObservation(BoolObservation(), 0), "$.max_count"),
        (lambda: SetObservation(BoolObservation(), 2, heads=0), "$.heads"),
        (lambda: SetObservation(ImageObservation(2, 2), 2), "$.element"),
        (lambda: OptionalObservation(StructObservation((("view", ImageObservation(2, 2)),))), "$.element"),
        (lambda: ExclusiveUnionObservation((("view", ImageObservation(2, 2)),)), "$.view"),
        (lambda: MapObservation(BoolObservation(), ImageObservation(2, 2), 2), "$.value"),
        (lambda: ImageObservation(1024, 1024), "$"),
        (lambda: PairObservation(ImageObservation(512, 256), ImageObservation(512, 257)), "$"),
        (lambda: EncodingObservation(BoolObservation(), hidden_sizes=[3]), "$.hidden_sizes"),  # type: ignore[arg-type]
        (lambda: EncodingObservation(BoolObservation(), activation="sine"), "$.activation"),  # type: ignore[arg-type]
        (lambda: EnumObservation(()), "$.names"),
        (lambda: EnumObservation(("a", "b.c")), "$.names[1]"),
        (lambda: BoolObservation(tag="\ud800"), "$.tag"),
        (lambda: ContinuousAction(1, low=(0.0,)), "$.low"),
        (lambda: ContinuousAction(1, bounding="clip"), "$.low"),
        (lambda: ContinuousAction(2, bounding="clip", low=(0.0,), high=(1.0, 1.0)), "$.low"),
        (lambda: ContinuousAction(1, bounding="clip", low=(1.0,), high=(1.0,)), "$.low[0]"),
        (lambda: ContinuousAction(1, bounding="squash", low=(0.0,), high=(float("inf"),)), "$.high[0]"),
        (lambda: ContinuousAction(1, 2.0, "squash", (0.0,), (1.0,)), "$.scale"),
        (lambda: ContinuousAction(1, bounding="wrap"), "$.bounding"),  # type: ignore[arg-type]
        (lambda: FloatAction(bounding="clip", low=0.0), "$.high"),
    ],
)
def test_wrong_element_is_refused_by_path(make: Callable[[], Any], path: str) -> None:
    with pytest.raises(SchemaError) as raised:
        make()
    assert raised.value.path.startswith(path)


def test_integer_scales_and_bounds_are_kept_as_floats() -> None:
    assert repr(ContinuousObservation(1, 2)) == repr(ContinuousObservation(1, 2.0))
    assert repr(FloatAction(1, "clip", -1, 0)) == repr(FloatAction(1.0, "clip", -1.0, 0.0))


def nested(depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {"type": "bool"}
    for _ in range(depth - 1):
        data = {"type": "static_array", "element": data, "count": 1}
    return data


def test_depth_is_allowed_up_to_the_limit_and_refused_beyond() -> None:
    assert observation_from_wire(nested(MAX_SCHEMA_DEPTH)).vector_size == 1
    with pytest.raises(SchemaError, match="levels"):
        observation_from_wire(nested(MAX_SCHEMA_DEPTH + 1))
    deepest = observation_from_wire(nested(MAX_SCHEMA_DEPTH))
    with pytest.raises(SchemaError, match="levels"):
        StaticArrayObservation(deepest, 1)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (None, "$"),
        ([], "$"),
        ({}, "$.type"),
        ({"type": "continous"}, "$.type"),
        ({"type": ["struct"]}, "$.type"),
        ({"type": "bool", "extra": 1}, "$"),
        ({"type": "continuous", "size": 2}, "$"),
        ({"type": "continuous", "size": 2.0, "scale": 1.0, "normalize": True}, "$.size"),
        ({"type": "continuous", "size": "2", "scale": 1.0, "normalize": True}, "$.size"),
        ({"type": "continuous", "size": 2, "scale": None, "normalize": True}, "$.scale"),
        ({"type": "continuous", "size": 2, "scale": 1.0, "normalize": 1}, "$.normalize"),
        ({"type": "bool", "tag": 1}, "$.tag"),
        ({"type": "bool", "tag": "x" * 129}, "$.tag"),
        ({"type": "struct", "elements": {"a": {"type": "bool"}}}, "$.elements"),
        ({"type": "struct", "elements": [{"name": 1, "element": {"type": "bool"}}]}, "$.elements[0].name"),
        ({"type": "struct", "elements": [{"name": "a", "element": {"type": "exclusive_discrete", "size": 0}}]}, "$.a"),
        ({"type": "static_array", "count": 2, "element": {"type": "time", "scale": -1}}, "$[].scale"),
        ({"type": "pair", "key": {"type": "bool"}, "value": {"type": "time", "scale": -1}}, "$.value.scale"),
        ({"type": "enum", "names": []}, "$.names"),
        ({"type": "enum", "names": "ab"}, "$.names"),
        ({"type": "enum", "names": ["a", "a"]}, "$.names"),
        ({"type": "enum", "names": ["a", 2]}, "$.names[1]"),
    ],
)
def test_wrong_dict_is_refused_by_path(data: object, path: str) -> None:
    with pytest.raises(SchemaError) as raised:
        observation_from_wire(data)
    assert raised.value.path.startswith(path)


def test_a_wide_hostile_dict_is_refused_before_it_is_built() -> None:
    leaf = {"name": "a", "element": {"type": "bool"}}
    with pytest.raises(SchemaError, match="elements"):
        observation_from_wire({"type": "struct", "elements": [leaf] * 5000})


def test_action_without_bounds_writes_them_as_null() -> None:
    assert action_to_wire(FloatAction()) == {
        "type": "float",
        "scale": 1.0,
        "bounding": "none",
        "low": None,
        "high": None,
    }


def test_size_is_the_floats_in_the_vector() -> None:
    element = StructObservation(
        (
            ("kind", ExclusiveDiscreteObservation(3)),
            (
                "rays",
                StaticArrayObservation(StructObservation((("d", FloatObservation()), ("hit", BoolObservation()))), 4),
            ),
        )
    )
    assert element.vector_size == 11
    assert StructAction((("a", ContinuousAction(2)), ("b", BoolAction()))).vector_size == 3
