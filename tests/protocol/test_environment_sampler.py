"""What a sampler may be, and how the wire says it."""

from __future__ import annotations

from typing import Any

import pytest

from protocol.environment_sampler import (
    ConstantSampler,
    EnvironmentSampler,
    GaussianSampler,
    MultiRangeUniformSampler,
    UniformSampler,
    sampler_from_wire,
    sampler_to_wire,
    samplers_from_wire,
    samplers_to_wire,
)
from protocol.errors import SchemaError
from protocol.limits import MAX_ENVIRONMENT_PARAMETERS, MAX_NAME_BYTES, MAX_SAMPLER_INTERVALS

EXAMPLES: list[tuple[EnvironmentSampler, dict[str, object]]] = [
    (ConstantSampler(9.81), {"sampler_type": "constant", "value": 9.81}),
    (UniformSampler(7.0, 12.0, 7), {"sampler_type": "uniform", "min_value": 7.0, "max_value": 12.0, "seed": 7}),
    (GaussianSampler(1.0, 0.3, 8), {"sampler_type": "gaussian", "mean": 1.0, "st_dev": 0.3, "seed": 8}),
    (
        MultiRangeUniformSampler(((7.0, 10.0), (15.0, 20.0)), 9),
        {"sampler_type": "multirangeuniform", "intervals": [[7.0, 10.0], [15.0, 20.0]], "seed": 9},
    ),
]


@pytest.mark.parametrize(("sampler", "wire"), EXAMPLES)
def test_every_sampler_has_one_form_on_the_wire(sampler: EnvironmentSampler, wire: dict[str, object]) -> None:
    assert sampler_to_wire(sampler) == wire
    assert sampler_from_wire(wire) == sampler


def test_whole_numbers_are_taken_for_numbers() -> None:
    sampler = sampler_from_wire({"sampler_type": "uniform", "min_value": 1, "max_value": 2, "seed": 0})
    assert isinstance(sampler, UniformSampler)
    assert [type(value) for value in (sampler.min_value, sampler.max_value)] == [float, float]


@pytest.mark.parametrize(
    ("wire", "path", "expected", "received"),
    [
        (3.0, "$", "a map with a sampler_type", "float 3.0"),
        ({"value": 1.0}, "$.sampler_type", "one of constant, uniform, gaussian, multirangeuniform", "NoneType None"),
        (
            {"sampler_type": "normal"},
            "$.sampler_type",
            "one of constant, uniform, gaussian, multirangeuniform",
            "str 'normal' of length 6",
        ),
        ({"sampler_type": "constant"}, "$.value", "a value, as every constant sampler has", "nothing"),
        (
            {"sampler_type": "constant", "value": 1.0, "seed": 2},
            "$.seed",
            "one of sampler_type, value",
            "an unknown key",
        ),
        ({"sampler_type": "constant", "value": True}, "$.value", "a finite number", "bool True"),
        ({"sampler_type": "constant", "value": float("nan")}, "$.value", "a finite number", "float nan"),
        (
            {"sampler_type": "uniform", "min_value": 2.0, "max_value": 1.0, "seed": 0},
            "$.max_value",
            "a number not below the other end, 2",
            "1",
        ),
        (
            {"sampler_type": "uniform", "min_value": -1e308, "max_value": 1e308, "seed": 0},
            "$.max_value",
            "an end at a finite distance from the other, -1e+308",
            "1e+308",
        ),
        (
            {"sampler_type": "gaussian", "mean": 0.0, "st_dev": -1.0, "seed": 0},
            "$.st_dev",
            "a number from 0 on",
            "-1",
        ),
        (
            {"sampler_type": "gaussian", "mean": 0.0, "st_dev": 1.0, "seed": -1},
            "$.seed",
            "an integer in 0..9223372036854775807",
            "int -1",
        ),
        (
            {"sampler_type": "multirangeuniform", "intervals": [], "seed": 0},
            "$.intervals",
            "a list of 1 to 64 pairs",
            "list of length 0",
        ),
        (
            {"sampler_type": "multirangeuniform", "intervals": [[0.0, 1.0], [2.0]], "seed": 0},
            "$.intervals[1]",
            "a pair of numbers, min and max",
            "list of length 1",
        ),
        (
            {"sampler_type": "multirangeuniform", "intervals": [[0.0, "1"]], "seed": 0},
            "$.intervals[0][1]",
            "a finite number",
            "str '1' of length 1",
        ),
        (
            {"sampler_type": "multirangeuniform", "intervals": [[1.0, 0.0]], "seed": 0},
            "$.intervals[0][1]",
            "a number not below the other end, 1",
            "0",
        ),
        (
            {"sampler_type": "multirangeuniform", "intervals": [[0.0, 1e308], [0.0, 1e308]], "seed": 0},
            "$.intervals",
            "lengths with a finite sum",
            "longer ones",
        ),
    ],
)
def test_what_is_no_sampler_is_refused_by_its_path(wire: object, path: str, expected: str, received: str) -> None:
    with pytest.raises(SchemaError) as caught:
        sampler_from_wire(wire)
    assert (caught.value.path, caught.value.expected, caught.value.received) == (path, expected, received)


def test_the_parameter_is_named_in_the_path() -> None:
    with pytest.raises(SchemaError, match=r"^\$\.gravity\.value: expected a finite number, got NoneType None$"):
        samplers_from_wire({"gravity": {"sampler_type": "constant", "value": None}})
    with pytest.raises(SchemaError, match=r"^\$\.gravity: expected a map with a sampler_type, got float 9\.81$"):
        samplers_from_wire({"gravity": 9.81})


def test_all_samplers_go_over_the_wire_and_come_back_alike() -> None:
    samplers = {f"parameter {index}": sampler for index, (sampler, _) in enumerate(EXAMPLES)}
    assert samplers_from_wire(samplers_to_wire(samplers)) == samplers
    assert samplers_from_wire({}) == {}


def test_the_limits_hold_at_their_edges() -> None:
    def many(count: int) -> dict[str, Any]:
        return {f"parameter {index}": ConstantSampler() for index in range(count)}

    samplers_to_wire(many(MAX_ENVIRONMENT_PARAMETERS))
    with pytest.raises(SchemaError, match=f"expected at most {MAX_ENVIRONMENT_PARAMETERS} parameters, got 257"):
        samplers_to_wire(many(MAX_ENVIRONMENT_PARAMETERS + 1))
    samplers_to_wire({"x" * MAX_NAME_BYTES: ConstantSampler()})
    for name in ("", "x" * (MAX_NAME_BYTES + 1), "ä" * (MAX_NAME_BYTES // 2 + 1)):
        with pytest.raises(SchemaError, match="expected names of 1 to 128 bytes"):
            samplers_to_wire({name: ConstantSampler()})
    MultiRangeUniformSampler(((0.0, 1.0),) * MAX_SAMPLER_INTERVALS)
    with pytest.raises(SchemaError, match="expected a list of 1 to 64 pairs"):
        MultiRangeUniformSampler(((0.0, 1.0),) * (MAX_SAMPLER_INTERVALS + 1))


def test_only_a_map_is_taken_for_samplers() -> None:
    with pytest.raises(SchemaError, match="expected a map from names to samplers"):
        samplers_from_wire([])
