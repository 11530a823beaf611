"""Observations of many copies of one environment, kept per leaf of the space and handed on as one batched element.

N is the number of copies, n the rows asked for. `store` takes one copy's observation as the environment returns it;
`element` makes the batched element of some copies. Buffers are allocated once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import Space, spaces
from gymnasium.vector.utils import concatenate, create_empty_array, iterate

from host_sdk.adapters.gymnasium.space_schema import (
    MAX_SEQUENCE_LENGTH,
    VOCABULARY_SIZE,
    box_size,
    has_channels_first,
    has_equal_choices,
    image_shape,
    is_image,
    multi_binary_size,
    named_parts,
    text_word_count,
)
from host_sdk.errors import ValueMismatchError
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_value import ObservationObjectElement
from protocol.errors import SchemaError
from protocol.string_token import string_token

RowIndex = npt.NDArray[np.int64]


class ObservationValues(ABC):
    """The values of one part of an observation space, one row per copy."""

    @abstractmethod
    def store(self, row: int, observation: Any) -> None:
        """Keep one copy's observation, replacing its last one."""

    @abstractmethod
    def element(self, observation_object: ObservationObject, rows: RowIndex) -> ObservationObjectElement:
        """The batched element of the copies `rows`, int64[n] or of more axes, which its leaves then have in front."""

    @abstractmethod
    def load(self, row: int) -> Any:
        """The kept observation of one copy, as a member of the space."""


def make_observation_values(
    space: Space[Any], copy_count: int, path: str = "$", *, may_be_image: bool = True
) -> ObservationValues:
    """Values for `space`, all zero.

    Args:
        space: the space.
        copy_count: N.
        path: where the space is, for messages.
        may_be_image: whether it stands where images can.

    Raises:
        SchemaError: a part of the space is not supported; names its path.
    """
    match space:
        case spaces.Box() if may_be_image and is_image(space):
            return ImageObservationValues(space, copy_count)
        case spaces.Box():
            return BoxObservationValues(space, copy_count)
        case spaces.Discrete():
            return DiscreteObservationValues(space, copy_count)
        case spaces.MultiDiscrete():
            return MultiDiscreteObservationValues(space, copy_count)
        case spaces.MultiBinary():
            return MultiBinaryObservationValues(space, copy_count)
        case spaces.Dict() | spaces.Tuple():
            return CompositeObservationValues(space, copy_count, path, may_be_image)
        case spaces.Sequence():
            return SequenceObservationValues(space, copy_count, path)
        case spaces.OneOf():
            return OneOfObservationValues(space, copy_count, path)
        case spaces.Text():
            return TextObservationValues(space, copy_count)
        case _:
            raise SchemaError(path, "a space with a schema element", repr(space))


class BoxObservationValues(ObservationValues):
    """float32[N, size], flattened in C order."""

    def __init__(self, space: spaces.Box, copy_count: int) -> None:
        self._space = space
        self._is_flat = len(space.shape) == 1
        self._rows = np.zeros((copy_count, box_size(space)), np.float32)

    def store(self, row: int, observation: Any) -> None:
        self._rows[row] = observation if self._is_flat else np.reshape(observation, -1)

    def element(self, observation_object: ObservationObject, rows: RowIndex) -> ObservationObjectElement:
        return observation_object.continuous(self._rows[rows])

    def load(self, row: int) -> Any:
        return self._rows[row].reshape(self._space.shape).astype(self._space.dtype)


class ImageObservationValues(ObservationValues):
    """uint8[N, height, width, channels]."""

    def __init__(self, space: spaces.Box, copy_count: int) -> None:
        self._shape = space.shape
        self._has_channels_first = has_channels_first(space)
        self._rows = np.zeros((copy_count, *image_shape(space)), np.uint8)

    def store(self, row: int, observation: Any) -> None:
        pixels = np.moveaxis(observation, 0, -1) if self._has_channels_first else observation
        self._rows[row] = np.reshape(pixels, self._rows.shape[1:])

    def element(self, observation_object: ObservationObject, rows: RowIndex) -> ObservationObjectElement:
        return observation_object.image(self._rows[rows])

    def load(self, row: int) -> Any:
        pixels = self._rows[row].copy()
        return np.moveaxis(pixels, -1, 0) if self._has_channels_first else pixels.reshape(self._shape)


