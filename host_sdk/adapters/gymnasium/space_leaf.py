"""The leaves of Gymnasium spaces as columns of vectors, many steps at once.

n is the number of steps. A leaf's values are one array [n, *shape], as the field's data sets have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import Space, spaces

from host_sdk.adapters.gymnasium.space_schema import (
    has_channels_first,
    image_shape,
    is_image,
    multi_discrete_sizes,
    named_parts,
)
from host_sdk.errors import ValueMismatchError
from protocol.errors import SchemaError

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.uint8]
Key = str | int

SUPPORTED = "a Box, Discrete, MultiDiscrete, MultiBinary, Dict or Tuple space"


@dataclass(frozen=True)
class SpaceLeaf:
    """A leaf of a space, and where its numbers lie.

    Attributes:
        keys: the way to it through Dicts and Tuples.
        space: the leaf's own.
        columns: of the vector of floats; empty for an image.
        image_columns: of the vector of bytes; empty for all but an image.
        scale: what a continuous number was divided by.
    """

    keys: tuple[Key, ...]
    space: Space[Any]
    columns: slice
    image_columns: slice
    scale: float = 1.0

    @property
    def is_image(self) -> bool:
        """Whether it holds pixels."""
        return int(self.image_columns.stop) > int(self.image_columns.start)

    def values_of(self, nested: Any, path: str) -> npt.NDArray[Any]:
        """Its array [n, *shape] out of nested Dicts and Tuples.

        Raises:
            ValueMismatchError: it isn't there, or has another shape.
        """
        found = nested
        for key in self.keys:
            try:
                # files name the parts of a Tuple by texts
                found = found[str(key)] if isinstance(found, Mapping) and key not in found else found[key]
            except (KeyError, IndexError, TypeError) as error:
                raise ValueMismatchError(self.path(path), "values of it", f"none ({error!r})") from None
        array = np.asarray(found)
        shape = self.space.shape or ()
        size = int(np.prod(shape, dtype=np.int64))
        if array.ndim == 0 or array.dtype.kind not in "biuf" or array.size != len(array) * size:
            received = f"{array.dtype} of shape {list(array.shape)}"
            raise ValueMismatchError(self.path(path), f"numbers of shape {['n', *shape]}", received)
        return array.reshape(len(array), *shape)

    def path(self, root: str) -> str:
        """As `actions.arm[0]`, for messages."""
        return root + "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in self.keys)

    def write(self, values: npt.NDArray[Any], floats: FloatArray, images: ByteArray, path: str) -> None:
        """Writes its values [n, *shape] into float32[n, …] and uint8[n, …].

        Raises:
            ValueMismatchError: a choice isn't one of the space's.
        """
        count = len(values)
        out = floats[:, self.columns]
        match self.space:
            case spaces.Box() if self.is_image:
                pixels = np.moveaxis(values, 1, -1) if has_channels_first(self.space) else values
                images[:, self.image_columns] = pixels.reshape(count, -1)
            case spaces.Box():
                out[...] = values.reshape(count, -1)
                if self.scale != 1.0:
                    np.divide(out, np.float32(self.scale), out=out)
            case spaces.Discrete(n=n, start=start):
                _write_choices(values.reshape(count, 1), [int(n)], np.array([start]), out, self.path(path))
            case spaces.MultiDiscrete():
                starts = np.asarray(self.space.start).reshape(-1)
                _write_choices(
                    values.reshape(count, -1), multi_discrete_sizes(self.space), starts, out, self.path(path)
                )
            case _:
                out[...] = values.reshape(count, -1) != 0

    def read(self, floats: FloatArray, images: ByteArray) -> npt.NDArray[Any]:
        """Its values [n, *shape], of the space's type."""
        count, shape = len(floats), self.space.shape or ()
        own = floats[:, self.columns]
        match self.space:
            case spaces.Box() if self.is_image:
                pixels = images[:, self.image_columns]
                if has_channels_first(self.space):
                    pixels = np.moveaxis(pixels.reshape(count, *image_shape(self.space)), -1, 1)
                return pixels.reshape(count, *shape)
            case spaces.Box():
                return _as_box(self.space, own * np.float32(self.scale) if self.scale != 1.0 else own)
            case spaces.Discrete(start=start):
                return np.asarray(own.argmax(axis=1) + start, dtype=self.space.dtype)
            case spaces.MultiDiscrete():
                sizes = multi_discrete_sizes(self.space)
                ends = np.cumsum(sizes)
                chosen = [own[:, end - size : end].argmax(axis=1) for size, end in zip(sizes, ends, strict=True)]
                found = np.stack(chosen, axis=1).reshape(count, *shape) + self.space.start
                return np.asarray(found, dtype=self.space.dtype)
            case _:
                return np.asarray(own.reshape(count, *shape) > 0.5, dtype=self.space.dtype)


