"""Observation elements: what an agent sees, as a frozen tree that is validated where it is born.

`size` of every element is the number of floats it takes in the observation vector. Leaves hold:

    continuous, float   value / scale
    exclusive discrete  one-hot
    inclusive discrete  multi-hot
    bool                0 or 1

A struct is its elements one after the other, in the order of declaration; a static array is `count` times its element.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from protocol.limits import MAX_OBSERVATION_SIZE
from protocol.schema.validation import as_scale, as_size, check_children, check_tree

ObservationElement: TypeAlias = (
    "ContinuousObservation | ExclusiveDiscreteObservation | InclusiveDiscreteObservation | "
    "StructObservation | StaticArrayObservation | FloatObservation | BoolObservation"
)


@dataclass(frozen=True)
class ContinuousObservation:
    """`size` numbers, each divided by `scale` in the vector.

    Raises:
        SchemaError: size not in 1..MAX_OBSERVATION_SIZE, or scale not finite and positive.
    """

    size: int
    scale: float = 1.0

    def __post_init__(self) -> None:
        as_size(self.size, "size", MAX_OBSERVATION_SIZE)
        object.__setattr__(self, "scale", as_scale(self.scale))


@dataclass(frozen=True)
class ExclusiveDiscreteObservation:
    """One of `size` options, as a one-hot."""

    size: int

    def __post_init__(self) -> None:
        as_size(self.size, "size", MAX_OBSERVATION_SIZE)


@dataclass(frozen=True)
class InclusiveDiscreteObservation:
    """Any of `size` options at once, as a multi-hot."""

    size: int

    def __post_init__(self) -> None:
        as_size(self.size, "size", MAX_OBSERVATION_SIZE)


@dataclass(frozen=True)
class FloatObservation:
    """One number, divided by `scale` in the vector."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", as_scale(self.scale))

    @property
    def size(self) -> int:
        """Floats in the observation vector."""
        return 1


@dataclass(frozen=True)
class BoolObservation:
    """0 or 1."""

    @property
    def size(self) -> int:
        """Floats in the observation vector."""
        return 1


@dataclass(frozen=True)
class StructObservation:
    """Named elements in the order of declaration, which is part of the schema's identity.

    Raises:
        SchemaError: no elements, a bad or doubled name, or a tree that is too deep or too large.
    """

    elements: tuple[tuple[str, ObservationElement], ...]

    def __post_init__(self) -> None:
        check_children(self.elements, OBSERVATION_TYPES)
        check_tree(self, MAX_OBSERVATION_SIZE)

    @property
    def size(self) -> int:
        """Floats in the observation vector."""
        return sum(element.size for _, element in self.elements)


@dataclass(frozen=True)
class StaticArrayObservation:
    """`count` times the same element."""

    element: ObservationElement
    count: int

    def __post_init__(self) -> None:
        as_size(self.count, "count", MAX_OBSERVATION_SIZE)
        check_children((("element", self.element),), OBSERVATION_TYPES)
        check_tree(self, MAX_OBSERVATION_SIZE)

    @property
    def size(self) -> int:
        """Floats in the observation vector."""
        return self.count * self.element.size


OBSERVATION_TYPES: tuple[type, ...] = (
    ContinuousObservation,
    ExclusiveDiscreteObservation,
    InclusiveDiscreteObservation,
    FloatObservation,
    BoolObservation,
    StructObservation,
    StaticArrayObservation,
)
