"""Checks that observation and action elements share; each raises SchemaError with a path from the element itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from protocol.errors import SchemaError
from protocol.finite_number import is_finite_number
from protocol.limits import (
    MAX_HIDDEN_LAYERS,
    MAX_NAME_LENGTH,
    MAX_SCHEMA_DEPTH,
    MAX_SCHEMA_ELEMENTS,
    MAX_SCHEMA_WIDTH,
)
from protocol.policy_settings import ACTIVATIONS

if TYPE_CHECKING:
    from protocol.schema.element import Element

MIN_SCALE = 1e-30
"""With MAX_SCALE: far inside float32, so that value / scale and its inverse stay finite."""
MAX_SCALE = 1e30

MIN_PROBABILITY = 1e-6
"""A prior closer to 0 or 1 would take thousands of updates to unlearn."""

PRIOR_SUM_TOLERANCE = 1e-6
"""Thirds as floats sum to 1 nearly."""

FORBIDDEN_NAME_CHARACTERS = "./[]"
"""They separate names in a path."""


def as_size(value: object, name: str, maximum: int) -> int:
    """The value as a count in 1..maximum."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= maximum:
        raise SchemaError(f"$.{name}", f"an integer in 1..{maximum}", repr(value))
    return value


def as_scale(value: Any, name: str = "scale") -> float:
    """The value as a float scale."""
    if not is_finite_number(value) or not MIN_SCALE <= value <= MAX_SCALE:
        raise SchemaError(f"$.{name}", f"a finite number in {MIN_SCALE:g}..{MAX_SCALE:g}", repr(value))
    return float(value)


def as_flag(value: object, name: str) -> bool:
    """The value as true or false."""
    if not isinstance(value, bool):
        raise SchemaError(f"$.{name}", "true or false", repr(value)[:200])
    return value


def as_probability(value: Any, name: str) -> float:
    """The value as a probability, neither 0 nor 1, whose logit is finite."""
    if not is_finite_number(value) or not MIN_PROBABILITY <= value <= 1 - MIN_PROBABILITY:
        raise SchemaError(f"$.{name}", f"a probability in {MIN_PROBABILITY:g}..{1 - MIN_PROBABILITY:g}", repr(value))
    return float(value)


def as_choice_priors(value: Any, count: int) -> tuple[float, ...] | None:
    """The value as the probabilities of `count` options that exclude each other, which sum to 1; or None."""
    priors = _as_priors(value, count)
    if priors is None:
        return None
    for index, prior in enumerate(priors):
        if not prior >= MIN_PROBABILITY:
            expected = f"a probability of at least {MIN_PROBABILITY:g}; a modifier masks an option out for good"
            raise SchemaError(f"$.prior_probabilities[{index}]", expected, repr(prior))
    if abs(sum(priors) - 1.0) > PRIOR_SUM_TOLERANCE:
        raise SchemaError("$.prior_probabilities", "probabilities that sum to 1", f"a sum of {sum(priors):g}")
    return priors


def as_bit_priors(value: Any, count: int) -> tuple[float, ...] | None:
    """The value as the probabilities of `count` options, each by itself; or None."""
    priors = _as_priors(value, count)
    if priors is None:
        return None
    return tuple(as_probability(prior, f"prior_probabilities[{index}]") for index, prior in enumerate(priors))


def _as_priors(value: Any, count: int) -> tuple[float, ...] | None:
    if value is None:
        return None
    if not isinstance(value, tuple) or len(value) != count:
        raise SchemaError("$.prior_probabilities", f"None or a tuple of {count} probabilities", repr(value)[:200])
    for index, prior in enumerate(value):
        if not is_finite_number(prior):
            raise SchemaError(f"$.prior_probabilities[{index}]", "a probability", repr(prior)[:200])
    return tuple(float(prior) for prior in value)


def check_sizes(value: object, name: str, maximum: int) -> None:
    """Refuse anything but a tuple of a few layer sizes."""
    if not isinstance(value, tuple) or len(value) > MAX_HIDDEN_LAYERS:
        raise SchemaError(f"$.{name}", f"a tuple of at most {MAX_HIDDEN_LAYERS} integers", repr(value)[:200])
    for index, size in enumerate(value):
        as_size(size, f"{name}[{index}]", maximum)


def check_activation(value: object) -> None:
    """Refuse an activation that networks don't know."""
    if value not in ACTIVATIONS:
        raise SchemaError("$.activation", f"one of {list(ACTIVATIONS)}", repr(value)[:200])


def check_tag(value: object) -> None:
    """Refuse a tag that is no short text."""
    if not isinstance(value, str) or len(value) > MAX_NAME_LENGTH or "\ud800" <= max(value, default="") <= "\udfff":
        raise SchemaError("$.tag", f"a text of at most {MAX_NAME_LENGTH} characters", repr(value)[:200])


def check_names(names: object) -> None:
    """Refuse anything but a non-empty tuple of distinct names."""
    if not isinstance(names, tuple) or not 1 <= len(names) <= MAX_SCHEMA_WIDTH:
        raise SchemaError("$.names", f"a tuple of 1..{MAX_SCHEMA_WIDTH} names", repr(names)[:200])
    for index, name in enumerate(names):
        check_name(name, f"$.names[{index}]")
    if len(set(names)) != len(names):
        raise SchemaError("$.names", "distinct names", repr(names)[:200])


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


def check_elements(elements: Any, base: type) -> None:
    """Refuse anything but a non-empty tuple of (name, element) with distinct names and elements of this base."""
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
            raise SchemaError(f"$.{name}", "distinct names", f"{name!r} twice")
        seen.add(name)
        if not isinstance(element, base):
            raise SchemaError(f"$.{name}", f"an element of type {base.__name__}", type(element).__name__)


def check_tree(element: Element, max_size: int) -> None:
    """Refuse a tree that is too deep, has too many nodes or takes too many floats."""
    depth, node_count = 0, 0
    level: list[Element] = [element]
    while level:
        depth += 1
        node_count += len(level)
        if depth > MAX_SCHEMA_DEPTH:
            raise SchemaError("$", f"at most {MAX_SCHEMA_DEPTH} levels", "a deeper tree")
        if node_count > MAX_SCHEMA_ELEMENTS:
            raise SchemaError("$", f"at most {MAX_SCHEMA_ELEMENTS} elements", "more")
        level = [child for node in level for _, child in node.children]
    if element.vector_size > max_size:
        raise SchemaError("$", f"at most {max_size} floats", str(element.vector_size))
