"""What operations of one kind have in common: their attributes, their parameters and the register they yield."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from protocol.errors import SchemaError
from protocol.finite_number import is_finite_number

AttributeValue: TypeAlias = int | float | str | tuple[int, ...]
Shape: TypeAlias = tuple[int, ...]

MAX_INTEGER = 2**31 - 1
"""Of an attribute: no register is that large, and every language's integers hold it."""


class RegisterShape(NamedTuple):
    """A register is float32[B · rows, size] for B agents: row (b, i) is at b · rows + i.

    Attributes:
        size: floats of a row.
        rows: rows of one agent; 1 but for the elements of sets and arrays.
    """

    size: int
    rows: int = 1


Infer: TypeAlias = Callable[[Sequence[RegisterShape], Sequence[Shape], dict[str, Any]], RegisterShape]


@dataclass(frozen=True)
class OperationKind:
    """What all operations of one kind have in common.

    Attributes:
        attributes: name and type of each attribute.
        parameter_ranks: dimensions of each parameter, in order.
        infer: (input registers, parameter shapes, attributes) → the register that it yields; raises ValueError saying
            what is wrong.
    """

    attributes: dict[str, type]
    parameter_ranks: tuple[int, ...]
    infer: Infer

    def coerce(self, attributes: Sequence[tuple[str, object]], path: str) -> tuple[tuple[str, AttributeValue], ...]:
        """The attributes sorted by name, each of exactly its type.

        Raises:
            SchemaError: an attribute is missing, doubled, unknown, of another type or beyond 32 bits.
        """
        given = dict(attributes)
        if len(given) != len(attributes) or set(given) != set(self.attributes):
            raise SchemaError(path, f"the attributes {sorted(self.attributes)}", repr(sorted(given))[:200])
        return tuple((name, _coerce(given[name], self.attributes[name], f"{path}.{name}")) for name in sorted(given))


def _coerce(value: object, kind: type, path: str) -> AttributeValue:
    if kind is float and isinstance(value, (int, float)) and is_finite_number(value):
        return float(value) + 0.0
    if kind is int and _is_integer(value):
        assert isinstance(value, int)
        return value
    if kind is str and isinstance(value, str):
        return value
    if kind is tuple and isinstance(value, (tuple, list)) and all(map(_is_integer, value)):
        return tuple(value)
    raise SchemaError(path, f"a value of type {kind.__name__}", repr(value)[:200])


def _is_integer(value: object) -> bool:
    return type(value) is int and abs(value) <= MAX_INTEGER


def require(is_right: bool, reason: str) -> None:
    """Refuse an operation.

    Raises:
        ValueError: with the reason, which says what is expected.
    """
    if not is_right:
        raise ValueError(reason)


def one_input(inputs: Sequence[RegisterShape]) -> RegisterShape:
    """The only input.

    Raises:
        ValueError: there are none or several.
    """
    require(len(inputs) == 1, f"exactly one input, not {len(inputs)}")
    return inputs[0]


def common_rows(inputs: Sequence[RegisterShape]) -> int:
    """The rows that all inputs have.

    Raises:
        ValueError: there is no input, or one has other rows than the first.
    """
    require(len(inputs) > 0, "at least one input")
    rows = inputs[0].rows
    require(all(shape.rows == rows for shape in inputs), f"inputs of {rows} rows an agent each, as the first has")
    return rows


def require_shapes(shapes: Sequence[Shape], wanted: Sequence[Shape]) -> None:
    """Refuse parameters of other shapes.

    Raises:
        ValueError: naming both.
    """
    require(tuple(shapes) == tuple(wanted), f"parameters of shapes {tuple(wanted)}, not {tuple(shapes)}")
