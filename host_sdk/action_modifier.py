"""What agents may not do and have to do in a step, as a game's callbacks say it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, Flag
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from host_sdk.action_modifier_element import ANYTHING, ActionModifierElement, Masks
from host_sdk.action_node import ENCODED
from host_sdk.spatial_action_modifier import SpatialActionModifier

_Members: TypeAlias = Iterable[Enum] | Mapping[Enum, npt.ArrayLike]
_Named: TypeAlias = Mapping[str, ActionModifierElement]


class ActionModifier(SpatialActionModifier):
    """Makes what `make_agent_action_modifier(s)` returns; its methods are named after the schema's.

    An option that is **masked** is never chosen: its chance goes to the others, and training knows of it. A number that
    is **given** is taken as it is, in the game's own units, and the policy neither earns nor learns anything by it.
    Whatever is left away is not modified.

    A modifier is either of one agent or of all agents asked for: **batched**, its arrays with a leading agent axis N;
    arrays without that axis hold for all agents. Modifiers are checked against the schema when they are returned.
    """

    # --- Leaves ----------------------------------------------------------------------------------------------------

    def none(self) -> ActionModifierElement:
        """Nothing is modified, of whatever element."""
        return ActionModifierElement(ANYTHING, "")

    def continuous(
        self, values: npt.ArrayLike, is_given: npt.ArrayLike | None = None, *, tag: str = ""
    ) -> ActionModifierElement:
        """[N, size] numbers, and bool[N, size] which of them are given; all where it is left away."""
        return ActionModifierElement("continuous", tag, given=values, is_given=is_given)

    def float(
        self, value: npt.ArrayLike, is_given: npt.ArrayLike | None = None, *, tag: str = ""
    ) -> ActionModifierElement:
        """[N], one number, and bool[N], to whom it is given."""
        flags = None if is_given is None else np.asarray(is_given)[..., np.newaxis]
        return ActionModifierElement("float", tag, given=np.asarray(value)[..., np.newaxis], is_given=flags)

    def bool(self, is_masked: npt.ArrayLike = True, *, tag: str = "") -> ActionModifierElement:
        """bool[N], who can only say false."""
        return ActionModifierElement("bool", tag, masked=np.asarray(is_masked)[..., np.newaxis])

    def exclusive_discrete(self, masked: Masks, *, tag: str = "") -> ActionModifierElement:
        """Which choices can't be made; not all of them."""
        return ActionModifierElement("exclusive_discrete", tag, masked=masked)

    def inclusive_discrete(self, masked: Masks, *, tag: str = "") -> ActionModifierElement:
        """Which choices can't be made."""
        return ActionModifierElement("inclusive_discrete", tag, masked=masked)

    def named_exclusive_discrete(self, masked: Masks, *, tag: str = "") -> ActionModifierElement:
        """Which names can't be chosen; not all of them."""
        return ActionModifierElement("named_exclusive_discrete", tag, masked=masked)

    def named_inclusive_discrete(self, masked: Masks, *, tag: str = "") -> ActionModifierElement:
        """Which names can't be chosen."""
        return ActionModifierElement("named_inclusive_discrete", tag, masked=masked)

    def enum(
        self, masked: Masks | Iterable[Enum] | Mapping[Enum, npt.ArrayLike], *, tag: str = ""
    ) -> ActionModifierElement:
        """Which members can't be chosen; not all of them."""
        return ActionModifierElement("enum", tag, masked=_names_of_members(masked))

    def bitmask(self, masked: Masks | Enum | _Members, *, tag: str = "") -> ActionModifierElement:
        """Which flags can't be chosen."""
        return ActionModifierElement("bitmask", tag, masked=_names_of_members(masked))

    # --- Groups ----------------------------------------------------------------------------------------------------

    def struct(self, elements: _Named, *, tag: str = "") -> ActionModifierElement:
        """Some of the struct's elements by name."""
        return ActionModifierElement("struct", tag, children=elements)

    def pair(
        self, key: ActionModifierElement | None = None, value: ActionModifierElement | None = None, *, tag: str = ""
    ) -> ActionModifierElement:
        """One of both elements, or both."""
        return ActionModifierElement("pair", tag, children=_given(key=key, value=value))

    def static_array(
        self, elements: Sequence[ActionModifierElement] | Mapping[int, ActionModifierElement], *, tag: str = ""
    ) -> ActionModifierElement:
        """The array's elements in order, or some of them by their number."""
        numbered = elements.items() if isinstance(elements, Mapping) else enumerate(elements)
        return ActionModifierElement("static_array", tag, children={str(number): child for number, child in numbered})

    def encoding(self, element: ActionModifierElement, *, tag: str = "") -> ActionModifierElement:
        """What is encoded."""
        return ActionModifierElement("encoding", tag, children={ENCODED: element})

    # --- Choices ---------------------------------------------------------------------------------------------------

    def exclusive_union(
        self, masked: Masks | None = None, elements: _Named | None = None, *, tag: str = ""
    ) -> ActionModifierElement:
        """Which options can't be chosen, not all of them; and modifiers of some options by name."""
        return ActionModifierElement("exclusive_union", tag, masked=masked, children=elements)

    def inclusive_union(
        self, masked: Masks | None = None, elements: _Named | None = None, *, tag: str = ""
    ) -> ActionModifierElement:
        """Which options can't be there, and modifiers of some options by name."""
        return ActionModifierElement("inclusive_union", tag, masked=masked, children=elements)

    def optional(
        self, element: ActionModifierElement | None = None, masked: Masks | None = None, *, tag: str = ""
    ) -> ActionModifierElement:
        """A modifier of the element; and whether it can't be ("valid" masked), or must be ("null" masked)."""
        return ActionModifierElement("optional", tag, masked=masked, children=_given(valid=element))

    def either(
        self,
        a: ActionModifierElement | None = None,
        b: ActionModifierElement | None = None,
        masked: Masks | None = None,
        *,
        tag: str = "",
    ) -> ActionModifierElement:
        """Modifiers of both elements, and which of them, "a" or "b", can't be chosen."""
        return ActionModifierElement("either", tag, masked=masked, children=_given(a=a, b=b))


def _given(**elements: ActionModifierElement | None) -> dict[str, ActionModifierElement]:
    return {name: element for name, element in elements.items() if element is not None}


def _names_of_members(masked: Masks | Enum | _Members) -> Masks:
    """Names in place of members of an enumeration; anything else as it is."""
    if isinstance(masked, Mapping):
        return {_name_of(option): flags for option, flags in masked.items()}
    if isinstance(masked, Flag):
        return [str(flag.name) for flag in masked]
    if isinstance(masked, Enum):
        return [masked.name]
    if isinstance(masked, list | tuple | set | frozenset):
        return [_name_of(member) for member in masked]
    return cast(Masks, masked)


def _name_of(member: Any) -> Any:
    return member.name if isinstance(member, Enum) else member
