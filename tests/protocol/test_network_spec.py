"""A network spec is whole and consistent, or refused with the place that is wrong."""

from __future__ import annotations

import copy
import json
import struct
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import given

from protocol.errors import SchemaError
from protocol.limits import MAX_PARAMETERS
from protocol.network_builder import build_policy_spec
from protocol.network_spec import NetworkSpec, Operation, ParameterSpec
from protocol.network_wire import network_from_wire, network_to_wire
from protocol.policy_settings import PolicySettings
from protocol.schema import ActionElement, ContinuousAction, ContinuousObservation, ObservationElement
from tests.strategies import actions, observations, policy_settings

SMALL = NetworkSpec(
    inputs=(("x", 2),),
    outputs=(("y", 3),),
    operations=(
        Operation("linear", ("x",), "h", ("w", "b")),
        Operation("clamp", ("h",), "y", (), (("maximum", 2), ("minimum", -0.0))),
    ),
    parameters=(ParameterSpec("w", (3, 2), "orthogonal", 1.0), ParameterSpec("b", (3,), "constant", 0.0)),
)


def string(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode()


def u32(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def test_network_hash_is_of_the_documented_bytes() -> None:
    content = string("learning-bridge/network/1") + u32(1) + string("x") + u32(2) + u32(1) + string("y") + u32(3)
    content += u32(2) + string("w") + u32(2, 3, 2) + b"\x01" + string("b") + u32(1, 3) + b"\x01"
    content += u32(2) + string("linear") + u32(1) + string("x") + string("h") + u32(2) + string("w") + string("b")
    content += u32(0) + string("clamp") + u32(1) + string("h") + string("y") + u32(0)
    content += u32(2) + string("maximum") + struct.pack("<Bd", 1, 2.0) + string("minimum") + struct.pack("<Bd", 1, 0.0)
    assert SMALL.hash == int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


def test_default_network_hash_never_changes_between_releases() -> None:
    assert build_policy_spec(ContinuousObservation(4), ContinuousAction(2), PolicySettings()).hash == 0x5167C85C6916DF9D


def test_where_weights_start_is_no_part_of_the_hash_and_what_they_mean_is() -> None:
    weight, bias = SMALL.parameters
    assert replace(SMALL, parameters=(replace(weight, gain=0.5), bias)).hash == SMALL.hash
    assert replace(SMALL, parameters=(replace(weight, trainable=False), bias)).hash != SMALL.hash
    clamped = Operation("clamp", ("h",), "y", (), (("maximum", 3.0), ("minimum", 0.0)))
    assert replace(SMALL, operations=(SMALL.operations[0], clamped)).hash != SMALL.hash


@given(observations(), actions(), policy_settings())
def test_network_survives_the_wire_and_json(
    observation: ObservationElement, action: ActionElement, settings: PolicySettings
) -> None:
    spec = build_policy_spec(observation, action, settings)
    received = network_from_wire(json.loads(json.dumps(network_to_wire(spec))))
    assert received == spec
    assert received.hash == spec.hash


WITH_VALUES = replace(
    SMALL, parameters=(SMALL.parameters[0], ParameterSpec("b", (3,), "values", 0.0, values=(0.5, -1.0, 3.0)))
)


def test_values_to_start_from_survive_the_wire_and_are_no_part_of_the_hash() -> None:
    wire = json.loads(json.dumps(network_to_wire(WITH_VALUES)))
    assert wire["parameters"][1]["values"] == [0.5, -1, 3]
    assert "values" not in wire["parameters"][0]
    assert network_from_wire(wire) == WITH_VALUES
    assert WITH_VALUES.hash == SMALL.hash


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ([0.5, -1.0], "$.parameters[1].values"),
        ([0.5, -1.0, float("nan")], "$.parameters[1].values[2]"),
        ([0.5, -1.0, 1e39], "$.parameters[1].values[2]"),
        ([0.5, "x", 3], "$.parameters[1].values[1]"),
        ([0.5, True, 3], "$.parameters[1].values[1]"),
        (None, "$.parameters[1].values"),
    ],
)
def test_values_to_start_from_are_one_finite_float32_for_each_entry(values: object, where: str) -> None:
    wire = network_to_wire(WITH_VALUES)
    wire["parameters"][1]["values"] = values
    with pytest.raises(SchemaError) as raised:
        network_from_wire(wire)
    assert raised.value.path == where


def test_values_and_their_initializer_come_together() -> None:
    wire = network_to_wire(WITH_VALUES)
    del wire["parameters"][1]["values"]
    with pytest.raises(SchemaError, match="keys"):
        network_from_wire(wire)
    wire = network_to_wire(SMALL)
    wire["parameters"][1]["values"] = [0.0, 0.0, 0.0]
    with pytest.raises(SchemaError, match="keys"):
        network_from_wire(wire)
    with pytest.raises(SchemaError, match="0 values"):
        replace(SMALL, parameters=(SMALL.parameters[0], replace(WITH_VALUES.parameters[1], initializer="constant")))


