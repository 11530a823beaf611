"""Values of observations, as a game's callbacks build them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.enumeration_member import each_member
from host_sdk.errors import ValueMismatchError
from host_sdk.observation_value import (
    Array,
    Elements,
    EncodingValue,
    ExclusiveUnionValue,
    InclusiveUnionValue,
    LeafValue,
    NullValue,
    ObservationObjectElement,
    SetValue,
    StaticArrayValue,
    StructValue,
)
from host_sdk.spatial_observation_object import SpatialObservationObject

# Methods below are called `map` and `set`; these stand for types in their annotations.
_Pairs: TypeAlias = Sequence[tuple[ObservationObjectElement, ObservationObjectElement]]
_Named: TypeAlias = Mapping[str, ObservationObjectElement]


class ObservationObject(SpatialObservationObject):
    """Makes the values that `gather_agent_observation(s)` returns; its methods are named as the schema's.

    A value is either of one agent or of all agents asked for: **batched**, each leaf with a leading agent axis. N below
    is the number of agents of a batched value; leave it away for one agent. Elements of a set, an array or a map may be
    batched in the same way: one element whose leaves have an axis of n slots behind the agents' one. What slots and
    options hold that are not there is never read; it may be anything.

    Every maker takes the `tag` of the schema element that it is for. Values are checked against the schema when they
    are returned, not here.
    """

    # --- Leaves ----------------------------------------------------------------------------------------------------

    def null(self, *, tag: str = "") -> ObservationObjectElement:
        """Nothing."""
        return NullValue("null", tag)

    def continuous(self, values: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N, size] numbers, in the game's own units (the schema's scale is applied for you)."""
        return LeafValue("continuous", values, tag)

    def float(self, value: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N], one number, in the game's own unit."""
        return LeafValue("float", value, tag)

    def count(self, count: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N], a number of things."""
        return LeafValue("count", count, tag)

    def time(self, seconds: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N] seconds."""
        return LeafValue("time", seconds, tag)

    def bool(self, value: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N], true or false."""
        return LeafValue("bool", value, tag)

    def exclusive_discrete(self, index: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N] integers, the choice, from 0 to size - 1."""
        return LeafValue("exclusive_discrete", index, tag)

    def inclusive_discrete(self, chosen: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N, size] of true and false; for a single agent a sequence of the chosen indices will do as well."""
        return LeafValue("inclusive_discrete", chosen, tag)

    def named_exclusive_discrete(self, name: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N] names, the choice; or its place among the schema's names, from 0, as integers."""
        return LeafValue("named_exclusive_discrete", name, tag)

    def named_inclusive_discrete(self, chosen: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N, number of names] of true and false; for a single agent a sequence of the chosen names will do as well."""
        return LeafValue("named_inclusive_discrete", chosen, tag)

    def enum(self, member: Enum | npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N] members, or their names, or integers: their **places** in the order of declaration, from 0."""
        return LeafValue("enum", each_member(member, "name"), tag)

    def bitmask(self, flags: Enum | npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N] flags, or integers whose lowest bit is the first flag."""
        return LeafValue("bitmask", each_member(flags, "value"), tag)

    def string_token(self, text: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N] texts, which are hashed one by one; or integers: their tokens as `protocol.string_token` gives them."""
        if isinstance(text, np.ndarray):
            return LeafValue("string_token", text, tag)
        # As objects, since numpy's own strings lose zeros at their end.
        array = np.array(text, dtype=object)
        is_text = array.size > 0 and isinstance(array.flat[0], str)
        return LeafValue("string_token", array if is_text else np.asarray(text), tag)

    def image(self, pixels: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """uint8[N, height, width, channels], row by row from the top; one channel needs no axis."""
        return LeafValue("image", pixels, tag)

    def grid(self, cells: npt.ArrayLike, *, tag: str = "") -> ObservationObjectElement:
        """[N, height, width, channels] of uint8, or of true and false; one channel needs no axis."""
        array = np.asarray(cells)
        return LeafValue("image", array.astype(np.uint8) if array.dtype == np.bool_ else array, tag)

    # --- Groups ----------------------------------------------------------------------------------------------------

    def struct(self, elements: _Named, *, tag: str = "") -> ObservationObjectElement:
        """Named elements, exactly those of the schema, in any order."""
        return StructValue("struct", elements, tag)

    def pair(
        self, key: ObservationObjectElement, value: ObservationObjectElement, *, tag: str = ""
    ) -> ObservationObjectElement:
        """Two elements."""
        return StructValue("pair", {"key": key, "value": value}, tag)

    def encoding(self, element: ObservationObjectElement, *, tag: str = "") -> ObservationObjectElement:
        """The element of an encoding."""
        return EncodingValue(element, tag)

    def static_array(self, elements: Elements, *, tag: str = "") -> ObservationObjectElement:
        """`count` elements, or **one** element, whose leaves then have an axis of `count` after the agents' one."""
        return StaticArrayValue(elements, tag)

    def set(
        self, elements: Elements, present: npt.ArrayLike | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """Up to `max_count` elements in no order.

        Args:
            elements: one by one; or **one** element, whose leaves then have an axis of n slots after the agents' one.
            present: bool[N, n], which there are, needed for the one element; all where it is left away.
            tag: of the schema element.
        """
        return SetValue("set", elements, present, tag)

    def array(
        self, elements: Elements, present: npt.ArrayLike | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """Up to `max_count` elements whose places mean something; otherwise as `set`."""
        return SetValue("array", elements, present, tag)

    def map(
        self,
        keys: _Pairs | ObservationObjectElement,
        values: ObservationObjectElement | None = None,
        present: npt.ArrayLike | None = None,
        *,
        tag: str = "",
    ) -> ObservationObjectElement:
        """Up to `max_count` pairs.

        Args:
            keys: pairs of key and value one by one; or the keys as one element, with an axis of n slots.
            values: the values as one element likewise.
            present: bool[N, n], which there are, needed for the one element.
            tag: of the schema element.
        """
        if isinstance(keys, ObservationObjectElement):
            if values is None:
                raise ValueMismatchError("observation_object.map", "values beside the keys", "keys alone")
            return SetValue("map", StructValue("struct", {"key": keys, "value": values}), present, tag)
        pairs = [StructValue("struct", {"key": key, "value": value}) for key, value in keys]
        return SetValue("map", pairs, present, tag)

    # --- Choices ---------------------------------------------------------------------------------------------------

    def exclusive_union(
        self, chosen: npt.ArrayLike, elements: ObservationObjectElement | _Named, *, tag: str = ""
    ) -> ObservationObjectElement:
        """One of the named options.

        Args:
            chosen: its name; or [N] names, or integers: places in the order of declaration, from 0.
            elements: the chosen one; or by name, batched over **all** N agents. Options that nobody chose may be
                left away.
            tag: of the schema element.
        """
        return ExclusiveUnionValue(
            "exclusive_union", chosen if isinstance(chosen, str) else np.asarray(chosen), elements, tag
        )

    def inclusive_union(
        self, elements: _Named, present: Mapping[str, npt.ArrayLike] | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """Any of the named options.

        Args:
            elements: those there are; batched: over **all** N agents.
            present: bool[N] by name, who has each of the elements; all where it is left away.
            tag: of the schema element.
        """
        return InclusiveUnionValue(elements, present, tag)

    def optional(
        self, element: ObservationObjectElement | None = None, is_valid: npt.ArrayLike | None = None, *, tag: str = ""
    ) -> ObservationObjectElement:
        """An element or nothing.

        Args:
            element: the element; None where there is none.
            is_valid: bool[N], who has it.
            tag: of the schema element.
        """
        if element is None:
            return ExclusiveUnionValue("optional", "null", {"null": NullValue("null", "")}, tag)
        if is_valid is None:
            return ExclusiveUnionValue("optional", "valid", element, tag)
        chosen = _flags(is_valid, "optional: is_valid").astype(np.int64)
        return ExclusiveUnionValue("optional", chosen, {"null": NullValue("null", ""), "valid": element}, tag)

    def either_a(self, element: ObservationObjectElement, *, tag: str = "") -> ObservationObjectElement:
        """The first of two."""
        return ExclusiveUnionValue("either", "a", element, tag)

    def either_b(self, element: ObservationObjectElement, *, tag: str = "") -> ObservationObjectElement:
        """The second of two."""
        return ExclusiveUnionValue("either", "b", element, tag)

    def either(
        self, a: ObservationObjectElement, b: ObservationObjectElement, is_a: npt.ArrayLike, *, tag: str = ""
    ) -> ObservationObjectElement:
        """One of two: both batched over all N agents, and bool[N], who has the first."""
        chosen = (~_flags(is_a, "either: is_a")).astype(np.int64)
        return ExclusiveUnionValue("either", chosen, {"a": a, "b": b}, tag)


def _flags(values: npt.ArrayLike, name: str) -> npt.NDArray[np.bool_]:
    array: Array = np.asarray(values)
    if array.dtype != np.bool_:
        raise ValueMismatchError(f"observation_object.{name}", "true and false", f"values of type {array.dtype}")
    return array.astype(np.bool_, copy=False)
