"""Networks as plain dicts for files and messages, and back; what comes from outside is not trusted.

{"inputs": [["observation", 4]], "outputs": [["value", 1]],
 "operations": [{"kind", "inputs": [...], "output", "parameters": [...], "attributes": {...}}, ...],
 "parameters": [{"name", "shape": [...], "initializer", "gain", "trainable"}, ...]}

A parameter with the initializer "values" has the key "values" beside, a list of floats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from protocol.errors import SchemaError
from protocol.finite_number import is_finite_number
from protocol.limits import MAX_NETWORK_OPERATIONS, MAX_NETWORK_PARAMETERS, MAX_PARAMETER_RANK, MAX_REGISTER_SIZE
from protocol.network_spec import NetworkSpec, Operation, ParameterSpec

MAX_OPERATION_INPUTS = 1024
"""Registers that one operation reads, and inputs and outputs of a network: a concat of a wide struct."""

_Item = TypeVar("_Item")


def network_to_wire(spec: NetworkSpec) -> dict[str, Any]:
    """The network as a plain dict of strings, numbers, booleans, lists and dicts."""
    return {
        "inputs": [list(pair) for pair in spec.inputs],
        "outputs": [list(pair) for pair in spec.outputs],
        "operations": [
            {
                "kind": operation.kind,
                "inputs": list(operation.inputs),
                "output": operation.output,
                "parameters": list(operation.parameters),
                "attributes": {
                    name: list(value) if isinstance(value, tuple) else value for name, value in operation.attributes
                },
            }
            for operation in spec.operations
        ],
        "parameters": [_parameter_to_wire(parameter) for parameter in spec.parameters],
    }


def _parameter_to_wire(parameter: ParameterSpec) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "name": parameter.name,
        "shape": list(parameter.shape),
        "initializer": parameter.initializer,
        "gain": parameter.gain,
        "trainable": parameter.trainable,
    }
    return {**wire, "values": list(parameter.values)} if parameter.initializer == "values" else wire


def network_from_wire(data: object) -> NetworkSpec:
    """The network that the dict describes.

    Raises:
        SchemaError: with the path of what is wrong.
    """
    top = _dict(data, {"inputs", "outputs", "operations", "parameters"}, "$")
    return NetworkSpec(
        inputs=_list(top["inputs"], MAX_OPERATION_INPUTS, "$.inputs", _register),
        outputs=_list(top["outputs"], MAX_OPERATION_INPUTS, "$.outputs", _register),
        operations=_list(top["operations"], MAX_NETWORK_OPERATIONS, "$.operations", _operation),
        parameters=_list(top["parameters"], MAX_NETWORK_PARAMETERS, "$.parameters", _parameter),
    )


def _dict(data: object, keys: set[str], path: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping) or set(data) != keys:
        received = sorted(map(str, data)) if isinstance(data, Mapping) else type(data).__name__
        raise SchemaError(path, f"a dict with the keys {sorted(keys)}", repr(received)[:200])
    return data


def _list(data: object, maximum: int, path: str, read: Callable[[object, str], _Item]) -> tuple[_Item, ...]:
    if not isinstance(data, (list, tuple)) or len(data) > maximum:
        raise SchemaError(path, f"a list of at most {maximum}", repr(data)[:200])
    return tuple(read(item, f"{path}[{index}]") for index, item in enumerate(data))


def _string(data: object, path: str) -> str:
    if not isinstance(data, str):
        raise SchemaError(path, "a string", repr(data)[:200])
    try:
        data.encode("utf-8")
    except UnicodeEncodeError:
        raise SchemaError(path, "a string that UTF-8 can hold", repr(data)[:200]) from None
    return data


def _integer(data: object, path: str) -> int:
    if not isinstance(data, int) or isinstance(data, bool) or not 1 <= data < 2**31:
        raise SchemaError(path, "an integer from 1 on", repr(data)[:200])
    return data


def _register(data: object, path: str) -> tuple[str, int]:
    if not isinstance(data, (list, tuple)) or len(data) != 2:
        raise SchemaError(path, "a pair of a register and its size", repr(data)[:200])
    return _string(data[0], f"{path}[0]"), _integer(data[1], f"{path}[1]")


def _operation(data: object, path: str) -> Operation:
    fields = _dict(data, {"kind", "inputs", "output", "parameters", "attributes"}, path)
    attributes = fields["attributes"]
    if not isinstance(attributes, Mapping):
        raise SchemaError(f"{path}.attributes", "a dict", type(attributes).__name__)
    try:
        return Operation(
            kind=_string(fields["kind"], f"{path}.kind"),
            inputs=_list(fields["inputs"], MAX_OPERATION_INPUTS, f"{path}.inputs", _string),
            output=_string(fields["output"], f"{path}.output"),
            parameters=_list(fields["parameters"], MAX_PARAMETER_RANK * 4, f"{path}.parameters", _string),
            attributes=tuple(attributes.items()),
        )
    except SchemaError as error:
        if error.path.startswith(path):
            raise
        raise SchemaError(path + error.path.removeprefix("$"), error.expected, error.received) from None


def _number(data: object, path: str) -> float:
    if not is_finite_number(data):
        raise SchemaError(path, "a finite number", repr(data)[:200])
    assert isinstance(data, (int, float))
    return float(data)


def _parameter(data: object, path: str) -> ParameterSpec:
    keys = {"name", "shape", "initializer", "gain", "trainable"}
    has_values = isinstance(data, Mapping) and data.get("initializer") == "values"
    fields = _dict(data, keys | {"values"} if has_values else keys, path)
    if not isinstance(fields["trainable"], bool):
        raise SchemaError(f"{path}.trainable", "true or false", repr(fields["trainable"])[:200])
    initializer: Any = _string(fields["initializer"], f"{path}.initializer")
    return ParameterSpec(
        name=_string(fields["name"], f"{path}.name"),
        shape=_list(fields["shape"], MAX_PARAMETER_RANK, f"{path}.shape", _integer),
        initializer=initializer,
        gain=_number(fields["gain"], f"{path}.gain"),
        trainable=fields["trainable"],
        values=_list(fields["values"], MAX_REGISTER_SIZE, f"{path}.values", _number) if has_values else (),
    )
