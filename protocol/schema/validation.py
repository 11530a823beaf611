"""Checks that observation and action elements share; each raises SchemaError with a path from the element itself."""

from __future__ import annotations

from typing import Any

from protocol.errors import SchemaError
from protocol.finite_number import is_finite_number
from protocol.limits import MAX_NAME_LENGTH, MAX_SCHEMA_DEPTH, MAX_SCHEMA_ELEMENTS, MAX_SCHEMA_WIDTH

MIN_SCALE = 1e-30
"""With MAX_SCALE: far inside float32, so that value / scale and its inverse stay finite."""
MAX_SCALE = 1e30

FORBIDDEN_NAME_CHARACTERS = "./[]"
"""They separate names in a path."""


def as_size(value: object, name: str, maximum: int) -> int:
    """The value as a count in 1..maximum."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= maximum:
        raise SchemaError(f"$.{name}", f"an integer in 1..{maximum}", repr(value))
    return value


def as_scale(value: Any) -> float:
    """The value as a float scale."""
    if not is_finite_number(value) or not MIN_SCALE <= value <= MAX_SCALE:
        raise SchemaError("$.scale", f"a finite number in {MIN_SCALE:g}..{MAX_SCALE:g}", repr(value))
    return float(value)


def as_bounds(low: Any, high: Any, size: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Both bounds as `size` floats each, with low < high everywhere."""
    for name, bound in (("low", low), ("high", high)):
        if not isinstance(bound, tuple) or len(bound) != size:
            raise SchemaError(f"$.{name}", f"a tuple of {size} numbers", repr(bound))
        for index, value in enumerate(bound):
            if not is_finite_number(value) or abs(value) > MAX_SCALE:
                raise SchemaError(f"$.{name}[{index}]", f"a finite number within ±{MAX_SCALE:g}", repr(value))
    for index, (smallest, largest) in enumerate(zip(low, high, strict=True)):
        if not smallest < largest:
            raise SchemaError(f"$.low[{index}]", f"less than the high bound {largest!r}", repr(smallest))
    # Adding zero turns -0.0 into 0.0, so that equal bounds have equal bytes.
    return tuple(float(value) + 0.0 for value in low), tuple(float(value) + 0.0 for value in high)


def check_name(name: object, path: str) -> None:
    """Refuse a name that couldn't stand in a path or be encoded."""
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise SchemaError(path, f"a name of 1..{MAX_NAME_LENGTH} characters", repr(name)[:200])
    for character in name:
        code = ord(character)
        if character in FORBIDDEN_NAME_CHARACTERS or code < 32 or code == 127 or 0xD800 <= code <= 0xDFFF:
            raise SchemaError(
                path, f"a name without control characters or any of {FORBIDDEN_NAME_CHARACTERS}", repr(name)
            )


def check_children(elements: Any, types: tuple[type, ...]) -> None:
    """Refuse anything but a non-empty tuple of (name, element) with distinct names and elements of these types."""
    if not isinstance(elements, tuple) or not elements:
        raise SchemaError("$", "a non-empty tuple of (name, element) pairs", repr(elements)[:200])
    if len(elements) > MAX_SCHEMA_WIDTH:
        raise SchemaError("$", f"at most {MAX_SCHEMA_WIDTH} elements in a struct", str(len(elements)))
    seen: set[str] = set()
    for index, pair in enumerate(elements):
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise SchemaError(f"$[{index}]", "a (name, element) pair", repr(pair)[:200])
        name, element = pair
        check_name(name, f"$[{index}]")
        if name in seen:
            raise SchemaError(f"$.{name}", "distinct names in a struct", f"{name!r} twice")
        seen.add(name)
        if not isinstance(element, types):
            known = ", ".join(sorted(kind.__name__ for kind in types))
            raise SchemaError(f"$.{name}", f"one of {known}", type(element).__name__)


def children_of(element: Any) -> tuple[tuple[str, Any], ...]:
    """The (name, element) pairs directly below an element; none below a leaf."""
    if hasattr(element, "elements"):
        pairs: tuple[tuple[str, Any], ...] = element.elements
        return pairs
    return (("element", element.element),) if hasattr(element, "element") else ()


def check_tree(element: Any, max_size: int) -> None:
    """Refuse a tree that is too deep, has too many nodes or takes too many floats."""
    depth, node_count, level = 0, 0, [element]
    while level:
        depth += 1
        node_count += len(level)
        if depth > MAX_SCHEMA_DEPTH:
            raise SchemaError("$", f"at most {MAX_SCHEMA_DEPTH} levels", "a deeper tree")
        if node_count > MAX_SCHEMA_ELEMENTS:
            raise SchemaError("$", f"at most {MAX_SCHEMA_ELEMENTS} elements", "more")
        level = [child for node in level for _, child in children_of(node)]
    if element.size > max_size:
        raise SchemaError("$", f"at most {max_size} floats", str(element.size))