def change(path: str, value: object) -> dict[str, Any]:
    """The small network on the wire with one value replaced, found by a path such as `operations.0.kind`."""
    wire = copy.deepcopy(network_to_wire(SMALL))
    target: Any = wire
    *parents, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in parents:
        target = target[step]
    target[last] = value
    return wire


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("inputs", [], "$.inputs"),
        ("inputs", [["x", 0]], "$.inputs[0]"),
        ("inputs", [["x", 3]], "$.operations[0]"),
        ("inputs", [["x", 2], ["x", 2]], "$.inputs[1]"),
        ("inputs", [["x", 2], ["h", 2]], "$.operations[0].output"),
        ("inputs", [["x"]], "$.inputs[0]"),
        ("inputs", [["x", 2_000_000]], "$.inputs[0]"),
        ("outputs", [], "$.outputs"),
        ("outputs", [["y", 4]], "$.outputs[0]"),
        ("outputs", [["z", 3]], "$.outputs[0]"),
        ("operations.0.kind", "convolve", "$.operations[0].kind"),
        ("operations.0.kind", None, "$.operations[0].kind"),
        ("operations.0.inputs", ["y"], "$.operations[0].inputs"),
        ("operations.0.inputs", [], "$.operations[0]"),
        ("operations.0.inputs", ["x", "x"], "$.operations[0]"),
        ("operations.0.output", "", "$.operations[0].output"),
        ("operations.0.output", "\ud800", "$.operations[0].output"),
        ("operations.0.parameters", ["w"], "$.operations[0].parameters"),
        ("operations.0.parameters", ["b", "w"], "$.operations[0].parameters"),
        ("operations.0.parameters", ["w", "c"], "$.operations[0].parameters"),
        ("operations.0.attributes", {"gain": 1.0}, "$.operations[0].attributes"),
        ("operations.0.attributes", [], "$.operations[0].attributes"),
        ("operations.1.attributes", {"minimum": 0.0}, "$.operations[1].attributes"),
        ("operations.1.attributes.minimum", "0", "$.operations[1].attributes.minimum"),
        ("operations.1.attributes.minimum", 3.0, "$.operations[1]"),
        ("operations.1.attributes.minimum", 10**400, "$.operations[1].attributes.minimum"),
        ("parameters.0.shape", [3, 3], "$.operations[0]"),
        ("parameters.0.shape", [], "$.parameters[0].shape"),
        ("parameters.0.shape", [0, 2], "$.parameters[0].shape[0]"),
        ("parameters.0.shape", [1, 1, 1, 1, 1], "$.parameters[0].shape"),
        ("parameters.0.shape", [MAX_PARAMETERS, 2], "$.parameters"),
        ("parameters.0.initializer", "normal", "$.parameters[0].initializer"),
        ("parameters.1.initializer", "orthogonal", "$.parameters[1].shape"),
        ("parameters.0.gain", float("nan"), "$.parameters[0].gain"),
        ("parameters.0.trainable", 1, "$.parameters[0].trainable"),
        ("parameters.0.name", "b", "$.parameters"),
        ("parameters", [], "$.operations[0].parameters"),
        ("version", 1, "$"),
    ],
)
def test_wrong_network_is_refused_by_path(path: str, value: object, where: str) -> None:
    with pytest.raises(SchemaError) as raised:
        network_from_wire(change(path, value))
    assert raised.value.path.startswith(where)


def test_a_parameter_that_nothing_uses_is_refused() -> None:
    unused = ParameterSpec("c", (1,), "constant", 0.0)
    with pytest.raises(SchemaError, match="an operation uses"):
        replace(SMALL, parameters=(*SMALL.parameters, unused))


@pytest.mark.parametrize("ranges", [(), (0,), (0, 3), (1, 1), (1, 0), (-1, 1), (0, 1, 1, 2)])
def test_normalized_ranges_must_rise_and_lie_apart_within_the_register(ranges: tuple[int, ...]) -> None:
    names = ("mean", "variance", "count")
    attributes = (("clip", 1.0), ("epsilon", 1e-8), ("normalized", ranges))
    with pytest.raises(SchemaError, match=r"\$\.operations\[0\]"):
        NetworkSpec(
            inputs=(("x", 2),),
            outputs=(("y", 2),),
            operations=(Operation("normalize", ("x",), "y", names, attributes),),
            parameters=tuple(
                ParameterSpec(name, (size,), "constant", 1.0) for name, size in zip(names, (2, 2, 1), strict=True)
            ),
        )


@pytest.mark.parametrize(("start", "stop"), [(1, 1), (-1, 1), (0, 3)])
def test_slice_must_lie_within_the_register(start: int, stop: int) -> None:
    with pytest.raises(SchemaError, match="start < stop"):
        NetworkSpec(
            inputs=(("x", 2),),
            outputs=(("y", 1),),
            operations=(Operation("slice", ("x",), "y", (), (("start", start), ("stop", stop))),),
            parameters=(),
        )
