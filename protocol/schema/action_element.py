"""The base of all action elements, and the check of those that stand inside others."""

from __future__ import annotations

from protocol.errors import SchemaError
from protocol.limits import MAX_ACTION_SIZE
from protocol.schema.element import Element
from protocol.schema.validation import check_tree


class ActionElement(Element):
    """What an agent does, or a part of it."""


def check_action_tree(element: ActionElement) -> None:
    """Refuse a tree that is too deep, too wide or too large. Raises SchemaError."""
    check_tree(element, MAX_ACTION_SIZE)


def check_inner_action(element: object, key: str) -> None:
    """Refuse what can't stand inside another element. Raises SchemaError."""
    if not isinstance(element, ActionElement):
        raise SchemaError(f"$.{key}", "an action element", type(element).__name__)