class DiscreteObservationValues(ObservationValues):
    """int64[N], counted from the space's start."""

    def __init__(self, space: spaces.Discrete, copy_count: int) -> None:
        self._space = space
        self._start = int(space.start)
        self._rows = np.zeros(copy_count, np.int64)

    def store(self, row: int, observation: Any) -> None:
        self._rows[row] = int(observation) - self._start

    def element(self, observation_object: ObservationObject, rows: RowIndex) -> ObservationObjectElement:
        return observation_object.exclusive_discrete(self._rows[rows])

    def load(self, row: int) -> Any:
        return self._space.dtype.type(self._rows[row] + self._start)


class MultiDiscreteObservationValues(ObservationValues):
    """int64[N, choices], each counted from its start."""

    def __init__(self, space: spaces.MultiDiscrete, copy_count: int) -> None:
        self._space = space
        self._start = np.asarray(space.start).reshape(-1).astype(np.int64)
        self._rows = np.zeros((copy_count, len(self._start)), np.int64)
        self._names = None if has_equal_choices(space) else tuple(str(choice) for choice in range(len(self._start)))

    def store(self, row: int, observation: Any) -> None:
        self._rows[row] = np.reshape(observation, -1) - self._start

    def element(self, observation_object: ObservationObject, rows: RowIndex) -> ObservationObjectElement:
        picked = self._rows[rows]
        if self._names is None:
            return observation_object.static_array(observation_object.exclusive_discrete(picked))
        return observation_object.struct(
            {name: observation_object.exclusive_discrete(picked[..., i]) for i, name in enumerate(self._names)}
        )

    def load(self, row: int) -> Any:
        return (self._rows[row] + self._start).reshape(self._space.shape).astype(self._space.dtype)


class MultiBinaryObservationValues(ObservationValues):
    """bool[N, bits], flattened in C order."""

    def __init__(self, space: spaces.MultiBinary, copy_count: int) -> None:
        self._space = space
        self._rows = np.zeros((copy_count, multi_binary_size(space)), np.bool_)

    def store(self, row: int, observation: Any) -> None:
        self._rows[row] = np.reshape(observation, -1)

    def element(self, observation_object: ObservationObject, rows: RowIndex) -> ObservationObjectElement:
        return observation_object.inclusive_discrete(self._rows[rows])

    def load(self, row: int) -> Any:
        return self._rows[row].reshape(self._space.shape).astype(self._space.dtype)


class CompositeObservationValues(ObservationValues):
    """The parts of a Dict or a Tuple, by the names that the schema gives them."""

    def __init__(self, space: spaces.Dict | spaces.Tuple[Any], copy_count: int, path: str, may_be_image: bool) -> None:
        self._is_dict = isinstance(space, spaces.Dict)
        self._parts = tuple(
            (name, key, make_observation_values(part, copy_count, f"{path}.{name}", may_be_image=may_be_image))
            for name, key, part in named_parts(space, path)
        )

    def store(self, row: int, observation: Any) -> None:
        for _, key, values in self._parts:
            values.store(row, observation[key])

    def element(self, observation_object: ObservationObject, rows: RowIndex) -> ObservationObjectElement:
        return observation_object.struct(
            {name: values.element(observation_object, rows) for name, _, values in self._parts}
        )

    def load(self, row: int) -> Any:
        if self._is_dict:
            return {key: values.load(row) for _, key, values in self._parts}
        return tuple(values.load(row) for _, _, values in self._parts)


