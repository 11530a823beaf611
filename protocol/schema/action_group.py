"""Core action elements that are made of others."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.limits import MAX_ACTION_SIZE
from protocol.schema.action_element import ActionElement, check_action_tree, check_inner_action
from protocol.schema.validation import as_size, check_elements


@dataclass(frozen=True)
class StructAction(ActionElement):
    """Named elements in the order of declaration, which is part of the schema's identity.

    Raises:
        SchemaError: no elements, a bad or doubled name, or a tree that is too deep or too large.
    """

    type_name = "struct"

    elements: tuple[tuple[str, ActionElement], ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_elements(self.elements, ActionElement)
        check_action_tree(self)

    @property
    def vector_size(self) -> int:
        return sum(element.vector_size for _, element in self.elements)

    @property
    def children(self) -> tuple[tuple[str, ActionElement], ...]:
        return tuple((f".{name}", element) for name, element in self.elements)


@dataclass(frozen=True)
class StaticArrayAction(ActionElement):
    """`count` times the same element."""

    type_name = "static_array"
    child_keys = ("element",)

    element: ActionElement
    count: int

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.count, "count", MAX_ACTION_SIZE)
        check_inner_action(self.element, "element")
        check_action_tree(self)

    @property
    def vector_size(self) -> int:
        return self.count * self.element.vector_size

    @property
    def children(self) -> tuple[tuple[str, ActionElement], ...]:
        return (("[]", self.element),)
