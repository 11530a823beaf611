"""Actions as a game's callbacks read and make them."""

from __future__ import annotations

from enum import Enum, Flag
from typing import TypeAlias, TypeVar, overload

import numpy as np
import numpy.typing as npt

from host_sdk.action_element import (
    ActionObjectElement,
    ActionObjectElements,
    AnyElement,
    Element,
    FloatArray,
    child_of,
    node_of,
)
from host_sdk.action_maker import ActionMaker
from host_sdk.action_node import ENCODED, ActionNode
from host_sdk.errors import ValueMismatchError
from host_sdk.spatial_action_object import SpatialActionObject

Int64Array: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
NameArray: TypeAlias = npt.NDArray[np.str_]
MemberArray: TypeAlias = npt.NDArray[np.object_]
_Member = TypeVar("_Member", bound=Enum)
_Flags = TypeVar("_Flags", bound=Flag)


class ActionObject(SpatialActionObject, ActionMaker):
    """Reads the actions that `perform_agent_action(s)` is given, and makes those that a controller returns.

    Its methods are named after the schema's: `get_float(element)` reads what `float(value)` makes (see `ActionMaker`).
    Reading one agent's element gives Python numbers and arrays [size]; a batched one gives arrays with a leading agent
    axis N, without touching Python per agent. What a batched element holds of agents that didn't choose it means
    nothing.

    Each `get_` method raises ValueMismatchError where the element is of another kind, or was specified with another
    tag.
    """

    # --- Leaves ----------------------------------------------------------------------------------------------------

    def get_null(self, element: AnyElement, *, tag: str = "") -> None:
        """Nothing."""
        node_of(element, "null", tag)

    def get_continuous(self, element: AnyElement, *, tag: str = "") -> FloatArray:
        """float32[N, size], in the game's own units."""
        return element.values[..., node_of(element, "continuous", tag).columns]

    @overload
    def get_float(self, element: ActionObjectElement, *, tag: str = "") -> float: ...
    @overload
    def get_float(self, element: ActionObjectElements, *, tag: str = "") -> FloatArray: ...
    def get_float(self, element: AnyElement, *, tag: str = "") -> float | FloatArray:
        """float32[N], in the game's own unit."""
        value = element.values[..., node_of(element, "float", tag).columns.start]
        return value if isinstance(element, ActionObjectElements) else float(value)

    @overload
    def get_bool(self, element: ActionObjectElement, *, tag: str = "") -> bool: ...
    @overload
    def get_bool(self, element: ActionObjectElements, *, tag: str = "") -> BoolArray: ...
    def get_bool(self, element: AnyElement, *, tag: str = "") -> bool | BoolArray:
        """bool[N]."""
        value = element.values[..., node_of(element, "bool", tag).columns.start] > 0.5
        return value if isinstance(element, ActionObjectElements) else bool(value)

    @overload
    def get_exclusive_discrete(self, element: ActionObjectElement, *, tag: str = "") -> int: ...
    @overload
    def get_exclusive_discrete(self, element: ActionObjectElements, *, tag: str = "") -> Int64Array: ...
    def get_exclusive_discrete(self, element: AnyElement, *, tag: str = "") -> int | Int64Array:
        """int64[N], the choice, from 0 to size - 1."""
        chosen = _places(element, node_of(element, "exclusive_discrete", tag))
        return chosen if isinstance(element, ActionObjectElements) else int(chosen)

    def get_inclusive_discrete(self, element: AnyElement, *, tag: str = "") -> BoolArray:
        """bool[N, size], true where chosen."""
        return element.values[..., node_of(element, "inclusive_discrete", tag).columns] > 0.5

    @overload
    def get_named_exclusive_discrete(self, element: ActionObjectElement, *, tag: str = "") -> str: ...
    @overload
    def get_named_exclusive_discrete(self, element: ActionObjectElements, *, tag: str = "") -> NameArray: ...
    def get_named_exclusive_discrete(self, element: AnyElement, *, tag: str = "") -> str | NameArray:
        """str[N], the chosen name."""
        return _chosen_names(element, node_of(element, "named_exclusive_discrete", tag))

    @overload
    def get_named_inclusive_discrete(self, element: ActionObjectElement, *, tag: str = "") -> tuple[str, ...]: ...
    @overload
    def get_named_inclusive_discrete(self, element: ActionObjectElements, *, tag: str = "") -> dict[str, BoolArray]: ...
    def get_named_inclusive_discrete(
        self, element: AnyElement, *, tag: str = ""
    ) -> tuple[str, ...] | dict[str, BoolArray]:
        """The chosen names; batched, by name bool[N]: who chose it."""
        node = node_of(element, "named_inclusive_discrete", tag)
        if isinstance(element, ActionObjectElements):
            return _flags_by_name(element, node)
        return _names_that_are_set(element, node)

    @overload
    def get_enum(self, element: ActionObjectElement, *, tag: str = "") -> str: ...
    @overload
    def get_enum(self, element: ActionObjectElement, members: type[_Member], *, tag: str = "") -> _Member: ...
    @overload
    def get_enum(self, element: ActionObjectElements, *, tag: str = "") -> NameArray: ...
    @overload
    def get_enum(self, element: ActionObjectElements, members: type[_Member], *, tag: str = "") -> MemberArray: ...
    def get_enum(
        self, element: AnyElement, members: type[_Member] | None = None, *, tag: str = ""
    ) -> str | _Member | NameArray | MemberArray:
        """str[N], the chosen member's name; or [N] members themselves, where their class is given."""
        node = node_of(element, "enum", tag)
        if members is None:
            return _chosen_names(element, node)
        own = list(members)
        if tuple(member.name for member in own) != node.names:
            raise ValueMismatchError(node.path, f"an enumeration of {', '.join(node.names)}", members.__name__)
        if isinstance(element, ActionObjectElements):
            table = np.empty(len(own), dtype=np.object_)
            table[:] = own
            return np.asarray(table[_places(element, node)], dtype=np.object_)
        return own[int(_places(element, node))]

    @overload
    def get_bitmask(self, element: ActionObjectElement, *, tag: str = "") -> int: ...
    @overload
    def get_bitmask(self, element: ActionObjectElement, flags: type[_Flags], *, tag: str = "") -> _Flags: ...
    @overload
    def get_bitmask(self, element: ActionObjectElements, *, tag: str = "") -> Int64Array: ...
    def get_bitmask(
        self, element: AnyElement, flags: type[_Flags] | None = None, *, tag: str = ""
    ) -> int | _Flags | Int64Array:
        """int64[N] whose bits are the chosen flags, the first one the lowest; of one agent a member of their class."""
        node = node_of(element, "bitmask", tag)
        bits = element.values[..., node.columns] > 0.5
        mask = bits.astype(np.int64) @ (np.int64(1) << np.arange(node.size))
        if isinstance(element, ActionObjectElements):
            return np.asarray(mask, dtype=np.int64)
        return int(mask) if flags is None else flags(int(mask))

    # --- Groups ----------------------------------------------------------------------------------------------------

    def get_struct(self, element: Element, *, tag: str = "") -> dict[str, Element]:
        """The struct's elements by name."""
        make, values = type(element), element.values
        return {name: make(child, values) for name, child in node_of(element, "struct", tag).children.items()}

    def get_pair(self, element: Element, *, tag: str = "") -> tuple[Element, Element]:
        """Both elements."""
        node_of(element, "pair", tag)
        return child_of(element, "key"), child_of(element, "value")

    def get_static_array(self, element: Element, *, tag: str = "") -> list[Element]:
        """The static array's elements."""
        make, values = type(element), element.values
        return [make(child, values) for child in node_of(element, "static_array", tag).children.values()]

    def get_encoding(self, element: Element, *, tag: str = "") -> Element:
        """What was encoded."""
        node_of(element, "encoding", tag)
        return child_of(element, ENCODED)

    # --- Choices ---------------------------------------------------------------------------------------------------

    @overload
    def get_exclusive_union(
        self, element: ActionObjectElement, *, tag: str = ""
    ) -> tuple[str, ActionObjectElement]: ...
    @overload
    def get_exclusive_union(
        self, element: ActionObjectElements, *, tag: str = ""
    ) -> tuple[NameArray, dict[str, ActionObjectElements]]: ...
    def get_exclusive_union(
        self, element: AnyElement, *, tag: str = ""
    ) -> tuple[str, ActionObjectElement] | tuple[NameArray, dict[str, ActionObjectElements]]:
        """The chosen option's name and the option; batched, str[N] and all options by name."""
        node = node_of(element, "exclusive_union", tag)
        if isinstance(element, ActionObjectElements):
            return _chosen_names(element, node), {name: child_of(element, name) for name in node.names}
        name = _chosen_names(element, node)
        return name, child_of(element, name)

    @overload
    def get_inclusive_union(self, element: ActionObjectElement, *, tag: str = "") -> dict[str, ActionObjectElement]: ...
    @overload
    def get_inclusive_union(
        self, element: ActionObjectElements, *, tag: str = ""
    ) -> tuple[dict[str, BoolArray], dict[str, ActionObjectElements]]: ...
    def get_inclusive_union(
        self, element: AnyElement, *, tag: str = ""
    ) -> dict[str, ActionObjectElement] | tuple[dict[str, BoolArray], dict[str, ActionObjectElements]]:
        """The options that are there by name; batched, by name bool[N], who has them, and all options by name."""
        node = node_of(element, "inclusive_union", tag)
        if isinstance(element, ActionObjectElements):
            return _flags_by_name(element, node), {name: child_of(element, name) for name in node.names}
        return {name: child_of(element, name) for name in _names_that_are_set(element, node)}

    @overload
    def get_optional(self, element: ActionObjectElement, *, tag: str = "") -> ActionObjectElement | None: ...
    @overload
    def get_optional(
        self, element: ActionObjectElements, *, tag: str = ""
    ) -> tuple[BoolArray, ActionObjectElements]: ...
    def get_optional(
        self, element: AnyElement, *, tag: str = ""
    ) -> ActionObjectElement | tuple[BoolArray, ActionObjectElements] | None:
        """The element, or None; batched, bool[N], who has it, and the element."""
        node = node_of(element, "optional", tag)
        is_valid = _places(element, node) == 1
        if isinstance(element, ActionObjectElements):
            return is_valid, child_of(element, "valid")
        return child_of(element, "valid") if is_valid else None

    @overload
    def get_either(self, element: ActionObjectElement, *, tag: str = "") -> tuple[bool, ActionObjectElement]: ...
    @overload
    def get_either(
        self, element: ActionObjectElements, *, tag: str = ""
    ) -> tuple[BoolArray, ActionObjectElements, ActionObjectElements]: ...
    def get_either(
        self, element: AnyElement, *, tag: str = ""
    ) -> tuple[bool, ActionObjectElement] | tuple[BoolArray, ActionObjectElements, ActionObjectElements]:
        """Whether it is the first, and the one chosen; batched, bool[N], who has the first, the first, the second."""
        node = node_of(element, "either", tag)
        is_a = _places(element, node) == 0
        if isinstance(element, ActionObjectElements):
            return is_a, child_of(element, "a"), child_of(element, "b")
        return bool(is_a), child_of(element, "a" if is_a else "b")


def _places(element: AnyElement, node: ActionNode) -> Int64Array:
    """int64[N] of options, from 0."""
    places: Int64Array = element.values[..., node.columns].argmax(axis=-1)
    return places


@overload
def _chosen_names(element: ActionObjectElement, node: ActionNode) -> str: ...
@overload
def _chosen_names(element: ActionObjectElements, node: ActionNode) -> NameArray: ...
def _chosen_names(element: AnyElement, node: ActionNode) -> str | NameArray:
    places = _places(element, node)
    return node.name_array[places] if isinstance(element, ActionObjectElements) else node.names[int(places)]


def _flags_by_name(element: ActionObjectElements, node: ActionNode) -> dict[str, BoolArray]:
    flags = element.values[..., node.columns] > 0.5
    return {name: flags[..., place] for place, name in enumerate(node.names)}


def _names_that_are_set(element: ActionObjectElement, node: ActionNode) -> tuple[str, ...]:
    flags = element.values[node.columns].tolist()
    return tuple(name for name, flag in zip(node.names, flags, strict=True) if flag > 0.5)