def leaf_spaces(space: Space[Any], keys: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], Space[Any]]]:
    """(keys, space) of every leaf, in the order of the schema.

    Raises:
        SchemaError: a leaf is of a space whose values aren't arrays.
    """
    match space:
        case spaces.Dict() | spaces.Tuple():
            for _, key, part in named_parts(space):
                yield from leaf_spaces(part, (*keys, key))
        case spaces.Box() | spaces.Discrete() | spaces.MultiDiscrete() | spaces.MultiBinary():
            yield keys, space
        case _:
            path = ".".join(["$", *map(str, keys)])
            raise SchemaError(path, SUPPORTED, f"{space!r}, whose values aren't arrays of one shape")


def part_count(space: Space[Any]) -> int:
    """How many leaves of a schema a leaf of a space is."""
    return space.nvec.size if isinstance(space, spaces.MultiDiscrete) else 1


def leaf_is_image(space: Space[Any]) -> bool:
    """Whether a schema has an image for the leaf."""
    return isinstance(space, spaces.Box) and is_image(space)


def nest(leaves: Sequence[SpaceLeaf], arrays: Sequence[npt.NDArray[Any]], space: Space[Any]) -> Any:
    """Arrays of leaves as nested dicts and tuples, as the space has them."""
    by_keys = {leaf.keys: array for leaf, array in zip(leaves, arrays, strict=True)}
    return _nested(space, (), by_keys)


def _nested(space: Space[Any], keys: tuple[Key, ...], by_keys: Mapping[tuple[Key, ...], npt.NDArray[Any]]) -> Any:
    if isinstance(space, spaces.Dict):
        return {key: _nested(part, (*keys, key), by_keys) for key, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_nested(part, (*keys, place), by_keys) for place, part in enumerate(space.spaces))
    return by_keys[keys]


def _write_choices(
    values: npt.NDArray[Any], sizes: Sequence[int], starts: npt.NDArray[Any], out: FloatArray, path: str
) -> None:
    """One-hots side by side of values [n, choices]."""
    places = values - starts
    is_wrong = (places < 0) | (places >= np.asarray(sizes)) | (places != np.rint(places))
    if is_wrong.any():
        step, choice = np.argwhere(is_wrong)[0].tolist()
        first, size = int(starts[choice]), sizes[choice]
        expected = f"integers from {first} to {first + size - 1}"
        raise ValueMismatchError(path, expected, f"{values[step, choice]} at step {step}")
    out[...] = 0.0
    rows, offset = np.arange(len(values)), 0
    for choice, size in enumerate(sizes):
        out[rows, offset + places[:, choice].astype(np.intp)] = 1.0
        offset += size


def _as_box(space: spaces.Box, numbers: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    """Numbers [n, size] as the box has them: whole where it has integers, and the one number where that is fixed."""
    shaped = numbers.reshape(len(numbers), *space.shape)
    is_fixed = space.low == space.high
    if not np.issubdtype(space.dtype, np.integer) and not is_fixed.any():
        return np.asarray(shaped, dtype=space.dtype)
    wide = np.rint(shaped.astype(np.float64)) if np.issubdtype(space.dtype, np.integer) else shaped.astype(np.float64)
    return np.asarray(np.where(is_fixed, space.low, wide), dtype=space.dtype)
