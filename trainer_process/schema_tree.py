"""Schemas as trees of text, one element a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from protocol.schema import ActionElement, ObservationElement, action_to_wire, observation_to_wire

MAX_SHOWN_CHARACTERS = 60
"""Of one field's value; a table of 900 bounds would drown the tree."""

_UNSAID: Mapping[str, object] = {"normalize": True, "scale": 1.0, "tag": "", "bounding": "none"}
"""Values that go without saying."""


def observation_tree(element: ObservationElement) -> list[str]:
    """Lines of an observation schema."""
    return list(_lines("observation", observation_to_wire(element), "", ""))


def action_tree(element: ActionElement) -> list[str]:
    """Lines of an action schema."""
    return list(_lines("action", action_to_wire(element), "", ""))


def _lines(name: str, wire: Mapping[str, Any], first: str, rest: str) -> Iterator[str]:
    yield f"{first}{name}: {wire['type']}{_fields(wire)}"
    children = _children(wire)
    for index, (child, below) in enumerate(children):
        is_last = index == len(children) - 1
        yield from _lines(child, below, rest + ("└─ " if is_last else "├─ "), rest + ("   " if is_last else "│  "))


def _children(wire: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    named = [(entry["name"], entry["element"]) for entry in wire.get("elements", ())]
    return named + [(key, value) for key, value in wire.items() if isinstance(value, Mapping)]


def _fields(wire: Mapping[str, Any]) -> str:
    shown = [
        f"{key} {_short(value)}"
        for key, value in wire.items()
        if key not in ("type", "elements") and not isinstance(value, Mapping) and value is not None
        if _UNSAID.get(key) != value and value != []
    ]
    return f" ({', '.join(shown)})" if shown else ""


def _short(value: object) -> str:
    if isinstance(value, list):
        if len(value) > 1 and len(set(map(str, value))) == 1:
            return f"{len(value)} of {value[0]}"
        text = " ".join(str(each) for each in value)
    else:
        text = str(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…"
