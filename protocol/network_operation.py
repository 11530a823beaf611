"""The operations that networks are made of: what each reads, which parameters it has and what it yields.

x is float32[B, n] of one register; y is what the operation yields. Attributes in brackets.

    normalize   y = clip((x − mean) / sqrt(variance + [epsilon]), ±[clip]) in the slots of [normalized], else y = x.
                Parameters mean[n], variance[n], count[1] (how many observations the statistics are of; not read here).
                [normalized] lists start, stop, start, stop … of half-open ranges, rising and apart.
    linear      y = x · weightᵀ + bias. Parameters weight[m, n], bias[m].
    activation  y = [function](x): "tanh", "relu" = max(x, 0), "elu" = x where x > 0, exp(x) − 1 elsewhere.
    concat      y = the inputs side by side; at least one.
    slice       y = x[:, [start]:[stop]].
    broadcast   y = the parameter row[m] in every row. No inputs.
    clamp       y = min(max(x, [minimum]), [maximum]).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

from protocol.errors import SchemaError
from protocol.finite_number import is_finite_number
from protocol.policy_settings import ACTIVATIONS

AttributeValue: TypeAlias = int | float | str | tuple[int, ...]
Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class OperationKind:
    """What all operations of one kind have in common.

    Attributes:
        attributes: name and type of each attribute.
        parameter_ranks: dimensions of each parameter, in order.
        infer: (input sizes, parameter shapes, attributes) → size of what it yields; raises ValueError saying what is
            wrong.
    """

    attributes: dict[str, type]
    parameter_ranks: tuple[int, ...]
    infer: Callable[[Sequence[int], Sequence[Shape], dict[str, Any]], int]

    def coerce(self, attributes: Sequence[tuple[str, object]], path: str) -> tuple[tuple[str, AttributeValue], ...]:
        """The attributes sorted by name, each of exactly its type.

        Raises:
            SchemaError: an attribute is missing, doubled, unknown or of another type.
        """
        given = dict(attributes)
        if len(given) != len(attributes) or set(given) != set(self.attributes):
            raise SchemaError(path, f"the attributes {sorted(self.attributes)}", repr(sorted(given))[:200])
        return tuple((name, _coerce(given[name], self.attributes[name], f"{path}.{name}")) for name in sorted(given))


def _coerce(value: object, kind: type, path: str) -> AttributeValue:
    if kind is float and isinstance(value, (int, float)) and is_finite_number(value):
        return float(value) + 0.0
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind is str and isinstance(value, str):
        return value
    if kind is tuple and isinstance(value, (tuple, list)) and all(type(item) is int for item in value):
        return tuple(value)
    raise SchemaError(path, f"a value of type {kind.__name__}", repr(value)[:200])


def _require(is_right: bool, reason: str) -> None:
    if not is_right:
        raise ValueError(reason)


def _one_input(sizes: Sequence[int]) -> int:
    _require(len(sizes) == 1, f"exactly one input, not {len(sizes)}")
    return sizes[0]


def _infer_normalize(sizes: Sequence[int], shapes: Sequence[Shape], attributes: dict[str, Any]) -> int:
    size = _one_input(sizes)
    wanted = ((size,), (size,), (1,))
    _require(tuple(shapes) == wanted, f"parameters of shapes {wanted}, not {tuple(shapes)}")
    _require(attributes["clip"] > 0, "a clip above 0")
    _require(attributes["epsilon"] > 0, "an epsilon above 0")
    edges = attributes["normalized"]
    _require(len(edges) > 0 and len(edges) % 2 == 0, "a start and a stop for every normalized range")
    _require(edges[0] >= 0 and edges[-1] <= size, f"normalized ranges within 0..{size}")
    _require(all(a < b for a, b in pairwise(edges)), "normalized ranges that rise and lie apart")
    return size


def _infer_linear(sizes: Sequence[int], shapes: Sequence[Shape], attributes: dict[str, Any]) -> int:
    size, (weight, bias) = _one_input(sizes), shapes
    _require(weight[1] == size, f"a weight with {size} columns, not {weight[1]}")
    _require(bias[0] == weight[0], f"a bias of {weight[0]}, not {bias[0]}")
    return weight[0]


def _infer_activation(sizes: Sequence[int], shapes: Sequence[Shape], attributes: dict[str, Any]) -> int:
    _require(attributes["function"] in ACTIVATIONS, f"a function out of {list(ACTIVATIONS)}")
    return _one_input(sizes)


def _infer_concat(sizes: Sequence[int], shapes: Sequence[Shape], attributes: dict[str, Any]) -> int:
    _require(len(sizes) > 0, "at least one input")
    return sum(sizes)


def _infer_slice(sizes: Sequence[int], shapes: Sequence[Shape], attributes: dict[str, Any]) -> int:
    size, start, stop = _one_input(sizes), attributes["start"], attributes["stop"]
    _require(0 <= start < stop <= size, f"0 <= start < stop <= {size}")
    return int(stop - start)


def _infer_broadcast(sizes: Sequence[int], shapes: Sequence[Shape], attributes: dict[str, Any]) -> int:
    _require(len(sizes) == 0, "no input")
    return shapes[0][0]


def _infer_clamp(sizes: Sequence[int], shapes: Sequence[Shape], attributes: dict[str, Any]) -> int:
    _require(attributes["minimum"] <= attributes["maximum"], "minimum <= maximum")
    return _one_input(sizes)


OPERATION_KINDS: dict[str, OperationKind] = {
    "normalize": OperationKind({"clip": float, "epsilon": float, "normalized": tuple}, (1, 1, 1), _infer_normalize),
    "linear": OperationKind({}, (2, 1), _infer_linear),
    "activation": OperationKind({"function": str}, (), _infer_activation),
    "concat": OperationKind({}, (), _infer_concat),
    "slice": OperationKind({"start": int, "stop": int}, (), _infer_slice),
    "broadcast": OperationKind({}, (1,), _infer_broadcast),
    "clamp": OperationKind({"minimum": float, "maximum": float}, (), _infer_clamp),
}
