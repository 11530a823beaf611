"""What a game says its actions are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum, Flag
from typing import TypeAlias

from host_sdk.schema_making import as_names, make_element, names_of_enum, names_of_flags
from host_sdk.spatial_action_schema import SpatialActionSchema
from protocol.errors import SchemaError
from protocol.policy_settings import Activation
from protocol.schema import (
    ActionElement,
    BitmaskAction,
    BoolAction,
    Bounding,
    ContinuousAction,
    EitherAction,
    EncodingAction,
    EnumAction,
    ExclusiveDiscreteAction,
    ExclusiveUnionAction,
    FloatAction,
    InclusiveDiscreteAction,
    InclusiveUnionAction,
    NamedExclusiveDiscreteAction,
    NamedInclusiveDiscreteAction,
    NullAction,
    OptionalAction,
    PairAction,
    StaticArrayAction,
    StructAction,
)

ActionSchemaElement: TypeAlias = ActionElement
# A method of the schema is called `float`, and would be taken for the type inside the class.
_Number: TypeAlias = float
Bound: TypeAlias = _Number | Sequence[_Number] | None
Priors: TypeAlias = Sequence[_Number] | Mapping[str, _Number] | None
"""One for each option, in their order, or all by name; None where there are none."""

MAX_BITMASK_FLAGS = 63
"""As many as a signed 64-bit integer holds."""


class ActionSchema(SpatialActionSchema):
    """Makes the elements that `Interactor.specify_agent_action` builds an action of.

    A continuous action u, as the policy samples it, reaches the game in one of three ways (`bounding`):

    - "none": u · scale;
    - "clip": u · scale, cut to [low, high];
    - "squash": low + (high − low) · (tanh u + 1) / 2.

    Prior probabilities say how often a new policy chooses each option; training moves on from there. Those of options
    that exclude each other sum to 1. Every element may have a `tag`, which whoever reads it must name too.

    Every method raises SchemaError, naming the argument, where one is out of its range.
    """

    # --- Leaves ----------------------------------------------------------------------------------------------------

    def null(self, *, tag: str = "") -> ActionSchemaElement:
        """Nothing; an option of a union that says all by being chosen."""
        return make_element(NullAction, tag)

    def continuous(
        self,
        size: int,
        scale: _Number = 1.0,
        bounding: Bounding = "none",
        low: Bound = None,
        high: Bound = None,
        *,
        tag: str = "",
    ) -> ActionSchemaElement:
        """`size` numbers; `low` and `high` are one number for all of them, or one for each."""
        return make_element(
            ContinuousAction,
            tag,
            size=size,
            scale=scale,
            bounding=bounding,
            low=_spread(low, size),
            high=_spread(high, size),
        )

    def float(
        self,
        scale: _Number = 1.0,
        bounding: Bounding = "none",
        low: _Number | None = None,
        high: _Number | None = None,
        *,
        tag: str = "",
    ) -> ActionSchemaElement:
        """One number."""
        return make_element(FloatAction, tag, scale=scale, bounding=bounding, low=low, high=high)

    def bool(self, prior_probability: _Number = 0.5, *, tag: str = "") -> ActionSchemaElement:
        """True or false; the prior is that of true."""
        return make_element(BoolAction, tag, prior_probability=prior_probability)

    def exclusive_discrete(
        self, size: int, prior_probabilities: Sequence[_Number] | None = None, *, tag: str = ""
    ) -> ActionSchemaElement:
        """One choice out of `size`."""
        return make_element(ExclusiveDiscreteAction, tag, size=size, prior_probabilities=_listed(prior_probabilities))

    def inclusive_discrete(
        self, size: int, prior_probabilities: Sequence[_Number] | None = None, *, tag: str = ""
    ) -> ActionSchemaElement:
        """Any of `size` choices: none, some or all."""
        return make_element(InclusiveDiscreteAction, tag, size=size, prior_probabilities=_listed(prior_probabilities))

    def named_exclusive_discrete(
        self, names: Sequence[str], prior_probabilities: Priors = None, *, tag: str = ""
    ) -> ActionSchemaElement:
        """One of several names."""
        listed = as_names(names)
        return make_element(
            NamedExclusiveDiscreteAction, tag, names=listed, prior_probabilities=_priors(prior_probabilities, listed)
        )

    def named_inclusive_discrete(
        self, names: Sequence[str], prior_probabilities: Priors = None, *, tag: str = ""
    ) -> ActionSchemaElement:
        """Any of several names: none, some or all."""
        listed = as_names(names)
        return make_element(
            NamedInclusiveDiscreteAction, tag, names=listed, prior_probabilities=_priors(prior_probabilities, listed)
        )

    def enum(
        self, names: type[Enum] | Sequence[str], prior_probabilities: Priors = None, *, tag: str = ""
    ) -> ActionSchemaElement:
        """A member of an enumeration: its class, or the names of its members in their order."""
        names = names_of_enum(names)
        return make_element(EnumAction, tag, names=names, prior_probabilities=_priors(prior_probabilities, names))

    def bitmask(
        self, names: type[Flag] | Sequence[str], prior_probabilities: Priors = None, *, tag: str = ""
    ) -> ActionSchemaElement:
        """Any flags of a bitmask: its class, whose members are 1, 2, 4 …, or their names, the lowest bit first."""
        names = names_of_flags(names)
        if len(names) > MAX_BITMASK_FLAGS:
            raise SchemaError("bitmask.names", f"at most {MAX_BITMASK_FLAGS} flags", str(len(names)))
        return make_element(BitmaskAction, tag, names=names, prior_probabilities=_priors(prior_probabilities, names))

    # --- Groups ----------------------------------------------------------------------------------------------------

    def struct(self, elements: Mapping[str, ActionSchemaElement], *, tag: str = "") -> ActionSchemaElement:
        """Named elements; their order is part of the schema."""
        return make_element(StructAction, tag, elements=tuple(elements.items()))

    def pair(self, key: ActionSchemaElement, value: ActionSchemaElement, *, tag: str = "") -> ActionSchemaElement:
        """Two elements."""
        return make_element(PairAction, tag, key=key, value=value)

    def static_array(self, element: ActionSchemaElement, count: int, *, tag: str = "") -> ActionSchemaElement:
        """Always `count` elements of one kind."""
        return make_element(StaticArrayAction, tag, element=element, count=count)

    def encoding(
        self,
        element: ActionSchemaElement,
        encoding_size: int = 128,
        hidden_sizes: Sequence[int] = (),
        activation: Activation = "elu",
        *,
        tag: str = "",
    ) -> ActionSchemaElement:
        """An element that the policy decodes by a small network of its own, from `encoding_size` floats."""
        return make_element(
            EncodingAction,
            tag,
            element=element,
            encoding_size=encoding_size,
            hidden_sizes=tuple(hidden_sizes),
            activation=activation,
        )

    # --- Choices ---------------------------------------------------------------------------------------------------

    def exclusive_union(
        self, elements: Mapping[str, ActionSchemaElement], prior_probabilities: Priors = None, *, tag: str = ""
    ) -> ActionSchemaElement:
        """One of several named elements."""
        return make_element(
            ExclusiveUnionAction,
            tag,
            elements=tuple(elements.items()),
            prior_probabilities=_priors(prior_probabilities, tuple(elements)),
        )

    def inclusive_union(
        self, elements: Mapping[str, ActionSchemaElement], prior_probabilities: Priors = None, *, tag: str = ""
    ) -> ActionSchemaElement:
        """Any of several named elements: none, some or all."""
        return make_element(
            InclusiveUnionAction,
            tag,
            elements=tuple(elements.items()),
            prior_probabilities=_priors(prior_probabilities, tuple(elements)),
        )

    def optional(
        self, element: ActionSchemaElement, prior_probability: _Number = 0.5, *, tag: str = ""
    ) -> ActionSchemaElement:
        """An element or nothing; the prior is that of the element. A union of "null" and "valid"."""
        return make_element(OptionalAction, tag, element=element, prior_probability=prior_probability)

    def either(
        self,
        a: ActionSchemaElement,
        b: ActionSchemaElement,
        prior_probability_of_a: _Number = 0.5,
        *,
        tag: str = "",
    ) -> ActionSchemaElement:
        """One of two elements. A union of "a" and "b"."""
        return make_element(EitherAction, tag, a=a, b=b, prior_probability_of_a=prior_probability_of_a)


def _spread(bound: Bound, size: int) -> tuple[float, ...] | None:
    if bound is None:
        return None
    if isinstance(bound, int | float):
        return (float(bound),) * size
    return tuple(float(value) for value in bound)


def _listed(priors: Sequence[float] | None) -> tuple[float, ...] | None:
    return None if priors is None else tuple(priors)


def _priors(priors: Priors, names: tuple[str, ...]) -> tuple[float, ...] | None:
    if not isinstance(priors, Mapping):
        return _listed(priors)
    if set(priors) != set(names):
        raise SchemaError("prior_probabilities", f"a probability for each of {list(names)}", str(list(priors)))
    return tuple(priors[name] for name in names)
