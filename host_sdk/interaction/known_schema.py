"""The schemas that this process has met, by hash: so that a vector of another one can be told by what differs."""

from __future__ import annotations

from weakref import WeakValueDictionary

from protocol.schema.element import Element
from protocol.schema_difference import first_difference

_known: WeakValueDictionary[int, Element] = WeakValueDictionary()


def remember_schema(schema_hash: int, element: Element) -> None:
    """Keeps a schema in mind for as long as somebody uses it."""
    _known[schema_hash] = element


def describe_mismatch(ours: Element, our_hash: int, their_hash: int) -> str:
    """What differs between a schema of ours and that of another hash: the element, or else only the hashes."""
    theirs = _known.get(their_hash)
    difference = first_difference(ours, theirs) if theirs is not None else None
    if difference is not None:
        return str(difference)
    return f"expected the hash {our_hash:#018x}, got {their_hash:#018x}"
