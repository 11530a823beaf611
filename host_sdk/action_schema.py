"""What a game says its actions are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from protocol.schema import (
    ActionElement,
    BoolAction,
    Bounding,
    ContinuousAction,
    ExclusiveDiscreteAction,
    FloatAction,
    InclusiveDiscreteAction,
    StaticArrayAction,
    StructAction,
)

ActionSchemaElement: TypeAlias = ActionElement
# A method of the schema is called `float`, and would be taken for the type inside the class.
_Number: TypeAlias = float
Bound: TypeAlias = _Number | Sequence[_Number] | None


class ActionSchema:
    """Makes the elements that `Interactor.specify_agent_action` builds an action of.

    A continuous action u, as the policy samples it, reaches the game in one of three ways (`bounding`):

    - "none": u · scale;
    - "clip": u · scale, cut to [low, high];
    - "squash": low + (high − low) · (tanh u + 1) / 2.

    Every method raises SchemaError, naming the element, where an argument is out of its range.
    """

    def continuous(
        self, size: int, scale: _Number = 1.0, bounding: Bounding = "none", low: Bound = None, high: Bound = None
    ) -> ActionSchemaElement:
        """`size` numbers; `low` and `high` are one number for all of them, or one for each."""
        return ContinuousAction(size, scale, bounding, _spread(low, size), _spread(high, size))

    def float(
        self, scale: _Number = 1.0, bounding: Bounding = "none", low: _Number | None = None, high: _Number | None = None
    ) -> ActionSchemaElement:
        """One number."""
        return FloatAction(scale, bounding, low, high)

    def bool(self) -> ActionSchemaElement:
        """True or false."""
        return BoolAction()

    def exclusive_discrete(self, size: int) -> ActionSchemaElement:
        """One choice out of `size`."""
        return ExclusiveDiscreteAction(size)

    def inclusive_discrete(self, size: int) -> ActionSchemaElement:
        """Any of `size` choices: none, some or all."""
        return InclusiveDiscreteAction(size)

    def struct(self, elements: Mapping[str, ActionSchemaElement]) -> ActionSchemaElement:
        """Named elements; their order is part of the schema."""
        return StructAction(tuple(elements.items()))

    def static_array(self, element: ActionSchemaElement, count: int) -> ActionSchemaElement:
        """Always `count` elements of one kind."""
        return StaticArrayAction(element, count)


def _spread(bound: Bound, size: int) -> tuple[float, ...] | None:
    if bound is None:
        return None
    if isinstance(bound, int | float):
        return (float(bound),) * size
    return tuple(float(value) for value in bound)
