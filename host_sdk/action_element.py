"""The actions of agents as games' callbacks get them, to be read by `ActionObject`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from host_sdk.action_node import ActionNode, call_of
from host_sdk.errors import ValueMismatchError

FloatArray: TypeAlias = npt.NDArray[np.float32]


class ActionObjectElement:
    """One element of one agent's action."""

    __slots__ = ("node", "values")

    def __init__(self, node: ActionNode, values: FloatArray) -> None:
        """
        Args:
            node: which element.
            values: float32[A], as the game is to get them: scaled, squashed, clipped.
        """
        self.node = node
        self.values = values


class ActionObjectElements:
    """One element of the actions of many agents: **batched**, and a sequence of the single agents' elements.

    The order is that of the agent ids that the callback was given. What it holds is its own: no later tick changes it.
    """

    __slots__ = ("node", "values")

    def __init__(self, node: ActionNode, values: FloatArray) -> None:
        """
        Args:
            node: which element.
            values: float32[N, A], as the game is to get them: scaled, squashed, clipped.
        """
        self.node = node
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> ActionObjectElement:
        return ActionObjectElement(self.node, self.values[index])

    def __iter__(self) -> Iterator[ActionObjectElement]:
        node = self.node
        return (ActionObjectElement(node, row) for row in self.values)


Element = TypeVar("Element", ActionObjectElement, ActionObjectElements)
AnyElement: TypeAlias = ActionObjectElement | ActionObjectElements


def node_of(element: AnyElement, kind: str, tag: str) -> ActionNode:
    """The element's node. Raises ValueMismatchError where it is of another kind or has another tag."""
    node = element.node
    if kind != node.kind or tag != node.tag:
        raise ValueMismatchError(node.path, node.called("get_"), call_of("get_", kind, tag))
    return node


def child_of(element: Element, name: str) -> Element:
    """One of the elements below this one."""
    return type(element)(element.node.children[name], element.values)
