"""Schemas as plain dicts for messages and files, and back; what comes from outside is not trusted.

Every element is a dict with "type", exactly the fields of its class, and "tag" where it has one, for instance

    {"type": "struct", "elements": [{"name": "speed", "element": {"type": "float", "scale": 1.0, "normalize": true}}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, cast

from protocol.errors import SchemaError
from protocol.limits import MAX_SCHEMA_DEPTH, MAX_SCHEMA_ELEMENTS
from protocol.schema.action_element import ActionElement
from protocol.schema.element import Element
from protocol.schema.observation_element import ObservationElement
from protocol.schema.registry import ACTION_TYPES, OBSERVATION_TYPES


def observation_to_wire(element: ObservationElement) -> dict[str, Any]:
    """The observation schema as a plain dict of strings, numbers, booleans, lists and dicts."""
    return _to_wire(element)


def action_to_wire(element: ActionElement) -> dict[str, Any]:
    """The action schema as a plain dict of strings, numbers, booleans, lists, dicts and nulls."""
    return _to_wire(element)


def observation_from_wire(data: object) -> ObservationElement:
    """The schema that the dict describes.

    Raises:
        SchemaError: with the path of what is wrong.
    """
    return cast(ObservationElement, _Reader(OBSERVATION_TYPES).read(data, "$", 1))


def action_from_wire(data: object) -> ActionElement:
    """The schema that the dict describes.

    Raises:
        SchemaError: with the path of what is wrong.
    """
    return cast(ActionElement, _Reader(ACTION_TYPES).read(data, "$", 1))


def schema_fields(kind: type[Element]) -> tuple[str, ...]:
    """The fields of an element in their order, without its tag."""
    return tuple(field.name for field in fields(kind) if field.name != "tag")


def _to_wire(element: Element) -> dict[str, Any]:
    wire: dict[str, Any] = {"type": element.type_name}
    for key in schema_fields(type(element)):
        value = getattr(element, key)
        if isinstance(value, Element):
            value = _to_wire(value)
        elif key == "elements":
            value = [{"name": name, "element": _to_wire(child)} for name, child in value]
        elif isinstance(value, tuple):
            value = list(value)
        wire[key] = value
    return {**wire, "tag": element.tag} if element.tag else wire


def _check_keys(data: object, keys: set[str], path: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise SchemaError(path, "a dict", type(data).__name__)
    if set(data) != keys:
        raise SchemaError(path, f"the keys {sorted(keys)}", repr(sorted(map(str, data)))[:200])
    return data


class _Reader:
    """Reads one tree, counting its nodes, so that a hostile one is refused before it has grown."""

    def __init__(self, types: Mapping[str, type[Element]]) -> None:
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
        kind = self._types[name]
        keys = schema_fields(kind)
        given = _check_keys(data, {"type", *keys, *(["tag"] if "tag" in data else [])}, path)
        arguments = {key: self._field(kind, key, given[key], path, depth) for key in keys}
        try:
            return kind(**arguments, tag=given.get("tag", ""))
        except SchemaError as error:
            raise SchemaError(path + error.path.removeprefix("$"), error.expected, error.received) from None

    def _field(self, kind: type[Element], key: str, value: Any, path: str, depth: int) -> Any:
        if key in kind.child_keys:
            return self.read(value, f"{path}{'[]' if key == 'element' else '.' + key}", depth + 1)
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
