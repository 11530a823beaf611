"""Making actions, as a controller's callbacks do it: the opposite of reading them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.action_node import ENCODED
from host_sdk.action_value import ActionValue
from host_sdk.enumeration_member import each_member
from host_sdk.errors import ValueMismatchError
from host_sdk.spatial_action_maker import SpatialActionMaker

_Named: TypeAlias = Mapping[str, ActionValue]
_Flags: TypeAlias = npt.ArrayLike | Mapping[str, npt.ArrayLike]


class ActionMaker(SpatialActionMaker):
    """The makers of actions; see `ActionObject`, which is what games get.

    A value is either of one agent or of all agents asked for: **batched**, each leaf with a leading agent axis N, which
    is left away for one agent; arrays without that axis hold for all agents. What options hold that an agent didn't
    choose is never read; it may be anything. Every maker takes the `tag` of the schema element that it is for.

    Numbers are in the game's own units; those beyond the bounds of a clipped or squashed element are brought to them,
    as the game would get them anyway. Values are checked against the schema when they are returned, not here.
    """

    # --- Leaves ----------------------------------------------------------------------------------------------------

    def null(self, *, tag: str = "") -> ActionValue:
        """Nothing."""
        return ActionValue("null", tag)

    def continuous(self, values: npt.ArrayLike, *, tag: str = "") -> ActionValue:
        """[N, size] numbers."""
        return ActionValue("continuous", tag, values)

    def float(self, value: npt.ArrayLike, *, tag: str = "") -> ActionValue:
        """[N], one number."""
        return ActionValue("float", tag, np.asarray(value)[..., np.newaxis])

    def bool(self, value: npt.ArrayLike, *, tag: str = "") -> ActionValue:
        """[N], true or false."""
        return ActionValue("bool", tag, np.asarray(value)[..., np.newaxis])

    def exclusive_discrete(self, index: npt.ArrayLike, *, tag: str = "") -> ActionValue:
        """[N] integers, the choice, from 0 to size - 1."""
        return ActionValue("exclusive_discrete", tag, index)

    def inclusive_discrete(self, chosen: npt.ArrayLike, *, tag: str = "") -> ActionValue:
        """bool[N, size], true where chosen; or a list of the places chosen, of one agent or of all alike."""
        return ActionValue("inclusive_discrete", tag, chosen)

    def named_exclusive_discrete(self, name: npt.ArrayLike, *, tag: str = "") -> ActionValue:
        """[N] names, the choice; or its place among the schema's names, from 0, as integers."""
        return ActionValue("named_exclusive_discrete", tag, name)

    def named_inclusive_discrete(self, chosen: _Flags, *, tag: str = "") -> ActionValue:
        """By name bool[N], who chose it; or bool[N, number of names]; or the names chosen, of one agent or all."""
        return ActionValue("named_inclusive_discrete", tag, chosen)

    def enum(self, member: Enum | npt.ArrayLike, *, tag: str = "") -> ActionValue:
        """[N] members, or their names, or integers: their **places** in the order of declaration, from 0."""
        return ActionValue("enum", tag, each_member(member, "name"))

    def bitmask(self, flags: Enum | npt.ArrayLike, *, tag: str = "") -> ActionValue:
        """[N] flags, or integers whose lowest bit is the first flag."""
        return ActionValue("bitmask", tag, each_member(flags, "value"))

    # --- Groups ----------------------------------------------------------------------------------------------------

    def struct(self, elements: _Named, *, tag: str = "") -> ActionValue:
        """Named elements, exactly those of the schema, in any order."""
        return ActionValue("struct", tag, elements=elements)

    def pair(self, key: ActionValue, value: ActionValue, *, tag: str = "") -> ActionValue:
        """Two elements."""
        return ActionValue("pair", tag, elements={"key": key, "value": value})

    def static_array(self, elements: Sequence[ActionValue], *, tag: str = "") -> ActionValue:
        """As many elements as the schema says."""
        return ActionValue("static_array", tag, elements={str(index): each for index, each in enumerate(elements)})

    def encoding(self, element: ActionValue, *, tag: str = "") -> ActionValue:
        """What is encoded."""
        return ActionValue("encoding", tag, elements={ENCODED: element})

    # --- Choices ---------------------------------------------------------------------------------------------------

    def exclusive_union(
        self, chosen: npt.ArrayLike, elements: ActionValue | _Named | None = None, *, tag: str = ""
    ) -> ActionValue:
        """One of the named options.

        Args:
            chosen: its name; or [N] names, or integers: places in the order of declaration, from 0.
            elements: the chosen one; or by name, batched over **all** N agents. Options that nobody chose, and those
                that are null, may be left away.
            tag: of the schema element.
        """
        if isinstance(elements, ActionValue):
            if not isinstance(chosen, str):
                expected = "elements by name, where agents choose for themselves"
                raise ValueMismatchError("action_object.exclusive_union", expected, f"one {elements.kind}")
            elements = {chosen: elements}
        return ActionValue("exclusive_union", tag, chosen, elements)

    def inclusive_union(
        self, elements: _Named, present: Mapping[str, npt.ArrayLike] | None = None, *, tag: str = ""
    ) -> ActionValue:
        """Any of the named options.

        Args:
            elements: those there are; batched: over **all** N agents.
            present: bool[N] by name, who has each of the elements; all where it is left away.
            tag: of the schema element.
        """
        return ActionValue("inclusive_union", tag, present, elements)

    def optional(
        self, element: ActionValue | None = None, is_valid: npt.ArrayLike = True, *, tag: str = ""
    ) -> ActionValue:
        """An element or nothing.

        Args:
            element: the element; None where there is none.
            is_valid: bool[N], who has it.
            tag: of the schema element.
        """
        if element is None:
            return ActionValue("optional", tag, "null")
        places = _flags(is_valid, "optional: is_valid").astype(np.int64)
        return ActionValue("optional", tag, places, {"valid": element})

    def either_a(self, element: ActionValue, *, tag: str = "") -> ActionValue:
        """The first of two."""
        return ActionValue("either", tag, "a", {"a": element})

    def either_b(self, element: ActionValue, *, tag: str = "") -> ActionValue:
        """The second of two."""
        return ActionValue("either", tag, "b", {"b": element})

    def either(self, a: ActionValue, b: ActionValue, is_a: npt.ArrayLike, *, tag: str = "") -> ActionValue:
        """One of two: both batched over all N agents, and bool[N], who has the first."""
        return ActionValue("either", tag, (~_flags(is_a, "either: is_a")).astype(np.int64), {"a": a, "b": b})


def _flags(values: npt.ArrayLike, name: str) -> npt.NDArray[np.bool_]:
    array = np.asarray(values)
    if array.dtype != np.bool_:
        raise ValueMismatchError(f"action_object.{name}", "true and false", f"values of type {array.dtype}")
    return array.astype(np.bool_, copy=False)
