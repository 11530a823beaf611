"""Gymnasium spaces as schema elements.

| space            | observation                         | action                                        |
|------------------|-------------------------------------|-----------------------------------------------|
| Box              | continuous, flattened in C order    | continuous; clipped to the box where bounded  |
| Box of uint8,    | image, its channels last or, where  | likewise                                      |
| 2 or 3 axes      | the first axis is shortest, first   |                                               |
| Discrete(n)      | exclusive discrete of n             | exclusive discrete of n                       |
| MultiDiscrete    | static array of exclusive ones, or struct "0", "1" … where their sizes differ       |
| MultiBinary      | inclusive discrete                  | inclusive discrete                            |
| Dict, Tuple      | struct, in the space's own order    | struct, in the space's own order              |
| Sequence         | set of at most 32                   |                                               |
| OneOf            | exclusive union "0", "1" …          |                                               |
| Text             | array of its first words' tokens    |                                               |

A key of a Dict names its element; the characters that separate names in a path become underscores. Within a Sequence
or a OneOf a Box of uint8 is flattened as others are, since sets and unions hold no images.

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
    ArrayObservation,
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    ExclusiveDiscreteObservation,
    ExclusiveUnionObservation,
    ImageObservation,
    InclusiveDiscreteAction,
    InclusiveDiscreteObservation,
    ObservationElement,
    SetObservation,
    StaticArrayAction,
    StaticArrayObservation,
    StringTokenObservation,
    StructAction,
    StructObservation,
)

MAX_SEQUENCE_LENGTH = 32
"""Elements of a Sequence, which itself has no limit."""
MAX_WORDS = 32
"""Words of a Text that are observed; later ones are left out."""
VOCABULARY_SIZE = 256
"""Tokens of the words of a Text."""

_SUPPORTED = "a Box, Discrete, MultiDiscrete, MultiBinary, Dict or Tuple space"
_SEEN = f"{_SUPPORTED}, or a Sequence, OneOf or Text"
# Integer boxes wider than this say "any integer" rather than name a range worth scaling by.
_WIDEST_SCALED_INTEGER = float(2**24)
# Stands for "unbounded" where other numbers of the same box have bounds; the largest that a schema takes.
_NO_BOUND = 1e30
_SEPARATORS = str.maketrans("./[]", "____")


def observation_element(space: Space[Any], path: str = "$", *, may_be_image: bool = True) -> ObservationElement:
    """The schema element whose values are `space`'s observations.

    Args:
        space: the space.
        path: where it is, for messages.
        may_be_image: whether it stands where images can.

    Raises:
        SchemaError: a part of the space can't be an observation; names its path.
    """
    match space:
        case spaces.Box() if may_be_image and is_image(space):
            return _image_element(space, path)
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
            parts = [
                (name, observation_element(part, f"{path}.{name}", may_be_image=may_be_image))
                for name, _, part in named_parts(space, path)
            ]
            return StructObservation(tuple(parts))
        case spaces.Sequence():
            inner = observation_element(space.feature_space, f"{path}[]", may_be_image=False)
            return SetObservation(inner, MAX_SEQUENCE_LENGTH)
        case spaces.OneOf():
            options = [
                (str(i), observation_element(option, f"{path}.{i}", may_be_image=False))
                for i, option in enumerate(space.spaces)
            ]
            return ExclusiveUnionObservation(tuple(options))
        case spaces.Text():
            return ArrayObservation(StringTokenObservation(VOCABULARY_SIZE), text_word_count(space))
        case _:
            raise SchemaError(path, _SEEN, repr(space))


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


def is_image(space: spaces.Box) -> bool:
    """Whether a box holds bytes in rows of pixels."""
    return space.dtype == np.uint8 and len(space.shape) in (2, 3) and min(space.shape) > 0


def has_channels_first(space: spaces.Box) -> bool:
    """Whether an image's first axis is that of its channels: the shortest."""
    return len(space.shape) == 3 and space.shape[0] < min(space.shape[1:])


def image_shape(space: spaces.Box) -> tuple[int, int, int]:
    """Height, width and channels of an image."""
    if len(space.shape) == 2:
        return (*space.shape, 1)
    first, second, third = space.shape
    return (second, third, first) if has_channels_first(space) else (first, second, third)


def text_word_count(space: spaces.Text) -> int:
    """Words of a text that are observed; it can't have more than every second character."""
    return min(MAX_WORDS, (int(space.max_length) + 1) // 2)


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


def _image_element(space: spaces.Box, path: str) -> ImageObservation:
    height, width, channels = image_shape(space)
    try:
        return ImageObservation(height, width, channels, box_observation_scale(space))
    except SchemaError as error:
        raise SchemaError(path + error.path.removeprefix("$"), error.expected, error.received) from None


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
