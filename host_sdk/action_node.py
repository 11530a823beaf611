"""An action schema as games read and modify it: a tree that knows where the numbers of each element lie."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from protocol.action_layout import ActionLayout
from protocol.action_tree import ActionLeaf
from protocol.schema import (
    ActionElement,
    ContinuousAction,
    EncodingAction,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    InclusiveDiscreteAction,
    InclusiveUnionAction,
    StaticArrayAction,
    StructAction,
)
from protocol.schema.element import core_of

ENCODED = "element"
"""The name of what stands below an encoding."""


class ActionNode:
    """One element of an action schema.

    Attributes:
        kind: the schema's word for it, as `exclusive_union`.
        tag: the game's.
        path: as `action.weapon.aim`.
        columns: of the action vector; of a union those of its choice or its bits. Empty where it has none.
        names: of the options, where they have names.
        children: by name; those of a static array by their number.
    """

    __slots__ = ("children", "columns", "kind", "name_array", "names", "path", "tag")

    def __init__(self, element: ActionElement, path: str, columns: slice, names: tuple[str, ...] = ()) -> None:
        self.kind = element.type_name
        self.tag = element.tag
        self.path = path
        self.columns = columns
        self.names = names
        self.name_array: npt.NDArray[np.str_] = np.array(names, dtype=np.str_)
        self.children: dict[str, ActionNode] = {}

    @classmethod
    def of(cls, element: ActionElement, layout: ActionLayout) -> ActionNode:
        """The tree of a schema, whose layout this is."""
        return _node_of(element, "action", iter(layout.leaves))

    @property
    def size(self) -> int:
        """Columns."""
        return int(self.columns.stop) - int(self.columns.start)

    def called(self, maker: str) -> str:
        """The method that is for this element.

        Args:
            maker: what comes before the kind in a method's name, as `get_`.
        """
        return call_of(maker, self.kind, self.tag)


def call_of(maker: str, kind: str, tag: str) -> str:
    """A method by name, with its tag, for messages."""
    return f"{maker}{kind} with the tag {tag!r}" if tag else f"{maker}{kind}"


def _node_of(element: ActionElement, path: str, leaves: Iterator[ActionLeaf]) -> ActionNode:
    """Takes the leaves of the layout, which has them in the same order, one by one."""
    core = core_of(element)
    match core:
        case StructAction():
            node = ActionNode(element, path, slice(0, 0))
            for name, child in core.elements:
                node.children[name] = _node_of(child, f"{path}.{name}", leaves)
        case ExclusiveUnionAction() | InclusiveUnionAction():
            node = ActionNode(element, path, _columns(next(leaves)), tuple(name for name, _ in core.elements))
            for name, child in core.elements:
                node.children[name] = _node_of(child, f"{path}.{name}", leaves)
        case StaticArrayAction():
            node = ActionNode(element, path, slice(0, 0))
            for index in range(core.count):
                node.children[str(index)] = _node_of(core.element, f"{path}[{index}]", leaves)
        case EncodingAction():
            node = ActionNode(element, path, slice(0, 0))
            node.children[ENCODED] = _node_of(core.element, path, leaves)
        case ContinuousAction() | ExclusiveDiscreteAction() | InclusiveDiscreteAction():
            node = ActionNode(element, path, _columns(next(leaves)), getattr(element, "names", ()))
        case _:
            node = ActionNode(element, path, slice(0, 0))
    return node


def _columns(leaf: ActionLeaf) -> slice:
    return slice(leaf.action_offset, leaf.action_offset + leaf.size)
