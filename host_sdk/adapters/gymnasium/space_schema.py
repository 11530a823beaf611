"""Gymnasium spaces as schema elements.

| space            | observation                         | action                                        |
|------------------|-------------------------------------|-----------------------------------------------|
| Box              | continuous, flattened in C order    | continuous; clipped to the box where bounded  |
| Discrete(n)      | exclusive discrete of n             | exclusive discrete of n                       |
| MultiDiscrete    | static array of exclusive ones, or struct "0", "1" … where their sizes differ       |
| MultiBinary      | inclusive discrete                  | inclusive discrete                            |
| Dict, Tuple      | struct, in the space's own order    | struct, in the space's own order              |

A key of a Dict names its element; the characters that separate names in a path become underscores.

A bounded Box action is clipped, not squashed, so that the policy is a plain Gaussian whose samples are cut to the box:
what Stable-Baselines3 and most published hyperparameters assume.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import Space, spaces

from protocol.errors import SchemaError
from protocol.schema import (
    ActionElement,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    InclusiveDiscreteAction,
    InclusiveDiscreteObservation,
    ObservationElement,
    StaticArrayAction,
    StaticArrayObservation,
    StructAction,
    StructObservation,
)

_SUPPORTED = "a Box, Discrete, MultiDiscrete, MultiBinary, Dict or Tuple space"
# Integer boxes wider than this say "any integer" rather than name a range worth scaling by.
_WIDEST_SCALED_INTEGER = float(2**24)
# Stands for "unbounded" where other numbers of the same box have bounds; the largest that a schema takes.
_NO_BOUND = 1e30
_SEPARATORS = str.maketrans("./[]", "____")


def observation_element(space: Space[Any], path: str = "$") -> ObservationElement:
    """The schema element whose values are `space`'s observations.

    Raises:
        SchemaError: a part of the space can't be an observation; names its path.
    """
    match space:
        case spaces.Box():
            return ContinuousObservation(box_size(space, path), scale=box_observation_scale(space))
        case spaces.Discrete():
            return ExclusiveDiscreteObservation(int(space.n))
        case spaces.MultiDiscrete():
            sizes = multi_discrete_sizes(space)
            if has_equal_choices(space):
                return StaticArrayObservation(ExclusiveDiscreteObservation(sizes[0]), len(sizes))
            return StructObservation(tuple((str(i), ExclusiveDiscreteObservation(n)) for i, n in enumerate(sizes)))
        case spaces.MultiBinary():
            return InclusiveDiscreteObservation(multi_binary_size(space))
        case spaces.Dict() | spaces.Tuple():
            return StructObservation(
                tuple((name, observation_element(part, f"{path}.{name}")) for name, _, part in named_parts(space, path))
            )
        case _:
            raise SchemaError(path, _SUPPORTED, repr(space))


def action_element(space: Space[Any], path: str = "$") -> ActionElement:
    """The schema element whose values are `space`'s actions.

    Raises:
        SchemaError: a part of the space can't be an action; names its path.
    """
    match space:
        case spaces.Box():
            return _box_action_element(space, path)
        case spaces.Discrete():
            return ExclusiveDiscreteAction(int(space.n))
        case spaces.MultiDiscrete():
            sizes = multi_discrete_sizes(space)
            if has_equal_choices(space):
                return StaticArrayAction(ExclusiveDiscreteAction(sizes[0]), len(sizes))
            return StructAction(tuple((str(i), ExclusiveDiscreteAction(n)) for i, n in enumerate(sizes)))
        case spaces.MultiBinary():
            return InclusiveDiscreteAction(multi_binary_size(space))
        case spaces.Dict() | spaces.Tuple():
            return StructAction(
                tuple((name, action_element(part, f"{path}.{name}")) for name, _, part in named_parts(space, path))
            )
        case _:
            raise SchemaError(path, _SUPPORTED, repr(space))


def box_size(space: spaces.Box, path: str = "$") -> int:
    """Numbers in a box, at least 1.

    Raises:
        SchemaError: the box is empty.
    """
    size = int(np.prod(space.shape, dtype=np.int64))
    if size < 1:
        raise SchemaError(path, "a Box with at least one number", repr(space))
    return size


def box_observation_scale(space: spaces.Box) -> float:
    """What a box's numbers are divided by: the greatest bound of an integer box (an image), else 1."""
    if not np.issubdtype(space.dtype, np.integer):
        return 1.0
    greatest = float(max(np.abs(space.low.astype(np.float64)).max(), np.abs(space.high.astype(np.float64)).max()))
    return greatest if 1.0 <= greatest <= _WIDEST_SCALED_INTEGER else 1.0


def multi_binary_size(space: spaces.MultiBinary) -> int:
    """Bits in the space."""
    return int(np.prod(space.shape, dtype=np.int64))


def multi_discrete_sizes(space: spaces.MultiDiscrete) -> tuple[int, ...]:
    """Options of each choice, in C order."""
    return tuple(int(size) for size in space.nvec.reshape(-1))


def has_equal_choices(space: spaces.MultiDiscrete) -> bool:
    """Whether all choices have as many options, so that they are a static array."""
    return len(set(multi_discrete_sizes(space))) == 1


def named_parts(space: spaces.Dict | spaces.Tuple[Any], path: str = "$") -> Iterator[tuple[str, Any, Space[Any]]]:
    """(name of the element, key into a value, space) of each part, in the space's own order.

    Raises:
        SchemaError: the space has no parts, or two keys have the same text.
    """
    if isinstance(space, spaces.Dict):
        keyed: list[tuple[Any, Space[Any]]] = list(space.spaces.items())
    else:
        keyed = list(enumerate(space.spaces))
    names = [str(key).translate(_SEPARATORS) for key, _ in keyed]
    if not names or len(set(names)) != len(names):
        raise SchemaError(path, "at least one part, and keys of different text", repr(names))
    for name, (key, part) in zip(names, keyed, strict=True):
        yield name, key, part


def is_box_action_bounded(space: spaces.Box) -> bool:
    """Whether any number of a box has a bound, so that its actions are clipped."""
    return bool(np.isfinite(space.low).any() or np.isfinite(space.high).any())


def _box_action_element(space: spaces.Box, path: str) -> ContinuousAction:
    size = box_size(space, path)
    if not is_box_action_bounded(space):
        return ContinuousAction(size)
    low = np.clip(space.low.reshape(-1).astype(np.float64), -_NO_BOUND, _NO_BOUND)
    high = np.clip(space.high.reshape(-1).astype(np.float64), -_NO_BOUND, _NO_BOUND)
    # a number that the box fixes gets a little room here, which `BoxActionValues` takes away again
    high = np.where(high > low, high, low + np.maximum(1.0, np.abs(low)))
    return ContinuousAction(size, bounding="clip", low=_floats(low), high=_floats(high))


def _floats(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
