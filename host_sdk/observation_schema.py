"""What a game says its observations are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from protocol.schema import (
    BoolObservation,
    ContinuousObservation,
    ExclusiveDiscreteObservation,
    FloatObservation,
    InclusiveDiscreteObservation,
    ObservationElement,
    StaticArrayObservation,
    StructObservation,
)

ObservationSchemaElement: TypeAlias = ObservationElement
# A method of the schema is called `float`, and would be taken for the type inside the class.
_Number: TypeAlias = float


class ObservationSchema:
    """Makes the elements that `Interactor.specify_agent_observation` builds an observation of.

    Every method raises SchemaError, naming the element, where an argument is out of its range.
    """

    def continuous(self, size: int, scale: _Number = 1.0) -> ObservationSchemaElement:
        """`size` numbers; what they usually reach is `scale`, by which they are divided."""
        return ContinuousObservation(size, scale)

    def float(self, scale: _Number = 1.0) -> ObservationSchemaElement:
        """One number; what it usually reaches is `scale`, by which it is divided."""
        return FloatObservation(scale)

    def bool(self) -> ObservationSchemaElement:
        """True or false."""
        return BoolObservation()

    def exclusive_discrete(self, size: int) -> ObservationSchemaElement:
        """One choice out of `size`."""
        return ExclusiveDiscreteObservation(size)

    def inclusive_discrete(self, size: int) -> ObservationSchemaElement:
        """Any of `size` choices: none, some or all."""
        return InclusiveDiscreteObservation(size)

    def struct(self, elements: Mapping[str, ObservationSchemaElement]) -> ObservationSchemaElement:
        """Named elements; their order is part of the schema."""
        return StructObservation(tuple(elements.items()))

    def static_array(self, element: ObservationSchemaElement, count: int) -> ObservationSchemaElement:
        """Always `count` elements of one kind."""
        return StaticArrayObservation(element, count)