class SequenceObservationValues(ObservationValues):
    """Up to MAX_SEQUENCE_LENGTH values of one space for each copy, and how many there are."""

    def __init__(self, space: spaces.Sequence, copy_count: int, path: str) -> None:
        self._space = space
        self._path = path
        self._counts = np.zeros(copy_count, np.int64)
        self._slots = np.arange(MAX_SEQUENCE_LENGTH)
        inner_count = copy_count * MAX_SEQUENCE_LENGTH
        self._inner = make_observation_values(space.feature_space, inner_count, f"{path}[]", may_be_image=False)

    def store(self, row: int, observation: Any) -> None:
        parts = list(iterate(self._space.stacked_feature_space, observation) if self._space.stack else observation)
        if len(parts) > MAX_SEQUENCE_LENGTH:
            received = f"{len(parts)}; wrap the environment to leave some out"
            raise ValueMismatchError(self._path, f"a sequence of at most {MAX_SEQUENCE_LENGTH}", received)
        self._counts[row] = len(parts)
        for slot, part in enumerate(parts):
            self._inner.store(row * MAX_SEQUENCE_LENGTH + slot, part)

    def element(self, observation_object: ObservationObject, rows: RowIndex) -> ObservationObjectElement:
        slots = rows[..., np.newaxis] * MAX_SEQUENCE_LENGTH + self._slots
        present = self._slots < self._counts[rows][..., np.newaxis]
        return observation_object.set(self._inner.element(observation_object, slots), present)

    def load(self, row: int) -> Any:
        first = row * MAX_SEQUENCE_LENGTH
        parts = tuple(self._inner.load(first + slot) for slot in range(self._counts[row]))
        if not self._space.stack:
            return parts
        stacked: Any = create_empty_array(self._space.feature_space, len(parts))
        return concatenate(self._space.feature_space, parts, stacked)


class OneOfObservationValues(ObservationValues):
    """Which space each copy's value is of, and values of all of them."""

    def __init__(self, space: spaces.OneOf[Any], copy_count: int, path: str) -> None:
        self._chosen = np.zeros(copy_count, np.int64)
        self._options = tuple(
            make_observation_values(option, copy_count, f"{path}.{i}", may_be_image=False)
            for i, option in enumerate(space.spaces)
        )

    def store(self, row: int, observation: Any) -> None:
        chosen, value = observation
        self._chosen[row] = chosen
        self._options[int(chosen)].store(row, value)

    def element(self, observation_object: ObservationObject, rows: RowIndex) -> ObservationObjectElement:
        options = {str(i): option.element(observation_object, rows) for i, option in enumerate(self._options)}
        return observation_object.exclusive_union(self._chosen[rows], options)

    def load(self, row: int) -> Any:
        chosen = self._chosen[row]
        return chosen, self._options[int(chosen)].load(row)


class TextObservationValues(ObservationValues):
    """The tokens of the first words of each copy's text, int64[N, words], and how many there are."""

    def __init__(self, space: spaces.Text, copy_count: int) -> None:
        words = text_word_count(space)
        self._texts = [""] * copy_count
        self._tokens = np.zeros((copy_count, words), np.int64)
        self._counts = np.zeros(copy_count, np.int64)
        self._slots = np.arange(words)

    def store(self, row: int, observation: Any) -> None:
        if observation == self._texts[row]:
            return
        self._texts[row] = observation
        tokens = [string_token(word, VOCABULARY_SIZE) for word in observation.split()[: len(self._slots)]]
        self._tokens[row, : len(tokens)] = tokens
        self._counts[row] = len(tokens)

    def element(self, observation_object: ObservationObject, rows: RowIndex) -> ObservationObjectElement:
        present = self._slots < self._counts[rows][..., np.newaxis]
        return observation_object.array(observation_object.string_token(self._tokens[rows]), present)

    def load(self, row: int) -> Any:
        return self._texts[row]
