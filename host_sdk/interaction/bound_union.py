"""Unions of a schema bound to the rows that they write into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from host_sdk.interaction.bound_element import (
    BoolArray,
    BoundElement,
    ElementBinder,
    FloatArray,
    Mismatch,
    first_index,
    names_of,
    under,
)
from host_sdk.interaction.bound_leaf import IndexArray, NameLookup
from host_sdk.observation_value import Array, ExclusiveUnionValue, InclusiveUnionValue, ObservationObjectElement
from protocol.schema import ExclusiveUnionObservation, InclusiveUnionObservation


class BoundExclusiveUnion(BoundElement):
    """The chosen option at the beginning of a slot that the largest fills, and the choice."""

    def __init__(
        self, element: ExclusiveUnionObservation, rows: FloatArray, label: str, path: str, binder: ElementBinder
    ) -> None:
        super().__init__(label, path)
        self._options = element.elements
        self._names = tuple(name for name, _ in element.elements)
        self._sizes = [option.vector_size for _, option in element.elements]
        self._largest = self._sizes.index(element.slot_size)
        self._slot = rows[..., : element.slot_size]
        self._choice = rows[..., element.slot_size :]
        self._places = np.arange(len(self._names))
        self._binder = binder
        self._lookup = NameLookup(self._names)
        self._in_slot: dict[int, BoundElement] = {}
        self._beside: dict[int, tuple[FloatArray, BoundElement]] = {}

    def write(self, value: ObservationObjectElement, mask: BoolArray | None) -> None:
        if value.__class__ is not ExclusiveUnionValue or value.label != self._label:
            raise self._mismatch(value)
        chosen, elements = value.chosen, value.elements
        if not isinstance(elements, ObservationObjectElement):
            check_names(elements, self._names, self._path)
        if isinstance(chosen, str) or chosen.ndim == 0:
            place = int(self._places_of(np.asarray(chosen), (), None))
            self._write_one(place, elements, mask)
            return
        if isinstance(elements, ObservationObjectElement):
            raise Mismatch(
                self._path, "options by name beside a choice for each agent", f"one value of {elements.label}"
            )
        places = self._places_of(chosen, self._slot.shape[:-1], mask)
        np.equal(places[..., np.newaxis], self._places, out=self._choice, casting="unsafe")
        with np.errstate(all="ignore"):
            self._write_each(places, elements, mask)

    def _write_one(
        self,
        place: int,
        elements: ObservationObjectElement | Mapping[str, ObservationObjectElement],
        mask: BoolArray | None,
    ) -> None:
        """One option for all."""
        if isinstance(elements, ObservationObjectElement):
            given: ObservationObjectElement | None = elements
        else:
            given = elements.get(self._names[place])
        if given is None:
            raise self._missing(place)
        self._bound_in_slot(place).write(given, mask)
        self._slot[..., self._sizes[place] :] = 0.0
        self._choice[...] = self._places == place

    def _write_each(
        self, places: IndexArray, elements: Mapping[str, ObservationObjectElement], mask: BoolArray | None
    ) -> None:
        """To each its own: the largest option in place, then what others chose over it, from rows of its own."""
        for place in (self._largest, *(place for place in range(len(self._names)) if place != self._largest)):
            is_chosen = places == place
            is_there = under(mask, is_chosen)
            given = elements.get(self._names[place])
            if given is None:
                if is_there.any():
                    raise self._missing(place, first_index(is_there))
                if place == self._largest:
                    self._slot[...] = 0.0
            elif place == self._largest:
                self._bound_in_slot(place).write(given, is_there)
                self._slot[~is_chosen] = 0.0
            else:
                rows, bound = self._bound_beside(place)
                bound.write(given, is_there)
                np.copyto(self._slot[..., : self._sizes[place]], rows, where=is_chosen[..., np.newaxis])

    def _places_of(self, chosen: Array, shape: tuple[int, ...], mask: BoolArray | None) -> IndexArray:
        if chosen.shape != shape:
            raise Mismatch(self._path, f"a choice of shape {shape}", f"shape {chosen.shape}")
        if chosen.dtype.kind == "U":
            return self._lookup.indices(chosen, mask, self._path)
        if chosen.dtype.kind not in "iu":
            raise Mismatch(self._path, "a choice by name or place", f"values of type {chosen.dtype}")
        places = chosen.astype(np.int64, copy=False)
        is_wrong = np.asarray((places < 0) | (places >= len(self._names)))
        if mask is not None:
            is_wrong &= mask
        if is_wrong.any():
            index = first_index(is_wrong)
            raise Mismatch(self._path, f"a choice from 0 to {len(self._names) - 1}", f"{places[index]}", index)
        return places

    def _bound_in_slot(self, place: int) -> BoundElement:
        if place not in self._in_slot:
            name, option = self._options[place]
            rows = self._slot[..., : self._sizes[place]]
            self._in_slot[place] = self._binder.bind(option, rows, f"{self._path}.{name}")
        return self._in_slot[place]

    def _bound_beside(self, place: int) -> tuple[FloatArray, BoundElement]:
        if place not in self._beside:
            name, option = self._options[place]
            rows: FloatArray = np.zeros((*self._slot.shape[:-1], self._sizes[place]), dtype=np.float32)
            self._beside[place] = rows, self._binder.bind(option, rows, f"{self._path}.{name}")
        return self._beside[place]

    def _missing(self, place: int, index: tuple[int, ...] = ()) -> Mismatch:
        return Mismatch(f"{self._path}.{self._names[place]}", "an element, since it was chosen", "none", index)


class BoundInclusiveUnion(BoundElement):
    """All options one behind the other, and which are there."""

    def __init__(
        self, element: InclusiveUnionObservation, rows: FloatArray, label: str, path: str, binder: ElementBinder
    ) -> None:
        super().__init__(label, path)
        self._names = tuple(name for name, _ in element.elements)
        self._lead = rows.shape[:-1]
        self._options: list[tuple[str, FloatArray, BoundElement]] = []
        offset = 0
        for name, option in element.elements:
            view = rows[..., offset : offset + option.vector_size]
            self._options.append((name, view, binder.bind(option, view, f"{path}.{name}")))
            offset += option.vector_size
        self._bits = rows[..., offset:]

    def write(self, value: ObservationObjectElement, mask: BoolArray | None) -> None:
        if value.__class__ is not InclusiveUnionValue or value.label != self._label:
            raise self._mismatch(value)
        elements, present = value.elements, value.present
        check_names(elements, self._names, self._path)
        if present is not None and present.keys() != elements.keys():
            expected = f"`present` for each of {names_of(elements)}"
            raise Mismatch(self._path, expected, f"for {names_of(present)}")
        for place, (name, view, bound) in enumerate(self._options):
            given = elements.get(name)
            if given is None:
                view[...] = 0.0
                self._bits[..., place] = 0.0
            elif present is None:
                bound.write(given, mask)
                self._bits[..., place] = 1.0
            else:
                is_there = self._checked(present[name], name)
                with np.errstate(all="ignore"):
                    bound.write(given, under(mask, is_there))
                view[~is_there] = 0.0
                self._bits[..., place] = is_there

    def _checked(self, present: Array, name: str) -> BoolArray:
        if present.dtype != np.bool_ or present.shape != self._lead:
            expected = f"`present` as true and false in shape {self._lead}"
            raise Mismatch(f"{self._path}.{name}", expected, f"{present.dtype} in shape {present.shape}")
        return present.view(np.bool_)


def check_names(given: Iterable[str], names: tuple[str, ...], path: str) -> None:
    """Refuse options that the union doesn't have."""
    if any(name not in names for name in given):
        raise Mismatch(path, f"options of {names_of(names)}", names_of(given))
