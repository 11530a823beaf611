"""The vector hash: 64 bits that are equal exactly where two schemas give the same vectors the same meaning.

The hash is of the canonical encoding (see `protocol.canonical_encoding`) of a domain and of the tree, root first:

    content   string domain, then element
              the domain is "learning-bridge/observation/2" or "learning-bridge/action/2"
    element   string type, then the value of each of its fields, in the order of the class, but for encoding keys and
              the tag; of an "encoding" nothing but its element, whose vector it has
    value     u8 0 (nil)  |  u8 1, u8 0 or 1 (flag)  |  u8 2, i64  |  u8 3, f64  |  u8 4, string
              |  u8 5, u32 count, value each (list)  |  u8 6, element
              |  u8 7, u32 count, then for each in order of declaration: string name, element (named elements)

Whether a number is an i64 or an f64 is told by the field, not by how it was written.
"""

from __future__ import annotations

from typing import Any

from protocol.canonical_encoding import CanonicalEncoder
from protocol.errors import SchemaError
from protocol.schema import ActionElement, ObservationElement
from protocol.schema.element import Element
from protocol.schema.wire import schema_fields

OBSERVATION_DOMAIN = "learning-bridge/observation/2"
ACTION_DOMAIN = "learning-bridge/action/2"


def observation_hash(element: ObservationElement) -> int:
    """The uint64 vector hash of an observation schema."""
    return _hash(OBSERVATION_DOMAIN, element)


def action_hash(element: ActionElement) -> int:
    """The uint64 vector hash of an action schema."""
    return _hash(ACTION_DOMAIN, element)


def _hash(domain: str, element: Element) -> int:
    encoder = CanonicalEncoder(domain)
    _encode_element(encoder, element)
    return encoder.hash()


def _encode_element(encoder: CanonicalEncoder, element: Element) -> None:
    if not isinstance(element, Element):
        raise SchemaError("$", "a schema element", type(element).__name__)
    if element.type_name == "encoding":
        ((_, inner),) = element.children
        _encode_element(encoder, inner)
        return
    encoder.string(element.type_name)
    for key in schema_fields(type(element)):
        if key in element.encoding_keys:
            continue
        if key == "elements":
            _encode_named(encoder, getattr(element, key))
        else:
            _encode_value(encoder, getattr(element, key))


def _encode_named(encoder: CanonicalEncoder, elements: tuple[tuple[str, Element], ...]) -> None:
    encoder.u8(7)
    encoder.u32(len(elements))
    for name, child in elements:
        encoder.string(name)
        _encode_element(encoder, child)


def _encode_value(encoder: CanonicalEncoder, value: Any) -> None:
    match value:
        case None:
            encoder.u8(0)
        case bool():
            encoder.u8(1)
            encoder.u8(int(value))
        case int():
            encoder.u8(2)
            encoder.i64(value)
        case float():
            encoder.u8(3)
            encoder.f64(value)
        case str():
            encoder.u8(4)
            encoder.string(value)
        case tuple():
            encoder.u8(5)
            encoder.u32(len(value))
            for item in value:
                _encode_value(encoder, item)
        case _:
            encoder.u8(6)
            _encode_element(encoder, value)
