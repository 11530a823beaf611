"""Actions as a game's callbacks read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt

from host_sdk.errors import ValueMismatchError
from host_sdk.inference.distribution import ActionDistribution
from protocol.action_layout import ActionLayout, ActionLeaf
from protocol.schema import (
    ActionElement,
    BoolAction,
    ContinuousAction,
    ExclusiveDiscreteAction,
    FloatAction,
    InclusiveDiscreteAction,
    StaticArrayAction,
    StructAction,
)

FloatArray: TypeAlias = npt.NDArray[np.float32]
Int64Array: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]


class ActionNode:
    """One element of an action schema and where its numbers lie."""

    __slots__ = ("children", "columns", "kind", "path")

    def __init__(self, kind: str, path: str, columns: slice, children: tuple[tuple[str, ActionNode], ...] = ()) -> None:
        self.kind = kind
        self.path = path
        self.columns = columns
        self.children = children


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


_Element = TypeVar("_Element", ActionObjectElement, ActionObjectElements)
_AnyElement: TypeAlias = ActionObjectElement | ActionObjectElements


class ActionObject:
    """Reads the actions that `perform_agent_action(s)` is given; its methods are named after the schema's.

    One agent's element gives Python numbers and arrays [size]; a batched one gives arrays with a leading agent axis N,
    without touching Python per agent. Each method raises ValueMismatchError where the element is of another kind.
    """

    def get_struct(self, element: _Element) -> dict[str, _Element]:
        """The struct's elements by name."""
        node = _node(element, "struct")
        make, values = type(element), element.values
        return {name: make(child, values) for name, child in node.children}

    def get_static_array(self, element: _Element) -> list[_Element]:
        """The static array's elements."""
        node = _node(element, "static array")
        make, values = type(element), element.values
        return [make(child, values) for _, child in node.children]

    def get_continuous(self, element: _AnyElement) -> FloatArray:
        """float32[N, size], in the game's own units."""
        return element.values[..., _node(element, "continuous").columns]

    @overload
    def get_float(self, element: ActionObjectElement) -> float: ...
    @overload
    def get_float(self, element: ActionObjectElements) -> FloatArray: ...
    def get_float(self, element: _AnyElement) -> float | FloatArray:
        """float32[N], in the game's own unit."""
        value = element.values[..., _node(element, "float").columns.start]
        return value if isinstance(element, ActionObjectElements) else float(value)

    @overload
    def get_bool(self, element: ActionObjectElement) -> bool: ...
    @overload
    def get_bool(self, element: ActionObjectElements) -> BoolArray: ...
    def get_bool(self, element: _AnyElement) -> bool | BoolArray:
        """bool[N]."""
        value = element.values[..., _node(element, "bool").columns.start] > 0.5
        return value if isinstance(element, ActionObjectElements) else bool(value)

    @overload
    def get_exclusive_discrete(self, element: ActionObjectElement) -> int: ...
    @overload
    def get_exclusive_discrete(self, element: ActionObjectElements) -> Int64Array: ...
    def get_exclusive_discrete(self, element: _AnyElement) -> int | Int64Array:
        """int64[N], the choice, from 0 to size - 1."""
        chosen = element.values[..., _node(element, "exclusive discrete").columns].argmax(axis=-1)
        return chosen if isinstance(element, ActionObjectElements) else int(chosen)

    def get_inclusive_discrete(self, element: _AnyElement) -> BoolArray:
        """bool[N, size], true where chosen."""
        return element.values[..., _node(element, "inclusive discrete").columns] > 0.5


class ActionDecoder:
    """From action vectors, as sampled, to what the game gets."""

    def __init__(self, element: ActionElement) -> None:
        """
        Args:
            element: the action schema.
        """
        layout = ActionLayout.of(element)
        self._root = _node_of(element, "action", iter(layout.leaves))
        self._distribution = ActionDistribution(layout, max_batch=1)

    def decode(self, action_vectors: FloatArray) -> ActionObjectElements:
        """The actions of N agents, in memory of their own.

        Args:
            action_vectors: float32[N, A], as sampled.
        """
        return ActionObjectElements(self._root, self._distribution.to_delivered(action_vectors))


def _node(element: _AnyElement, kind: str) -> ActionNode:
    node = element.node
    if node.kind != kind:
        raise ValueMismatchError(node.path, f"get_{node.kind.replace(' ', '_')}", f"get_{kind.replace(' ', '_')}")
    return node


def _node_of(element: ActionElement, path: str, leaves: Iterator[ActionLeaf]) -> ActionNode:
    """The tree of nodes; takes a leaf of the layout, which has them in the same order, for each leaf of the schema."""
    match element:
        case StructAction():
            named = tuple((name, _node_of(child, f"{path}.{name}", leaves)) for name, child in element.elements)
            return ActionNode("struct", path, slice(0), named)
        case StaticArrayAction():
            counted = tuple((str(i), _node_of(element.element, f"{path}[{i}]", leaves)) for i in range(element.count))
            return ActionNode("static array", path, slice(0), counted)
        case _:
            leaf = next(leaves)
            return ActionNode(_kind_of(element), path, slice(leaf.action_offset, leaf.action_offset + leaf.size))


def _kind_of(element: ActionElement) -> str:
    match element:
        case ContinuousAction():
            return "continuous"
        case FloatAction():
            return "float"
        case BoolAction():
            return "bool"
        case ExclusiveDiscreteAction():
            return "exclusive discrete"
        case InclusiveDiscreteAction():
            return "inclusive discrete"
        case StructAction():
            return "struct"
        case _:
            return element.type_name.replace("_", " ")
