"""Leaves of a schema bound to the rows that they write into: numbers, choices, texts and images.

A leaf holds, as `protocol.schema` says: value / scale for continuous ones, one-hot and multi-hot for discrete ones.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.interaction.bound_element import BoolArray, BoundElement, FloatArray, Mismatch, first_index, names_of
from host_sdk.observation_value import Array, LeafValue, NullValue, ObservationObjectElement
from protocol.string_token import string_token

ByteArray: TypeAlias = npt.NDArray[np.uint8]
IndexArray: TypeAlias = npt.NDArray[np.int64]

# One-hots of this many floats and more are copied from a table, unless that would be large itself.
_TABLE_FROM = 4096
_LARGEST_TABLE = 256


class BoundNull(BoundElement):
    """Nothing to write."""

    def write(self, value: ObservationObjectElement, mask: BoolArray | None) -> None:
        if value.__class__ is not NullValue or value.label != self._label:
            raise self._mismatch(value)


class BoundLeaf(BoundElement):
    """A leaf; `shape` is what its values must have."""

    def __init__(self, label: str, path: str, view: FloatArray, shape: tuple[int, ...]) -> None:
        super().__init__(label, path)
        self._view = view
        self._shape = shape

    def write(self, value: ObservationObjectElement, mask: BoolArray | None) -> None:
        if value.__class__ is not LeafValue or value.label != self._label:
            raise self._mismatch(value)
        array = value.value
        if array.shape != self._shape:
            self._put_other_shape(array)
            return
        try:
            self._put(array, mask)
        except (TypeError, ValueError):
            raise Mismatch(self._path, f"{self._label} values", f"values of type {array.dtype}") from None

    @abstractmethod
    def _put(self, array: Array, mask: BoolArray | None) -> None:
        """Writes an array of the right shape. Raises Mismatch, or TypeError or ValueError where its type is wrong."""

    def _put_other_shape(self, array: Array) -> None:
        raise Mismatch(self._path, f"{self._label} values of shape {self._shape}", f"shape {array.shape}")


class BoundContinuous(BoundLeaf):
    """Numbers, divided by a scale."""

    def __init__(self, label: str, path: str, view: FloatArray, shape: tuple[int, ...], scale: float) -> None:
        super().__init__(label, path, view, shape)
        self._scale = np.float32(scale)
        self._is_scaled = scale != 1.0

    def _put(self, array: Array, mask: BoolArray | None) -> None:
        if self._is_scaled:
            np.divide(array, self._scale, out=self._view, casting="same_kind")
        else:
            np.copyto(self._view, array)


class BoundExclusive(BoundLeaf):
    """An index, as a one-hot."""

    def __init__(self, label: str, path: str, view: FloatArray) -> None:
        super().__init__(label, path, view, view.shape[:-1])
        self._size = view.shape[-1]
        self._choices = np.arange(self._size)
        self._count = view.size // self._size
        has_table = view.size >= _TABLE_FROM and self._size <= _LARGEST_TABLE
        self._table: FloatArray | None = np.eye(self._size, dtype=np.float32) if has_table else None

    def _put(self, array: Array, mask: BoolArray | None) -> None:
        if array.dtype.kind not in "iu":
            raise TypeError
        if self._table is not None:
            if int(array.min()) < 0 or int(array.max()) >= self._size:
                self._check(array, mask)
            np.copyto(self._view, self._table.take(array.astype(np.intp, copy=False), axis=0, mode="clip"))
            return
        np.equal(array[..., np.newaxis], self._choices, out=self._view, casting="unsafe")
        # An index out of range sets nothing, so the ones are too few exactly when there is one.
        if np.count_nonzero(self._view) != self._count:
            self._check(array, mask)

    def _check(self, array: Array, mask: BoolArray | None) -> None:
        indices = array.astype(np.int64, copy=False)
        is_wrong = np.asarray((indices < 0) | (indices >= self._size))
        if mask is not None:
            is_wrong &= mask
        if is_wrong.any():
            index = first_index(is_wrong)
            raise Mismatch(self._path, f"an index from 0 to {self._size - 1}", f"{indices[index]}", index)


class BoundNames(BoundExclusive):
    """A name, or its index, as a one-hot."""

    def __init__(self, label: str, path: str, view: FloatArray, names: tuple[str, ...]) -> None:
        super().__init__(label, path, view)
        self._lookup = NameLookup(names)

    def _put(self, array: Array, mask: BoolArray | None) -> None:
        is_text = array.dtype.kind == "U"
        super()._put(self._lookup.indices(array, mask, self._path) if is_text else array, mask)


class BoundTokens(BoundExclusive):
    """A text, or its token, as a one-hot."""

    def _put(self, array: Array, mask: BoolArray | None) -> None:
        if array.dtype.kind in "UOT":
            array = self._tokens(array, mask)
        super()._put(array, mask)

    def _tokens(self, array: Array, mask: BoolArray | None) -> IndexArray:
        tokens = np.zeros(array.shape, dtype=np.int64)
        is_there = np.broadcast_to(np.True_ if mask is None else mask, array.shape)
        for index in map(tuple, np.argwhere(is_there).tolist()):
            text = array[index]
            if not isinstance(text, str):
                raise TypeError
            try:
                tokens[index] = string_token(str(text), self._size)
            except UnicodeEncodeError:
                raise Mismatch(self._path, "a text that UTF-8 can hold", repr(text)[:200], index) from None
        return tokens


class BoundInclusive(BoundLeaf):
    """Flags, as a multi-hot; for one agent the indices of those that are set will do."""

    def _put(self, array: Array, mask: BoolArray | None) -> None:
        if array.dtype != np.bool_:
            # One agent's indices may happen to be as many as there are choices.
            self._put_other_shape(array)
            return
        np.copyto(self._view, array)

    def _put_other_shape(self, array: Array) -> None:
        if self._view.ndim != 1 or array.ndim != 1 or not self._is_choice(array):
            raise Mismatch(
                self._path, f"true and false in shape {self._shape}", f"{array.dtype} in shape {array.shape}"
            )
        indices = self._indices(array)
        self._view[:] = 0.0
        self._view[indices] = 1.0

    def _is_choice(self, array: Array) -> bool:
        return array.dtype.kind in "iu" or array.size == 0

    def _indices(self, array: Array) -> IndexArray:
        indices: IndexArray = array.astype(np.int64)
        if np.any((indices < 0) | (indices >= self._view.size)):
            raise Mismatch(self._path, f"indices from 0 to {self._view.size - 1}", f"{indices.tolist()}")
        return indices


class BoundInclusiveNames(BoundInclusive):
    """Flags, as a multi-hot; for one agent the names of those that are set will do."""

    def __init__(self, label: str, path: str, view: FloatArray, names: tuple[str, ...]) -> None:
        super().__init__(label, path, view, view.shape)
        self._lookup = NameLookup(names)

    def _is_choice(self, array: Array) -> bool:
        return array.dtype.kind == "U" or array.size == 0

    def _indices(self, array: Array) -> IndexArray:
        return self._lookup.indices(array if array.size else array.astype(np.str_), None, self._path)


class BoundFlag(BoundLeaf):
    """True or false."""

    def _put(self, array: Array, mask: BoolArray | None) -> None:
        if array.dtype != np.bool_:
            raise TypeError
        np.copyto(self._view, array)


class BoundBits(BoundLeaf):
    """An integer's bits, the lowest first."""

    def __init__(self, label: str, path: str, view: FloatArray) -> None:
        super().__init__(label, path, view, view.shape[:-1])
        self._size = view.shape[-1]
        self._shifts = np.arange(self._size)

    def _put(self, array: Array, mask: BoolArray | None) -> None:
        if array.dtype.kind not in "iu":
            raise TypeError
        bits = array.astype(np.int64, copy=False)
        is_wrong = np.asarray((bits >> self._size) != 0)
        if mask is not None:
            is_wrong &= mask
        if is_wrong.any():
            index = first_index(is_wrong)
            raise Mismatch(self._path, f"flags of {self._size} bits", f"{array[index]}", index)
        np.copyto(self._view, (bits[..., np.newaxis] >> self._shifts) & 1)


