"""What all elements of a schema have in common once they are bound to the rows that they write into.

Such rows have leading axes, the **lead** of an element: none for one agent, the agents' axis N, and behind it an axis
for every array or set that is given as one element.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.observation_value import Array, ObservationObjectElement, StructValue
from protocol.schema import ObservationElement

FloatArray: TypeAlias = npt.NDArray[np.float32]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

EACH_SLOT = "[:]"
"""Stands in a path for the slots of an array or set that is given as one element."""


class Mismatch(Exception):
    """A value that doesn't fit.

    Attributes:
        index: into the lead, where one number alone is at fault.
    """

    def __init__(self, path: str, expected: str, received: str, index: tuple[int, ...] = ()) -> None:
        super().__init__(path)
        self.path = path
        self.expected = expected
        self.received = received
        self.index = index


class BoundElement(ABC):
    """One schema element bound to its part of the rows."""

    def __init__(self, label: str, path: str) -> None:
        """
        Args:
            label: that its values must have.
            path: for messages.
        """
        self._label = label
        self._path = path

    @abstractmethod
    def write(self, value: ObservationObjectElement, mask: BoolArray | None) -> None:
        """Writes a value.

        Args:
            value: what the game made.
            mask: bool, broadcast to the lead: what will be there. The rest may be written as it comes, whatever it
                holds, since zeros are written over it. None where all is there.

        Raises:
            Mismatch: it doesn't fit.
        """

    def _mismatch(self, value: object) -> Mismatch:
        """The value of another maker, or of none."""
        return Mismatch(self._path, f"a value of {self._label}", describe(value))


class ElementBinder(ABC):
    """Binds elements of one schema to rows."""

    @abstractmethod
    def bind(self, element: ObservationElement, rows: FloatArray, path: str) -> BoundElement:
        """The element bound to rows, float32[..., its vector size].

        Raises:
            SchemaError: values of such an element can't be written.
        """


def first_index(is_wrong: Array) -> tuple[int, ...]:
    """Where the first true is."""
    return tuple(int(i) for i in np.unravel_index(int(is_wrong.argmax()), is_wrong.shape))


def under(mask: BoolArray | None, present: BoolArray) -> BoolArray:
    """What there is of what is present; both have the same number of axes."""
    return present if mask is None else np.logical_and(present, mask)


def for_each_slot(mask: BoolArray | None) -> BoolArray | None:
    """The mask of all slots of what it is the mask of."""
    return None if mask is None else mask[..., np.newaxis]


def names_of(names: Iterable[str]) -> str:
    """`{a, b}`."""
    return "{" + ", ".join(names) + "}"


def describe(value: object) -> str:
    """What a callback returned, for a message."""
    match value:
        case StructValue():
            return f"a {value.label} of {names_of(value.elements)}"
        case ObservationObjectElement():
            return f"a value of {value.label}"
        case _:
            return f"{type(value).__name__} (make values with the observation_object that the callback is given)"
