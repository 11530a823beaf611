"""Rules for the fields of a message: what a value may be, checked alike before sending and after receiving."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from protocol.limits import (
    MAX_ACTION_SIZE,
    MAX_AGENTS,
    MAX_BATCH_STEPS,
    MAX_IMAGE_SIZE,
    MAX_INT64,
    MAX_MEMORY_SIZE,
    MAX_OBSERVATION_SIZE,
    MAX_PARAMETERS,
    MAX_TEXT_BYTES,
    MAX_TREE_DEPTH,
    MAX_TREE_NODES,
)

DIMENSION_LIMITS: dict[str, int] = {
    "T": MAX_BATCH_STEPS,
    "S": MAX_BATCH_STEPS,
    "N": MAX_AGENTS,
    "O": MAX_OBSERVATION_SIZE,
    "I": MAX_IMAGE_SIZE,
    "A": MAX_ACTION_SIZE,
    "M": MAX_ACTION_SIZE,
    "H": MAX_MEMORY_SIZE,
    "K": MAX_BATCH_STEPS,
    "R": MAX_BATCH_STEPS,
    "E": MAX_BATCH_STEPS,
    "P": MAX_PARAMETERS,
    "Q": MAX_PARAMETERS,
}
"""The largest size of each letter that an array's shape is spelled with."""

FIXED_SIZES: dict[str, int] = {str(size): size for size in range(1, 10)}
"""The sizes of dimensions that are spelled as numbers."""


class FieldError(ValueError):
    """A value breaks a rule; never leaves this package, where it becomes a remote or a local protocol error."""


def describe(value: object) -> str:
    """A value's type and its beginning, for an error message; never long, whatever came."""
    if isinstance(value, str | bytes | bytearray | memoryview):
        return f"{type(value).__name__} {value[:40]!r} of length {len(value)}"
    if isinstance(value, list | tuple | dict):
        return f"{type(value).__name__} of length {len(value)}"
    return f"{type(value).__name__} {str(value)[:40]}"


def byte_length(text: str) -> int:
    """UTF-8 bytes of a text."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def shorten(text: str, limit_bytes: int = MAX_TEXT_BYTES) -> str:
    """The text itself, or its end behind an ellipsis, so that it fits into a field of that many bytes."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit_bytes:
        return encoded.decode("utf-8")
    return "…" + encoded[3 - limit_bytes :].decode("utf-8", "ignore")


class FieldRule(ABC):
    """What one field may hold."""

    @property
    @abstractmethod
    def expectation(self) -> str:
        """What is allowed, as words that follow "expected"."""

    @abstractmethod
    def admit(self, value: object) -> object:
        """The value as the message holds it.

        Raises:
            FieldError: it isn't allowed; the text says what was expected and what came.
        """

    def refusal(self, value: object) -> FieldError:
        """The error for a value that isn't allowed."""
        return FieldError(f"expected {self.expectation}, got {describe(value)}")


@dataclass(frozen=True, eq=False)
class TextRule(FieldRule):
    """A text of at most so many UTF-8 bytes."""

    max_bytes: int
    min_bytes: int = 0

    @property
    def expectation(self) -> str:
        return f"text of {self.min_bytes} to {self.max_bytes} bytes"

    def admit(self, value: object) -> object:
        if type(value) is not str or not self.min_bytes <= byte_length(value) <= self.max_bytes:
            raise self.refusal(value)
        return value


@dataclass(frozen=True, eq=False)
class ChoiceRule(FieldRule):
    """One of some words."""

    choices: tuple[str, ...]

    @property
    def expectation(self) -> str:
        return " or ".join(f'"{choice}"' for choice in self.choices)

    def admit(self, value: object) -> object:
        if type(value) is not str or value not in self.choices:
            raise self.refusal(value)
        return value


@dataclass(frozen=True, eq=False)
class FlagRule(FieldRule):
    """True or false; numbers don't count as either."""

    @property
    def expectation(self) -> str:
        return "true or false"

    def admit(self, value: object) -> object:
        if type(value) is not bool:
            raise self.refusal(value)
        return value


@dataclass(frozen=True, eq=False)
class IntegerRule(FieldRule):
    """A whole number within bounds, both included."""

    low: int = 0
    high: int = MAX_INT64

    @property
    def expectation(self) -> str:
        return f"integer from {self.low} to {self.high}"

    def admit(self, value: object) -> object:
        if type(value) is not int or not self.low <= value <= self.high:
            raise self.refusal(value)
        return value


@dataclass(frozen=True, eq=False)
class RealRule(FieldRule):
    """A float64; an integer is taken too, since some languages write 1.0 so. Bounds exclude NaN."""

    low: float | None = None
    high: float | None = None

    @property
    def expectation(self) -> str:
        return "number" if self.low is None else f"number from {self.low} to {self.high}"

    def admit(self, value: object) -> object:
        if not isinstance(value, float | int) or isinstance(value, bool):
            raise self.refusal(value)
        number = float(value)
        if self.low is not None and self.high is not None and not self.low <= number <= self.high:
            raise self.refusal(value)
        return number


