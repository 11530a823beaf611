"""Core action elements that hold numbers or choices themselves.

null                nothing
continuous          numbers as sampled (u)
exclusive discrete  one-hot
inclusive discrete  multi-hot

What the game gets from a continuous number depends on its bounding:

    "none"    u · scale
    "clip"    min(max(u · scale, low), high)
    "squash"  low + (high − low) · (tanh(u) + 1) / 2      (scale must be 1: the bounds are the scale)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from protocol.errors import SchemaError
from protocol.limits import MAX_ACTION_SIZE
from protocol.schema.action_element import ActionElement
from protocol.schema.validation import as_bit_priors, as_bounds, as_choice_priors, as_scale, as_size

Bounding: TypeAlias = Literal["none", "clip", "squash"]
BOUNDINGS: tuple[Bounding, ...] = ("none", "clip", "squash")


def check_bounding(bounding: object, scale: float) -> None:
    """Refuse a bounding that there is not, or one that the scale doesn't go with. Raises SchemaError."""
    if bounding not in BOUNDINGS:
        raise SchemaError("$.bounding", "'none', 'clip' or 'squash'", repr(bounding))
    if bounding == "squash" and scale != 1.0:
        raise SchemaError("$.scale", "1.0 where bounding is 'squash', since low and high give the scale", repr(scale))


@dataclass(frozen=True)
class NullAction(ActionElement):
    """Nothing to do; an option of a union that says all by being chosen."""

    type_name = "null"

    @property
    def vector_size(self) -> int:
        return 0


@dataclass(frozen=True)
class ContinuousAction(ActionElement):
    """`size` numbers from a normal distribution each.

    Attributes:
        low: smallest delivered numbers, one each; None where bounding is "none".
        high: largest delivered numbers.

    Raises:
        SchemaError: a size, scale or bound out of range, or bounds that don't go with the bounding.
    """

    type_name = "continuous"

    size: int
    scale: float = 1.0
    bounding: Bounding = "none"
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.size, "size", MAX_ACTION_SIZE)
        object.__setattr__(self, "scale", as_scale(self.scale))
        check_bounding(self.bounding, self.scale)
        if self.bounding == "none":
            for name, bound in (("low", self.low), ("high", self.high)):
                if bound is not None:
                    raise SchemaError(f"$.{name}", "no bound where bounding is 'none'", repr(bound))
            return
        low, high = as_bounds(self.low, self.high, self.size)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def vector_size(self) -> int:
        return self.size


@dataclass(frozen=True)
class ExclusiveDiscreteAction(ActionElement):
    """One of `size` options, as a one-hot.

    Attributes:
        prior_probabilities: of the options in a new policy, summing to 1; None for equal ones.

    Raises:
        SchemaError: a size or a probability out of range.
    """

    type_name = "exclusive_discrete"
    encoding_keys = frozenset({"prior_probabilities"})

    size: int
    prior_probabilities: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.size, "size", MAX_ACTION_SIZE)
        object.__setattr__(self, "prior_probabilities", as_choice_priors(self.prior_probabilities, self.size))

    @property
    def vector_size(self) -> int:
        return self.size


@dataclass(frozen=True)
class InclusiveDiscreteAction(ActionElement):
    """Any of `size` options at once, each drawn independently, as a multi-hot.

    Attributes:
        prior_probabilities: of each option in a new policy; None for even odds.

    Raises:
        SchemaError: a size or a probability out of range.
    """

    type_name = "inclusive_discrete"
    encoding_keys = frozenset({"prior_probabilities"})

    size: int
    prior_probabilities: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        as_size(self.size, "size", MAX_ACTION_SIZE)
        object.__setattr__(self, "prior_probabilities", as_bit_priors(self.prior_probabilities, self.size))

    @property
    def vector_size(self) -> int:
        return self.size
