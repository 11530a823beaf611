"""Action elements: what an agent does, as a frozen tree that is validated where it is born.

`size` of every element is the number of floats it takes in the action vector. The vector holds actions as sampled (u);
what the game gets from a continuous number depends on its bounding:

    "none"    u · scale
    "clip"    min(max(u · scale, low), high)
    "squash"  low + (high − low) · (tanh(u) + 1) / 2      (scale must be 1: the bounds are the scale)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from protocol.errors import SchemaError
from protocol.limits import MAX_ACTION_SIZE
from protocol.schema.validation import as_bounds, as_scale, as_size, check_children, check_tree

Bounding: TypeAlias = Literal["none", "clip", "squash"]
BOUNDINGS: tuple[Bounding, ...] = ("none", "clip", "squash")

ActionElement: TypeAlias = (
    "ContinuousAction | ExclusiveDiscreteAction | InclusiveDiscreteAction | "
    "StructAction | StaticArrayAction | FloatAction | BoolAction"
)


def _check_bounding(bounding: object, scale: float) -> None:
    if bounding not in BOUNDINGS:
        raise SchemaError("$.bounding", "'none', 'clip' or 'squash'", repr(bounding))
    if bounding == "squash" and scale != 1.0:
        raise SchemaError("$.scale", "1.0 where bounding is 'squash', since low and high give the scale", repr(scale))


@dataclass(frozen=True)
class ContinuousAction:
    """`size` numbers from a normal distribution each.

    Attributes:
        low: smallest delivered numbers, one each; None where bounding is "none".
        high: largest delivered numbers.

    Raises:
        SchemaError: a size, scale or bound out of range, or bounds that don't go with the bounding.
    """

    size: int
    scale: float = 1.0
    bounding: Bounding = "none"
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        as_size(self.size, "size", MAX_ACTION_SIZE)
        object.__setattr__(self, "scale", as_scale(self.scale))
        _check_bounding(self.bounding, self.scale)
        if self.bounding == "none":
            for name, bound in (("low", self.low), ("high", self.high)):
                if bound is not None:
                    raise SchemaError(f"$.{name}", "no bound where bounding is 'none'", repr(bound))
            return
        low, high = as_bounds(self.low, self.high, self.size)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)


@dataclass(frozen=True)
class FloatAction:
    """One number from a normal distribution; bounds as in `ContinuousAction`, but single numbers."""

    scale: float = 1.0
    bounding: Bounding = "none"
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", as_scale(self.scale))
        _check_bounding(self.bounding, self.scale)
        if self.bounding == "none":
            for name, bound in (("low", self.low), ("high", self.high)):
                if bound is not None:
                    raise SchemaError(f"$.{name}", "no bound where bounding is 'none'", repr(bound))
            return
        low, high = as_bounds((self.low,), (self.high,), 1)
        object.__setattr__(self, "low", low[0])
        object.__setattr__(self, "high", high[0])

    @property
    def size(self) -> int:
        """Floats in the action vector."""
        return 1


@dataclass(frozen=True)
class ExclusiveDiscreteAction:
    """One of `size` options, as a one-hot."""

    size: int

    def __post_init__(self) -> None:
        as_size(self.size, "size", MAX_ACTION_SIZE)


@dataclass(frozen=True)
class InclusiveDiscreteAction:
    """Any of `size` options at once, each drawn independently, as a multi-hot."""

    size: int

    def __post_init__(self) -> None:
        as_size(self.size, "size", MAX_ACTION_SIZE)


@dataclass(frozen=True)
class BoolAction:
    """0 or 1."""

    @property
    def size(self) -> int:
        """Floats in the action vector."""
        return 1


@dataclass(frozen=True)
class StructAction:
    """Named elements in the order of declaration, which is part of the schema's identity.

    Raises:
        SchemaError: no elements, a bad or doubled name, or a tree that is too deep or too large.
    """

    elements: tuple[tuple[str, ActionElement], ...]

    def __post_init__(self) -> None:
        check_children(self.elements, ACTION_TYPES)
        check_tree(self, MAX_ACTION_SIZE)

    @property
    def size(self) -> int:
        """Floats in the action vector."""
        return sum(element.size for _, element in self.elements)


@dataclass(frozen=True)
class StaticArrayAction:
    """`count` times the same element."""

    element: ActionElement
    count: int

    def __post_init__(self) -> None:
        as_size(self.count, "count", MAX_ACTION_SIZE)
        check_children((("element", self.element),), ACTION_TYPES)
        check_tree(self, MAX_ACTION_SIZE)

    @property
    def size(self) -> int:
        """Floats in the action vector."""
        return self.count * self.element.size


ACTION_TYPES: tuple[type, ...] = (
    ContinuousAction,
    ExclusiveDiscreteAction,
    InclusiveDiscreteAction,
    FloatAction,
    BoolAction,
    StructAction,
    StaticArrayAction,
)
