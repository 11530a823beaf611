"""Schemas as plain dicts for messages and files, and back; what comes from outside is not trusted.

Every element is a dict with "type" and exactly the keys of its class, for instance

    {"type": "struct", "elements": [{"name": "speed", "element": {"type": "float", "scale": 1.0}}]}

Types: continuous, exclusive_discrete, inclusive_discrete, float, bool, struct, static_array. Continuous and float
actions always have "bounding", "low" and "high" too (null where unbounded).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from protocol.errors import SchemaError
from protocol.limits import MAX_SCHEMA_DEPTH, MAX_SCHEMA_ELEMENTS
from protocol.schema.action import (
    ActionElement,
    BoolAction,
    ContinuousAction,
    ExclusiveDiscreteAction,
    FloatAction,
    InclusiveDiscreteAction,
    StaticArrayAction,
    StructAction,
)
from protocol.schema.observation import (
    BoolObservation,
    ContinuousObservation,
    ExclusiveDiscreteObservation,
    FloatObservation,
    InclusiveDiscreteObservation,
    ObservationElement,
    StaticArrayObservation,
    StructObservation,
)

_OBSERVATIONS: dict[str, type] = {
    "continuous": ContinuousObservation,
    "exclusive_discrete": ExclusiveDiscreteObservation,
    "inclusive_discrete": InclusiveDiscreteObservation,
    "float": FloatObservation,
    "bool": BoolObservation,
    "struct": StructObservation,
    "static_array": StaticArrayObservation,
}
_ACTIONS: dict[str, type] = {
    "continuous": ContinuousAction,
    "exclusive_discrete": ExclusiveDiscreteAction,
    "inclusive_discrete": InclusiveDiscreteAction,
    "float": FloatAction,
    "bool": BoolAction,
    "struct": StructAction,
    "static_array": StaticArrayAction,
}


def observation_to_wire(element: ObservationElement) -> dict[str, Any]:
    """The observation schema as a plain dict of strings, numbers, lists and dicts."""
    return _to_wire(element, {kind: name for name, kind in _OBSERVATIONS.items()})


def action_to_wire(element: ActionElement) -> dict[str, Any]:
    """The action schema as a plain dict of strings, numbers, lists, dicts and nulls."""
    return _to_wire(element, {kind: name for name, kind in _ACTIONS.items()})


def observation_from_wire(data: object) -> ObservationElement:
    """The schema that the dict describes.

    Raises:
        SchemaError: with the path of what is wrong.
    """
    return cast(ObservationElement, _Reader(_OBSERVATIONS).read(data, "$", 1))


def action_from_wire(data: object) -> ActionElement:
    """The schema that the dict describes.

    Raises:
        SchemaError: with the path of what is wrong.
    """
    return cast(ActionElement, _Reader(_ACTIONS).read(data, "$", 1))


def _to_wire(element: Any, names: dict[type, str]) -> dict[str, Any]:
    wire: dict[str, Any] = {"type": names[type(element)]}
    for key in element.__dataclass_fields__:
        value = getattr(element, key)
        if key == "elements":
            value = [{"name": name, "element": _to_wire(child, names)} for name, child in value]
        elif key == "element":
            value = _to_wire(value, names)
        elif isinstance(value, tuple):
            value = list(value)
        wire[key] = value
    return wire


def _check_keys(data: object, keys: set[str], path: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise SchemaError(path, "a dict", type(data).__name__)
    if set(data) != keys:
        raise SchemaError(path, f"the keys {sorted(keys)}", repr(sorted(map(str, data)))[:200])
    return data


class _Reader:
    """Reads one tree, counting its nodes, so that a hostile one is refused before it has grown."""

    def __init__(self, types: dict[str, type]) -> None:
        self._types = types
        self._node_count = 0

    def read(self, data: object, path: str, depth: int) -> Any:
        if not isinstance(data, Mapping):
            raise SchemaError(path, "a dict", type(data).__name__)
        if depth > MAX_SCHEMA_DEPTH:
            raise SchemaError(path, f"at most {MAX_SCHEMA_DEPTH} levels", "a deeper tree")
        self._node_count += 1
        if self._node_count > MAX_SCHEMA_ELEMENTS:
            raise SchemaError(path, f"at most {MAX_SCHEMA_ELEMENTS} elements", "more")
        name = data.get("type")
        if not isinstance(name, str) or name not in self._types:
            raise SchemaError(f"{path}.type", f"one of {sorted(self._types)}", repr(name)[:200])
        kind = cast(Any, self._types[name])
        fields = _check_keys(data, {"type", *kind.__dataclass_fields__}, path)
        arguments = {key: self._field(key, fields[key], path, depth) for key in kind.__dataclass_fields__}
        try:
            return kind(**arguments)
        except SchemaError as error:
            raise SchemaError(path + error.path.removeprefix("$"), error.expected, error.received) from None

    def _field(self, key: str, value: Any, path: str, depth: int) -> Any:
        if key == "element":
            return self.read(value, f"{path}[]", depth + 1)
        if key == "elements":
            return self._elements(value, path, depth)
        return tuple(value) if isinstance(value, list) else value

    def _elements(self, data: object, path: str, depth: int) -> tuple[tuple[str, Any], ...]:
        if not isinstance(data, (list, tuple)):
            raise SchemaError(f"{path}.elements", "a list", type(data).__name__)
        pairs: list[tuple[str, Any]] = []
        for index, item in enumerate(data):
            entry = _check_keys(item, {"name", "element"}, f"{path}.elements[{index}]")
            name = entry["name"]
            if not isinstance(name, str):
                raise SchemaError(f"{path}.elements[{index}].name", "a string", type(name).__name__)
            pairs.append((name, self.read(entry["element"], f"{path}.{name[:80]}", depth + 1)))
        return tuple(pairs)
