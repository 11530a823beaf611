"""The base of all observation elements, and the check of those that stand inside others."""

from __future__ import annotations

from protocol.errors import SchemaError
from protocol.limits import MAX_IMAGE_SIZE, MAX_OBSERVATION_SIZE
from protocol.schema.element import Element
from protocol.schema.validation import check_tree


class ObservationElement(Element):
    """What an agent sees, or a part of it."""


def check_observation_tree(element: ObservationElement) -> None:
    """Refuse a tree that is too deep, too wide or too large. Raises SchemaError."""
    check_tree(element, MAX_OBSERVATION_SIZE)
    if element.image_size > MAX_IMAGE_SIZE:
        raise SchemaError("$", f"images of at most {MAX_IMAGE_SIZE} bytes together", str(element.image_size))


def check_inner(element: object, key: str, *, may_hold_images: bool = False) -> None:
    """Refuse what can't stand inside another element. Raises SchemaError."""
    if not isinstance(element, ObservationElement):
        raise SchemaError(f"$.{key}", "an observation element", type(element).__name__)
    if element.image_size and not may_hold_images:
        expected = "no image in here: images stand in structs, pairs and encodings, one for each agent"
        raise SchemaError(f"$.{key}", expected, f"{element.type_name} with {element.image_size} bytes of images")
