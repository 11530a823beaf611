"""Writes the values of observations into observation vectors, checking each against its schema element.

A schema is bound once to the rows it writes into, so that a tick only checks shapes and copies. A leaf holds, as
`protocol.schema` says: value / scale for continuous ones and floats, one-hot and multi-hot for discrete ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.errors import ValueMismatchError, name_agents
from host_sdk.observation_object import LeafValue, ObservationObjectElement, StaticArrayValue, StructValue
from protocol.errors import SchemaError
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

FloatArray: TypeAlias = npt.NDArray[np.float32]


class _Mismatch(Exception):
    """A value that doesn't fit; `row` is the agent's row where one agent alone is at fault."""

    def __init__(self, path: str, expected: str, received: str, row: int | None = None) -> None:
        super().__init__(path)
        self.path = path
        self.expected = expected
        self.received = received
        self.row = row


class ObservationWriter:
    """An observation schema bound to the rows of some agents."""

    def __init__(self, element: ObservationElement, rows: FloatArray) -> None:
        """
        Args:
            element: the schema.
            rows: float32[N, O], or float32[O] for one agent: written into by `write`, a view being enough.
        """
        self._root = _bind(element, rows, "observation")

    def write(self, value: ObservationObjectElement, agent_ids: Sequence[int] | npt.NDArray[np.int64]) -> None:
        """Writes one value, batched where the rows are many.

        Args:
            value: what a callback returned.
            agent_ids: whose it is; for the message of an error.

        Raises:
            ValueMismatchError: it doesn't fit the schema; names the element and the agent.
        """
        try:
            self._root.write(value)
        except _Mismatch as mismatch:
            at_fault = tuple(int(agent_id) for agent_id in agent_ids)
            if mismatch.row is not None and mismatch.row < len(at_fault):
                at_fault = (at_fault[mismatch.row],)
            raise ValueMismatchError(
                mismatch.path, mismatch.expected, mismatch.received, name_agents(at_fault)
            ) from None


class _Bound(ABC):
    """One schema element bound to its part of the rows."""

    @abstractmethod
    def write(self, value: ObservationObjectElement) -> None:
        """Writes a value. Raises _Mismatch."""


class _BoundStruct(_Bound):
    def __init__(self, element: StructObservation, rows: FloatArray, path: str) -> None:
        self._path = path
        self._children: list[tuple[str, _Bound]] = []
        offset = 0
        for name, child in element.elements:
            size = child.vector_size
            self._children.append((name, _bind(child, rows[..., offset : offset + size], f"{path}.{name}")))
            offset += size

    def write(self, value: ObservationObjectElement) -> None:
        if value.__class__ is not StructValue:
            raise _Mismatch(self._path, self._expected(), _describe(value))
        elements = value.elements
        if len(elements) != len(self._children):
            raise _Mismatch(self._path, self._expected(), f"a struct of {_names(elements)}")
        for name, child in self._children:
            given = elements.get(name)
            if given is None:
                raise _Mismatch(self._path, self._expected(), f"a struct of {_names(elements)}")
            child.write(given)

    def _expected(self) -> str:
        return f"a struct of {_names(name for name, _ in self._children)}"


class _BoundStaticArray(_Bound):
    def __init__(self, element: StaticArrayObservation, rows: FloatArray, path: str) -> None:
        self._path = path
        self._count = element.count
        size = element.element.vector_size
        # Splitting the last axis of a strided array gives a view, so both forms write to the same place.
        split = rows.reshape(*rows.shape[:-1], element.count, size)
        self._together = _bind(element.element, split, f"{path}[:]")
        self._one_by_one = [_bind(element.element, split[..., i, :], f"{path}[{i}]") for i in range(element.count)]

    def write(self, value: ObservationObjectElement) -> None:
        if value.__class__ is not StaticArrayValue:
            raise _Mismatch(self._path, f"a static array of {self._count}", _describe(value))
        elements = value.elements
        if isinstance(elements, ObservationObjectElement):
            self._together.write(elements)
            return
        if len(elements) != self._count:
            raise _Mismatch(self._path, f"a static array of {self._count}", f"one of {len(elements)}")
        for bound, given in zip(self._one_by_one, elements, strict=True):
            bound.write(given)


class _BoundLeaf(_Bound):
    """A leaf; `shape` is what its values must have."""

    kind = ""

    def __init__(self, view: FloatArray, shape: tuple[int, ...], path: str) -> None:
        self._view = view
        self._shape = shape
        self._path = path

    def write(self, value: ObservationObjectElement) -> None:
        if value.__class__ is not LeafValue or value.kind != self.kind:
            raise _Mismatch(self._path, f"a value of {self.kind}", _describe(value))
        array = value.value
        if array.shape != self._shape:
            self._write_other_shape(array)
            return
        try:
            self._put(array)
        except (TypeError, ValueError):
            raise _Mismatch(self._path, f"{self.kind} values", f"values of type {array.dtype}") from None

    def _put(self, array: npt.NDArray[np.generic]) -> None:
        np.copyto(self._view, array)

    def _write_other_shape(self, array: npt.NDArray[np.generic]) -> None:
        raise _Mismatch(self._path, f"{self.kind} values of shape {self._shape}", f"shape {array.shape}")


class _BoundContinuous(_BoundLeaf):
    kind = "continuous"

    def __init__(self, view: FloatArray, shape: tuple[int, ...], path: str, scale: float) -> None:
        super().__init__(view, shape, path)
        self._scale = np.float32(scale)
        self._is_scaled = scale != 1.0

    def _put(self, array: npt.NDArray[np.generic]) -> None:
        if self._is_scaled:
            np.divide(array, self._scale, out=self._view, casting="same_kind")
        else:
            np.copyto(self._view, array)


class _BoundFloat(_BoundContinuous):
    kind = "float"


class _BoundBool(_BoundLeaf):
    kind = "bool"

    def _put(self, array: npt.NDArray[np.generic]) -> None:
        if array.dtype != np.bool_:
            raise TypeError
        np.copyto(self._view, array)


class _BoundExclusive(_BoundLeaf):
    kind = "exclusive discrete"

    def __init__(self, view: FloatArray, shape: tuple[int, ...], path: str) -> None:
        super().__init__(view, shape, path)
        self._choices = np.arange(view.shape[-1])
        self._count = view.size // view.shape[-1]

    def _put(self, array: npt.NDArray[np.generic]) -> None:
        if array.dtype.kind not in "iu":
            raise TypeError
        np.equal(array[..., np.newaxis], self._choices, out=self._view, casting="unsafe")
        # An index out of range sets nothing, so the ones are too few exactly when there is one.
        if np.count_nonzero(self._view) != self._count:
            flat = array.reshape(-1).astype(np.int64)
            wrong = np.flatnonzero((flat < 0) | (flat >= len(self._choices)))
            row = int(wrong[0]) // max(1, self._count // (self._shape[0] if self._shape else 1))
            raise _Mismatch(self._path, f"an index from 0 to {len(self._choices) - 1}", f"{flat[wrong[0]]}", row)


class _BoundInclusive(_BoundLeaf):
    kind = "inclusive discrete"

    def _put(self, array: npt.NDArray[np.generic]) -> None:
        if array.dtype != np.bool_:
            # One agent's indices may happen to be as many as there are choices.
            self._write_other_shape(array)
            return
        np.copyto(self._view, array)

    def _write_other_shape(self, array: npt.NDArray[np.generic]) -> None:
        is_index_list = self._view.ndim == 1 and array.ndim == 1 and (array.dtype.kind in "iu" or array.size == 0)
        if not is_index_list:
            raise _Mismatch(
                self._path, f"true and false in shape {self._shape}", f"{array.dtype} in shape {array.shape}"
            )
        indices = array.astype(np.int64)
        if np.any((indices < 0) | (indices >= self._view.size)):
            raise _Mismatch(self._path, f"indices from 0 to {self._view.size - 1}", f"{indices.tolist()}", 0)
        self._view[:] = 0.0
        self._view[indices] = 1.0


def _bind(element: ObservationElement, rows: FloatArray, path: str) -> _Bound:
    lead = rows.shape[:-1]
    match element:
        case StructObservation():
            return _BoundStruct(element, rows, path)
        case StaticArrayObservation():
            return _BoundStaticArray(element, rows, path)
        case ContinuousObservation():
            return _BoundContinuous(rows, rows.shape, path, element.scale)
        case FloatObservation():
            return _BoundFloat(rows.reshape(lead), lead, path, element.scale)
        case BoolObservation():
            return _BoundBool(rows.reshape(lead), lead, path)
        case ExclusiveDiscreteObservation():
            return _BoundExclusive(rows, lead, path)
        case InclusiveDiscreteObservation():
            return _BoundInclusive(rows, rows.shape, path)
        case _:
            raise SchemaError(path, "an element that can be written", element.type_name)


def _names(names: Iterable[str]) -> str:
    return "{" + ", ".join(names) + "}"


def _describe(value: object) -> str:
    match value:
        case LeafValue():
            return f"a value of {value.kind}"
        case StructValue():
            return f"a struct of {_names(value.elements)}"
        case StaticArrayValue():
            return "a static array"
        case _:
            return f"{type(value).__name__} (make values with the observation_object that the callback is given)"
