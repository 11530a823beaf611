"""Derived action elements for single numbers, names and pairs: what each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from protocol.errors import SchemaError
from protocol.schema.action_element import ActionElement, check_action_tree, check_inner_action
from protocol.schema.action_group import ExclusiveUnionAction, StructAction
from protocol.schema.action_leaf import (
    Bounding,
    ContinuousAction,
    ExclusiveDiscreteAction,
    InclusiveDiscreteAction,
    NullAction,
    check_bounding,
)
from protocol.schema.validation import (
    as_bit_priors,
    as_bounds,
    as_choice_priors,
    as_probability,
    as_scale,
    check_names,
)


@dataclass(frozen=True)
class DerivedAction(ActionElement):
    """An action that is made of another, its `core`."""

    @cached_property  # each core asks its inner elements twice, which would double with every level
    def vector_size(self) -> int:
        return self.core.vector_size


@dataclass(frozen=True)
class FloatAction(DerivedAction):
    """One number from a normal distribution; bounds as in `ContinuousAction`, but single numbers."""

    type_name = "float"

    scale: float = 1.0
    bounding: Bounding = "none"
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "scale", as_scale(self.scale))
        check_bounding(self.bounding, self.scale)
        if self.bounding == "none":
            for name, bound in (("low", self.low), ("high", self.high)):
                if bound is not None:
                    raise SchemaError(f"$.{name}", "no bound where bounding is 'none'", repr(bound))
            return
        low, high = as_bounds((self.low,), (self.high,), 1)
        object.__setattr__(self, "low", low[0])
        object.__setattr__(self, "high", high[0])

    @property
    def core(self) -> ActionElement:
        if self.low is None or self.high is None:
            return ContinuousAction(1, self.scale)
        return ContinuousAction(1, self.scale, self.bounding, (self.low,), (self.high,))


@dataclass(frozen=True)
class BoolAction(DerivedAction):
    """0 or 1.

    Attributes:
        prior_probability: of a 1 in a new policy.
    """

    type_name = "bool"
    encoding_keys = frozenset({"prior_probability"})

    prior_probability: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        prior = as_probability(self.prior_probability, "prior_probability")
        object.__setattr__(self, "prior_probability", prior)

    @property
    def core(self) -> ActionElement:
        return InclusiveDiscreteAction(1, (self.prior_probability,))


@dataclass(frozen=True)
class _NamedExclusive(DerivedAction):
    """One of the named options, as a one-hot.

    Attributes:
        prior_probabilities: of the options in a new policy, summing to 1; None for equal ones.

    Raises:
        SchemaError: no names, a bad or doubled one, or a probability out of range.
    """

    encoding_keys = frozenset({"prior_probabilities"})

    names: tuple[str, ...]
    prior_probabilities: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_names(self.names)
        object.__setattr__(self, "prior_probabilities", as_choice_priors(self.prior_probabilities, len(self.names)))

    @property
    def core(self) -> ActionElement:
        return ExclusiveDiscreteAction(len(self.names), self.prior_probabilities)


@dataclass(frozen=True)
class _NamedInclusive(DerivedAction):
    """Any of the named options at once, as a multi-hot.

    Attributes:
        prior_probabilities: of each option in a new policy; None for even odds.

    Raises:
        SchemaError: no names, a bad or doubled one, or a probability out of range.
    """

    encoding_keys = frozenset({"prior_probabilities"})

    names: tuple[str, ...]
    prior_probabilities: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_names(self.names)
        object.__setattr__(self, "prior_probabilities", as_bit_priors(self.prior_probabilities, len(self.names)))

    @property
    def core(self) -> ActionElement:
        return InclusiveDiscreteAction(len(self.names), self.prior_probabilities)


@dataclass(frozen=True)
class NamedExclusiveDiscreteAction(_NamedExclusive):
    """One of the named options, as a one-hot."""

    type_name = "named_exclusive_discrete"


@dataclass(frozen=True)
class NamedInclusiveDiscreteAction(_NamedInclusive):
    """Any of the named options at once, as a multi-hot."""

    type_name = "named_inclusive_discrete"


@dataclass(frozen=True)
class EnumAction(_NamedExclusive):
    """A member of an enumeration, as a one-hot."""

    type_name = "enum"


@dataclass(frozen=True)
class BitmaskAction(_NamedInclusive):
    """The flags of a bitmask, the lowest bit first, as a multi-hot."""

    type_name = "bitmask"


@dataclass(frozen=True)
class PairAction(DerivedAction):
    """Two elements: a struct of "key" and "value"."""

    type_name = "pair"
    child_keys = ("key", "value")

    key: ActionElement
    value: ActionElement

    def __post_init__(self) -> None:
        super().__post_init__()
        check_inner_action(self.key, "key")
        check_inner_action(self.value, "value")
        check_action_tree(self)

    @property
    def core(self) -> ActionElement:
        return StructAction((("key", self.key), ("value", self.value)))

    @property
    def children(self) -> tuple[tuple[str, ActionElement], ...]:
        return ((".key", self.key), (".value", self.value))


@dataclass(frozen=True)
class OptionalAction(DerivedAction):
    """An element that may be left undone: an exclusive union of "null" and "valid".

    Attributes:
        prior_probability: of "valid" in a new policy.
    """

    type_name = "optional"
    encoding_keys = frozenset({"prior_probability"})
    child_keys = ("element",)

    element: ActionElement
    prior_probability: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_inner_action(self.element, "element")
        prior = as_probability(self.prior_probability, "prior_probability")
        object.__setattr__(self, "prior_probability", prior)
        check_action_tree(self)

    @property
    def core(self) -> ActionElement:
        valid = self.prior_probability
        return ExclusiveUnionAction((("null", NullAction()), ("valid", self.element)), (1.0 - valid, valid))

    @property
    def children(self) -> tuple[tuple[str, ActionElement], ...]:
        return ((".valid", self.element),)


@dataclass(frozen=True)
class EitherAction(DerivedAction):
    """One of two elements: an exclusive union of "a" and "b".

    Attributes:
        prior_probability_of_a: of "a" in a new policy; that of "b" is the rest.
    """

    type_name = "either"
    encoding_keys = frozenset({"prior_probability_of_a"})
    child_keys = ("a", "b")

    a: ActionElement
    b: ActionElement
    prior_probability_of_a: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        check_inner_action(self.a, "a")
        check_inner_action(self.b, "b")
        prior = as_probability(self.prior_probability_of_a, "prior_probability_of_a")
        object.__setattr__(self, "prior_probability_of_a", prior)
        check_action_tree(self)

    @property
    def core(self) -> ActionElement:
        prior = self.prior_probability_of_a
        return ExclusiveUnionAction((("a", self.a), ("b", self.b)), (prior, 1.0 - prior))

    @property
    def children(self) -> tuple[tuple[str, ActionElement], ...]:
        return ((".a", self.a), (".b", self.b))