class BoundImage(BoundElement):
    """Pixels, in the vector of images."""

    def __init__(self, label: str, path: str, view: ByteArray) -> None:
        """
        Args:
            view: uint8[..., height, width, channels].
        """
        super().__init__(label, path)
        self._view = view
        self._plane = view[..., 0] if view.shape[-1] == 1 else view

    def write(self, value: ObservationObjectElement, mask: BoolArray | None) -> None:
        if value.__class__ is not LeafValue or value.label != self._label:
            raise self._mismatch(value)
        pixels = value.value
        if pixels.dtype != np.uint8:
            raise Mismatch(self._path, "pixels of type uint8", f"values of type {pixels.dtype}")
        if pixels.shape == self._view.shape:
            np.copyto(self._view, pixels)
        elif pixels.shape == self._plane.shape:
            np.copyto(self._plane, pixels)
        else:
            raise Mismatch(self._path, f"pixels of shape {self._view.shape}", f"shape {pixels.shape}")


class NameLookup:
    """Finds the places of names among those of a schema element."""

    def __init__(self, names: tuple[str, ...]) -> None:
        """
        Args:
            names: in the order of declaration.
        """
        self._names = names
        self._order = np.argsort(np.array(names))
        self._sorted = np.array(names)[self._order]

    def indices(self, array: Array, mask: BoolArray | None, path: str) -> IndexArray:
        """Places of an array of texts, int64 of its shape.

        Raises:
            Mismatch: a name, where the mask says that it is there, is none of them.
        """
        places = np.minimum(np.searchsorted(self._sorted, array), len(self._names) - 1)
        is_wrong = np.asarray(self._sorted[places] != array)
        if mask is not None:
            is_wrong &= mask
        if is_wrong.any():
            index = first_index(is_wrong)
            raise Mismatch(path, f"one of {names_of(self._names)}", repr(str(array[index])), index)
        return np.asarray(self._order[places], dtype=np.int64)
