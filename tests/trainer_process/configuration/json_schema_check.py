"""As much of JSON schema as the dialect's uses, for the tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_TYPES: dict[str, Callable[[object], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: not isinstance(value, bool) and isinstance(value, int | float) and value == int(value),
    "null": lambda value: value is None,
    "number": lambda value: not isinstance(value, bool) and isinstance(value, int | float),
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}
_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: value >= bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
    "minLength": lambda value, bound: len(value) >= bound,
    "maxLength": lambda value, bound: len(value) <= bound,
    "minItems": lambda value, bound: len(value) >= bound,
    "maxItems": lambda value, bound: len(value) <= bound,
    "pattern": lambda value, bound: re.search(bound, value) is not None,
    "const": lambda value, bound: value == bound,
    "enum": lambda value, bound: value in bound,
}
_REST = {
    "$defs",
    "$ref",
    "$schema",
    "additionalProperties",
    "anyOf",
    "default",
    "description",
    "items",
    "oneOf",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "title",
    "type",
}


def disagreements(value: object, schema: dict[str, Any], root: dict[str, Any], path: str = "$") -> Iterator[str]:
    """Where a value isn't as the schema has it. Raises ValueError for a keyword that isn't known here."""
    if unknown := set(schema) - _REST - set(_BOUNDS):
        raise ValueError(f"{path}: keywords {unknown}")
    if "$ref" in schema:
        yield from disagreements(value, root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root, path)
    for kind in ("anyOf", "oneOf"):
        if kind in schema and not any(not [*disagreements(value, each, root, path)] for each in schema[kind]):
            yield f"{path}: none of {kind}"
    if "type" in schema and not _TYPES[schema["type"]](value):
        yield f"{path}: {value!r} is no {schema['type']}"
        return
    for keyword, agrees in _BOUNDS.items():
        if keyword in schema and not agrees(value, schema[keyword]):
            yield f"{path}: {value!r} against {keyword} {schema[keyword]}"
    yield from _inner(value, schema, root, path)


def _inner(value: object, schema: dict[str, Any], root: dict[str, Any], path: str) -> Iterator[str]:
    if isinstance(value, dict):
        properties, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        for key in schema.get("required", ()):
            if key not in value:
                yield f"{path}: no {key}"
        for key, inner in value.items():
            below = properties.get(key, rest)
            if below is False:
                yield f"{path}: the key {key}"
            elif isinstance(below, dict):
                yield from disagreements(inner, below, root, f"{path}.{key}")
    if isinstance(value, list):
        first = schema.get("prefixItems", [])
        for index, inner in enumerate(value):
            below = first[index] if index < len(first) else schema.get("items", {})
            yield from disagreements(inner, below, root, f"{path}[{index}]")
