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

from host_sdk.adapters.gymnasium.space_schema import (
    box_size,
    has_equal_choices,
    multi_binary_size,
    named_parts,
)
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_value import ObservationObjectElement
from protocol.errors import SchemaError

RowIndex = npt.NDArray[np.int64]


class ObservationValues(ABC):
    """The values of one part of an observation space, one row per copy."""

    @abstractmethod
    def store(self, row: int, observation: Any) -> None:
        """Keep one copy's observation, replacing its last one."""

    @abstractmethod
    def element(self, observation_object: ObservationObject, rows: RowIndex) -> ObservationObjectElement:
        """The batched element of the copies `rows`, int64[n]; its leaves have n as their leading axis."""

    @abstractmethod
    def load(self, row: int) -> Any:
        """The kept observation of one copy, as a member of the space."""


def make_observation_values(space: Space[Any], copy_count: int, path: str = "$") -> ObservationValues:
    """Values for `space`, all zero.

    Raises:
        SchemaError: a part of the space is not supported; names its path.
    """
    match space:
        case spaces.Box():
            return BoxObservationValues(space, copy_count)
        case spaces.Discrete():
            return DiscreteObservationValues(space, copy_count)
        case spaces.MultiDiscrete():
            return MultiDiscreteObservationValues(space, copy_count)
        case spaces.MultiBinary():
            return MultiBinaryObservationValues(space, copy_count)
        case spaces.Dict() | spaces.Tuple():
            return CompositeObservationValues(space, copy_count, path)
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
            {name: observation_object.exclusive_discrete(picked[:, i]) for i, name in enumerate(self._names)}
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

    def __init__(self, space: spaces.Dict | spaces.Tuple[Any], copy_count: int, path: str) -> None:
        self._is_dict = isinstance(space, spaces.Dict)
        self._parts = tuple(
            (name, key, make_observation_values(part, copy_count, f"{path}.{name}"))
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
