"""Structs, arrays and sets of a schema bound to the rows that they write into."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from host_sdk.interaction.bound_element import (
    EACH_SLOT,
    BoolArray,
    BoundElement,
    ElementBinder,
    FloatArray,
    Mismatch,
    describe,
    for_each_slot,
    names_of,
    under,
)
from host_sdk.observation_value import (
    EncodingValue,
    ObservationObjectElement,
    SetValue,
    StaticArrayValue,
    StructValue,
)
from protocol.schema import EncodingObservation, SetObservation, StaticArrayObservation, StructObservation

# Numbers of slots that a set stays bound to; a game's usually has few, its own maximum most of all.
_KEPT_BINDINGS = 64


class BoundStruct(BoundElement):
    """Named elements, one behind the other."""

    def __init__(
        self, element: StructObservation, rows: FloatArray, label: str, path: str, binder: ElementBinder
    ) -> None:
        super().__init__(label, path)
        self._children: list[tuple[str, BoundElement]] = []
        offset = 0
        for name, child in element.elements:
            size = child.vector_size
            self._children.append((name, binder.bind(child, rows[..., offset : offset + size], f"{path}.{name}")))
            offset += size

    def write(self, value: ObservationObjectElement, mask: BoolArray | None) -> None:
        if value.__class__ is not StructValue or value.label != self._label:
            raise Mismatch(self._path, self._expected(), describe(value))
        elements = value.elements
        if len(elements) != len(self._children):
            raise Mismatch(self._path, self._expected(), describe(value))
        for name, child in self._children:
            given = elements.get(name)
            if given is None:
                raise Mismatch(self._path, self._expected(), describe(value))
            child.write(given, mask)

    def _expected(self) -> str:
        return f"a {self._label} of {names_of(name for name, _ in self._children)}"


class BoundEncoding(BoundElement):
    """An element that has a network of its own, and no more floats for that."""

    def __init__(
        self, element: EncodingObservation, rows: FloatArray, label: str, path: str, binder: ElementBinder
    ) -> None:
        super().__init__(label, path)
        self._inner = binder.bind(element.element, rows, path)

    def write(self, value: ObservationObjectElement, mask: BoolArray | None) -> None:
        if value.__class__ is not EncodingValue or value.label != self._label:
            raise self._mismatch(value)
        self._inner.write(value.element, mask)


class BoundStaticArray(BoundElement):
    """A fixed number of elements."""

    def __init__(
        self, element: StaticArrayObservation, rows: FloatArray, label: str, path: str, binder: ElementBinder
    ) -> None:
        super().__init__(label, path)
        self._element = element.element
        self._count = element.count
        self._binder = binder
        # Splitting the last axis of a strided array gives a view, so both forms write to the same place.
        self._slots = rows.reshape(*rows.shape[:-1], element.count, element.element.vector_size)
        self._together: BoundElement | None = None
        self._one_by_one: list[BoundElement] = []

    def write(self, value: ObservationObjectElement, mask: BoolArray | None) -> None:
        if value.__class__ is not StaticArrayValue or value.label != self._label:
            raise Mismatch(self._path, f"a {self._label} of {self._count}", describe(value))
        elements = value.elements
        if isinstance(elements, ObservationObjectElement):
            if self._together is None:
                self._together = self._binder.bind(self._element, self._slots, f"{self._path}{EACH_SLOT}")
            self._together.write(elements, for_each_slot(mask))
            return
        if len(elements) != self._count:
            raise Mismatch(self._path, f"a {self._label} of {self._count}", f"one of {len(elements)}")
        if not self._one_by_one:
            self._one_by_one = [
                self._binder.bind(self._element, self._slots[..., i, :], f"{self._path}[{i}]")
                for i in range(self._count)
            ]
        for bound, given in zip(self._one_by_one, elements, strict=True):
            bound.write(given, mask)


class BoundSet(BoundElement):
    """Elements in slots, and which slots hold one."""

    def __init__(self, element: SetObservation, rows: FloatArray, label: str, path: str, binder: ElementBinder) -> None:
        super().__init__(label, path)
        self._element = element.element
        self._max_count = element.max_count
        self._binder = binder
        self._lead = rows.shape[:-1]
        size = self._max_count * self._element.vector_size
        self._slots = rows[..., :size].reshape(*self._lead, self._max_count, self._element.vector_size)
        self._bits = rows[..., size:]
        self._together: dict[int, BoundElement] = {}
        self._one_by_one: list[BoundElement] = []

    def write(self, value: ObservationObjectElement, mask: BoolArray | None) -> None:
        if value.__class__ is not SetValue or value.label != self._label:
            raise self._mismatch(value)
        elements = value.elements
        if isinstance(elements, ObservationObjectElement):
            count = value.present.shape[-1] if value.present is not None and value.present.ndim else 0
            present = self._checked(value, count)
            if present is None:
                raise Mismatch(self._path, "`present` beside one element for all slots", "none")
            with np.errstate(all="ignore"):
                self._bound_together(count).write(elements, under(for_each_slot(mask), present))
        else:
            count = len(elements)
            present = self._checked(value, count)
            with np.errstate(all="ignore"):
                self._write_one_by_one(elements, present, mask)
        self._finish(present, count)

    def _checked(self, value: SetValue, count: int) -> BoolArray | None:
        """Which slots are taken, bool[..., count]."""
        if count > self._max_count:
            raise Mismatch(self._path, f"at most {self._max_count} elements", f"{count}")
        present = value.present
        if present is None:
            return None
        if present.dtype != np.bool_ or present.shape != (*self._lead, count):
            shape = f"({', '.join([*map(str, self._lead), f'1..{self._max_count}'])})"
            received = f"{present.dtype} in shape {present.shape}"
            raise Mismatch(self._path, f"`present` as true and false in shape {shape}", received)
        return present.view(np.bool_)

    def _bound_together(self, count: int) -> BoundElement:
        bound = self._together.get(count)
        if bound is None:
            if len(self._together) == _KEPT_BINDINGS:
                self._together.clear()
            bound = self._binder.bind(self._element, self._slots[..., :count, :], f"{self._path}{EACH_SLOT}")
            self._together[count] = bound
        return bound

    def _write_one_by_one(
        self, elements: Sequence[ObservationObjectElement], present: BoolArray | None, mask: BoolArray | None
    ) -> None:
        for i in range(len(self._one_by_one), len(elements)):
            self._one_by_one.append(self._binder.bind(self._element, self._slots[..., i, :], f"{self._path}[{i}]"))
        for i, given in enumerate(elements):
            self._one_by_one[i].write(given, mask if present is None else under(mask, present[..., i]))

    def _finish(self, present: BoolArray | None, count: int) -> None:
        """Zeros where nothing is, and the bits of presence."""
        if count < self._max_count:
            self._slots[..., count:, :] = 0.0
            self._bits[..., count:] = 0.0
        if present is None:
            self._bits[..., :count] = 1.0
        else:
            self._bits[..., :count] = present
            self._slots[..., :count, :][~present] = 0.0