@dataclass(frozen=True, eq=False)
class NamesRule(FieldRule):
    """A list of texts."""

    max_count: int
    item: TextRule

    @property
    def expectation(self) -> str:
        return f"list of at most {self.max_count} texts, each {self.item.expectation}"

    def admit(self, value: object) -> object:
        if not isinstance(value, list | tuple) or len(value) > self.max_count:
            raise self.refusal(value)
        return tuple(self.item.admit(entry) for entry in value)


@dataclass(frozen=True, eq=False)
class TableRule(FieldRule):
    """A map from names to values of one kind."""

    max_count: int
    key: TextRule
    item: FieldRule

    @property
    def expectation(self) -> str:
        return f"map of at most {self.max_count} names to {self.item.expectation}"

    def admit(self, value: object) -> object:
        if not isinstance(value, Mapping) or len(value) > self.max_count:
            raise self.refusal(value)
        return {self.key.admit(name): self.item.admit(entry) for name, entry in value.items()}


@dataclass(frozen=True, eq=False)
class TreeRule(FieldRule):
    """A map of texts, numbers, flags, nothing, lists and maps, to a limited depth and number of values.

    Whoever reads the tree (schemas, settings) judges its content; here only its size and kinds are.
    """

    max_depth: int = MAX_TREE_DEPTH
    max_nodes: int = MAX_TREE_NODES

    @property
    def expectation(self) -> str:
        return f"map with at most {self.max_nodes} values, nested at most {self.max_depth} deep"

    def admit(self, value: object) -> object:
        if not isinstance(value, Mapping):
            raise self.refusal(value)
        left = self.max_nodes
        level: list[object] = [value]
        for _ in range(self.max_depth):
            below: list[object] = []
            for node in level:
                below.extend(self._children(node))
                left -= 1
            if not below:
                return value
            if len(below) > left:
                raise FieldError(f"expected {self.expectation}, got more values than that")
            level = below
        raise FieldError(f"expected {self.expectation}, got deeper nesting")

    def _children(self, node: object) -> list[object]:
        if isinstance(node, str | bool | int | float) or node is None:
            return []
        if isinstance(node, list | tuple):
            return list(node)
        if isinstance(node, Mapping):
            for name in node:
                if type(name) is not str:
                    raise FieldError(f"expected names of type text in {self.expectation}, got {describe(name)}")
            return list(node.values())
        raise FieldError(f"expected texts, numbers, flags, nothing, lists and maps, got {describe(node)}")


@dataclass(frozen=True, eq=False)
class ArrayRule:
    """An array's dtype and its shape in letters, as "T N O"; a letter means one size throughout a message.

    Attributes:
        dtype: numpy's name of the dtype.
        shape: letters of `DIMENSION_LIMITS`, or numbers, with spaces between.
        is_optional: whether the array may be absent.
    """

    dtype: str
    shape: str
    is_optional: bool = False
    item_bytes: int = field(init=False, repr=False)
    native_dtype: np.dtype[np.generic] = field(init=False, repr=False)
    dimensions: tuple[str, ...] = field(init=False, repr=False)
    limits: tuple[int, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        dimensions = tuple(self.shape.split())
        limits = tuple((DIMENSION_LIMITS | FIXED_SIZES)[name] for name in dimensions)
        native_dtype = np.dtype(self.dtype)
        object.__setattr__(self, "item_bytes", native_dtype.itemsize)
        object.__setattr__(self, "native_dtype", native_dtype)
        object.__setattr__(self, "dimensions", dimensions)
        object.__setattr__(self, "limits", limits)

    @property
    def expectation(self) -> str:
        """The dtype and the letters of the shape, as `float32[T, N, O]`."""
        return f"{self.dtype}[{', '.join(self.dimensions)}]"

    def admit_shape(self, shape: Sequence[int], known_sizes: dict[str, int]) -> int:
        """Check a shape against the letters, and against the sizes that earlier arrays of the message gave them.

        Args:
            shape: sizes, of any type.
            known_sizes: letter -> size, at first a copy of `FIXED_SIZES`; gains the letters that are new.

        Returns:
            How many elements an array of that shape has.

        Raises:
            FieldError: a rank, a type, a size below 0 or above its limit, or a size that differs from an earlier
                array's.
        """
        if len(shape) != len(self.dimensions):
            raise FieldError(f"expected {self.expectation}, got {len(shape)} dimensions")
        count = 1
        for name, limit, size in zip(self.dimensions, self.limits, shape, strict=True):
            if type(size) is not int:
                raise FieldError(f"expected a shape {self.expectation}, got {str(shape)[:80]}")
            known = known_sizes.setdefault(name, size)
            if known != size or not 0 <= size <= limit:
                wanted = f"0 to {limit}" if known == size else str(known)
                raise FieldError(f"expected {self.expectation} with {name} = {wanted}, got {size}")
            count *= size
        return count
