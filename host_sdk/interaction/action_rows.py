"""One action on its way into rows of an action vector, element by element."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from host_sdk.action_node import ActionNode, call_of
from host_sdk.action_value import ActionValue, Array
from host_sdk.interaction.action_sample import samples_of
from host_sdk.interaction.bound_element import Mismatch, first_index, names_of, under
from protocol.action_layout import ActionLayout
from protocol.experience import Int64Array
from protocol.vector_array import BoolArray, FloatArray

MAKER = "action_object."
"""What games make actions with."""

_CHOICES = frozenset({"exclusive_discrete", "named_exclusive_discrete", "enum"})
_BITS = frozenset({"bool", "inclusive_discrete", "named_inclusive_discrete"})
_GROUPS = frozenset({"struct", "pair", "static_array", "encoding", "transform"})
_UNIONS = frozenset({"exclusive_union", "optional", "either"})


class ActionRows:
    """The rows that one action is written into, which hold zeros before."""

    def __init__(self, layout: ActionLayout, rows: FloatArray, is_batched: bool) -> None:
        self._layout = layout
        self._rows = rows
        self._is_batched = is_batched

    def write(self, node: ActionNode, value: object, mask: BoolArray | None) -> None:
        """Writes one element and those below it.

        Args:
            node: which.
            value: for it.
            mask: bool[n], who acts it; None for all. What others have is not looked at.

        Raises:
            Mismatch: it doesn't fit.
        """
        if not isinstance(value, ActionValue):
            received = f"{type(value).__name__} (make actions with the action_object that the callback is given)"
            raise Mismatch(node.path, node.called(MAKER), received)
        if value.kind != node.kind or value.tag != node.tag:
            raise Mismatch(node.path, node.called(MAKER), call_of(MAKER, value.kind, value.tag))
        if node.kind in _GROUPS:
            self._write_group(node, value, mask)
        elif node.kind in _UNIONS:
            self._write_exclusive_union(node, value, mask)
        elif node.kind == "inclusive_union":
            self._write_inclusive_union(node, value, mask)
        elif node.kind in _CHOICES:
            self._choose(node, self._places(node, value.values, mask), mask)
        elif node.kind in _BITS:
            self._set_bits(node, self._bits(node, value.values), mask)
        elif node.kind == "bitmask":
            self._set_bits(node, self._bits_of_mask(node, value.values, mask), mask)
        elif node.kind != "null":
            self._write_numbers(node, value.values, mask)

    def _write_group(self, node: ActionNode, value: ActionValue, mask: BoolArray | None) -> None:
        if value.elements.keys() != node.children.keys():
            expected = f"a {node.kind} of {names_of(node.children)}"
            raise Mismatch(node.path, expected, f"one of {names_of(value.elements)}")
        for name, child in node.children.items():
            self.write(child, value.elements[name], mask)

    def _write_exclusive_union(self, node: ActionNode, value: ActionValue, mask: BoolArray | None) -> None:
        self._check_names(node, value.elements)
        places = self._places(node, value.values, mask)
        self._choose(node, places, mask)
        for place, (name, child) in enumerate(node.children.items()):
            has_it = places == place if mask is None else (places == place) & mask
            self._write_option(name, child, value, has_it)

    def _write_inclusive_union(self, node: ActionNode, value: ActionValue, mask: BoolArray | None) -> None:
        self._check_names(node, value.elements)
        present = dict.fromkeys(value.elements, np.array(True)) if value.values is None else value.values
        bits = self._bits(node, present)
        self._set_bits(node, bits, mask)
        for place, (name, child) in enumerate(node.children.items()):
            has_it = bits[:, place] if mask is None else under(mask, bits[:, place])
            self._write_option(name, child, value, has_it)

    def _write_option(self, name: str, child: ActionNode, value: ActionValue, has_it: BoolArray) -> None:
        if not has_it.any():
            return
        element = value.elements.get(name)
        if element is not None:
            self.write(child, element, has_it)
        elif child.kind != "null":
            index = first_index(has_it) if self._is_batched else ()
            raise Mismatch(child.path, "an element, since it was chosen", "none", index)

    def _check_names(self, node: ActionNode, elements: Mapping[str, ActionValue]) -> None:
        if any(name not in node.children for name in elements):
            raise Mismatch(node.path, f"options of {names_of(node.children)}", names_of(elements))

    # --- Numbers ---------------------------------------------------------------------------------------------------

    def _write_numbers(self, node: ActionNode, values: object, mask: BoolArray | None) -> None:
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
            raise Mismatch(node.path, f"{node.kind} numbers", _described(values))
        layout, columns = self._layout, node.columns
        numbers = self._rows_of(node, values).astype(np.float64)
        expected = "scales that are finite and above 0" if node.kind == "scale" else "finite numbers"
        self._refuse(node, ~np.isfinite(numbers), mask, numbers, expected)
        samples = samples_of(layout, columns, np.clip(numbers, layout.low[columns], layout.high[columns]))
        expected = "numbers that float32 holds when divided by the scale"
        self._refuse(node, ~np.isfinite(samples), mask, numbers, expected)
        self._rows[:, columns] = samples if mask is None else np.where(mask[:, np.newaxis], samples, np.float32(0.0))

    def _refuse(
        self,
        node: ActionNode,
        is_wrong: BoolArray,
        mask: BoolArray | None,
        numbers: npt.NDArray[np.float64],
        expected: str,
    ) -> None:
        if mask is not None:
            is_wrong = is_wrong & mask[:, np.newaxis]
        if is_wrong.any():
            index = first_index(is_wrong)
            raise Mismatch(node.path, expected, f"{numbers[index]}", index[:1])

    # --- Choices ---------------------------------------------------------------------------------------------------

    def _choose(self, node: ActionNode, places: Int64Array, mask: BoolArray | None) -> None:
        agents = np.arange(len(self._rows)) if mask is None else np.flatnonzero(mask)
        self._rows[agents, node.columns.start + places[agents]] = 1.0

    def _places(self, node: ActionNode, values: object, mask: BoolArray | None) -> Int64Array:
        """int64[n], from 0; -1 where an agent doesn't act it and named something else."""
        count, size = len(self._rows), node.size
        named = f"one of {names_of(node.names)}, or its place" if node.names else f"a place from 0 to {size - 1}"
        if not isinstance(values, np.ndarray) or values.dtype.kind not in ("iuUO" if node.names else "iu"):
            raise Mismatch(node.path, f"{named} for each agent", _described(values))
        if values.shape not in ((), (count,)) or (values.shape and not self._is_batched):
            shape = f"({count},) or ()" if self._is_batched else "()"
            raise Mismatch(node.path, f"choices of shape {shape}", f"shape {values.shape}")
        if values.dtype.kind in "iu":
            places = values.astype(np.int64)
        else:
            known = {name: place for place, name in enumerate(node.names)}
            places = np.array([known.get(name, -1) for name in values.ravel().tolist()], dtype=np.int64)
        given = np.broadcast_to(values, count)
        places = np.broadcast_to(places.reshape(values.shape), count)
        is_unknown = (places < 0) | (places >= size)
        if mask is not None:
            is_unknown = is_unknown & mask
        if is_unknown.any():
            index = first_index(is_unknown)
            raise Mismatch(node.path, named, repr(given.tolist()[index[0]]), index)
        return np.where((places < 0) | (places >= size), np.int64(-1), places)

    # --- Bits ------------------------------------------------------------------------------------------------------

    def _set_bits(self, node: ActionNode, bits: BoolArray, mask: BoolArray | None) -> None:
        self._rows[:, node.columns] = bits if mask is None else bits & mask[:, np.newaxis]

    def _bits(self, node: ActionNode, values: object) -> BoolArray:
        """bool[n, size]."""
        shape = len(self._rows), node.size
        if isinstance(values, Mapping):
            bits = np.zeros(shape, dtype=np.bool_)
            for name, flags in values.items():
                bits[:, self._place_of(node, name)] = self._flags_of(node, name, flags)
            return bits
        if isinstance(values, np.ndarray) and values.dtype == np.bool_:
            return self._rows_of(node, values).astype(np.bool_)
        if isinstance(values, np.ndarray) and values.ndim == 1 and (values.dtype.kind in "iuUO" or not values.size):
            bits = np.zeros(shape, dtype=np.bool_)
            for option in values.tolist():
                bits[:, self._place_of(node, option)] = True
            return bits
        expected = "true or false" if node.kind == "bool" else "true and false for each option, or a list of options"
        raise Mismatch(node.path, expected, _described(values))

    def _bits_of_mask(self, node: ActionNode, values: object, mask: BoolArray | None) -> BoolArray:
        """bool[n, size] of integers [n]."""
        count, size = len(self._rows), node.size
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "iu":
            raise Mismatch(node.path, "flags, or integers whose bits they are", _described(values))
        if values.shape not in ((), (count,)) or (values.shape and not self._is_batched):
            raise Mismatch(node.path, "one integer for each agent", f"shape {values.shape}")
        integers = np.broadcast_to(values, count)
        is_wrong = (integers < 0) | (integers > 2**size - 1)
        if mask is not None:
            is_wrong = is_wrong & mask
        if is_wrong.any():
            index = first_index(is_wrong)
            raise Mismatch(node.path, f"flags from 0 to {2**size - 1}", str(integers[index]), index)
        bits = (integers.astype(np.int64)[:, np.newaxis] >> np.arange(size)) & 1
        return bits.astype(np.bool_)

    def _place_of(self, node: ActionNode, option: object) -> int:
        if isinstance(option, str) and option in node.names:
            return node.names.index(option)
        if isinstance(option, int) and 0 <= option < node.size:
            return option
        named = f"one of {names_of(node.names)}" if node.names else "an option"
        raise Mismatch(node.path, f"{named}, or a place from 0 to {node.size - 1}", repr(option))

    def _flags_of(self, node: ActionNode, name: str, flags: Array) -> Array:
        count = len(self._rows)
        if flags.dtype == np.bool_ and (flags.shape == () or (self._is_batched and flags.shape == (count,))):
            return flags
        received = f"{flags.dtype} of shape {flags.shape} for {name!r}"
        raise Mismatch(node.path, f"true or false for each of {count} agents", received)

    def _rows_of(self, node: ActionNode, values: Array) -> Array:
        """[n, size] of values of one agent or all, or of one for all."""
        count, size = len(self._rows), node.size
        if values.shape == (size,) or (self._is_batched and values.shape == (count, size)):
            return np.broadcast_to(values, (count, size))
        shape = f"({count}, {size}) or ({size},)" if self._is_batched else f"({size},)"
        raise Mismatch(node.path, f"values of shape {shape}", f"shape {values.shape}")


def _described(values: object) -> str:
    match values:
        case np.ndarray():
            return f"values of type {values.dtype} and shape {values.shape}"
        case Mapping():
            return f"values by name, of {names_of(values)}"
        case _:
            return "nothing"
