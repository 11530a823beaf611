"""Making schema elements for a game, with errors that name them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, Flag
from typing import Any, TypeVar

from protocol.errors import SchemaError
from protocol.schema.element import Element

_Element = TypeVar("_Element", bound=Element)


def make_element(kind: type[_Element], tag: str, **fields: Any) -> _Element:
    """An element of this class.

    Raises:
        SchemaError: a field is out of its range; the path begins with the element's name and tag.
    """
    try:
        return kind(**fields, tag=tag)
    except SchemaError as error:
        name = f"{kind.type_name} {tag!r}" if isinstance(tag, str) and tag else kind.type_name
        raise SchemaError(name + error.path.removeprefix("$"), error.expected, error.received) from None


def as_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names in their order. Raises SchemaError where they are one text, whose letters would be taken for names."""
    if isinstance(names, str):
        raise SchemaError("names", "a sequence of names", repr(names)[:200])
    return tuple(names)


def names_of_enum(names: type[Enum] | Sequence[str]) -> tuple[str, ...]:
    """The members' names in the order of declaration, without aliases. Raises SchemaError as `as_names`."""
    if isinstance(names, type):
        return tuple(member.name for member in names)
    return as_names(names)


def names_of_flags(names: type[Flag] | Sequence[str]) -> tuple[str, ...]:
    """The flags' names, that of the lowest bit first.

    Raises:
        SchemaError: bits are missing between a class's flags; or as `as_names`.
    """
    if not isinstance(names, type):
        return as_names(names)
    flags = sorted(names, key=lambda flag: int(flag.value))
    values = [flag.value for flag in flags]
    if values != [1 << bit for bit in range(len(values))]:
        expected = "a Flag whose members are 1, 2, 4 and so on, without a gap"
        raise SchemaError(names.__name__, expected, repr(values)[:200])
    return tuple(str(flag.name) for flag in flags)
