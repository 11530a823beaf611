"""Actions of the policy as members of a Gymnasium action space.

n is the number of rows of a batch. `read` takes a batched action element; `action` then gives one row's action as
the environment wants it. What `action` gives is never overwritten later, since an environment may keep it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import Space, spaces

from host_sdk.action_element import ActionObjectElements
from host_sdk.action_object import ActionObject
from host_sdk.adapters.gymnasium.space_schema import has_equal_choices, is_box_action_bounded, named_parts
from protocol.errors import SchemaError


class ActionValues(ABC):
    """The values of one part of an action space."""

    @abstractmethod
    def read(self, action_object: ActionObject, element: ActionObjectElements) -> None:
        """Take in a batch; `element`'s leaves have n as their leading axis."""

    @abstractmethod
    def action(self, row: int) -> Any:
        """The action of one row of the batch, a member of the space."""


def make_action_values(space: Space[Any], path: str = "$") -> ActionValues:
    """Values for `space`, with no batch yet.

    Raises:
        SchemaError: a part of the space is not supported; names its path.
    """
    match space:
        case spaces.Box():
            return BoxActionValues(space)
        case spaces.Discrete():
            return DiscreteActionValues(space)
        case spaces.MultiDiscrete():
            return MultiDiscreteActionValues(space)
        case spaces.MultiBinary():
            return MultiBinaryActionValues(space)
        case spaces.Dict() | spaces.Tuple():
            return CompositeActionValues(space, path)
        case _:
            raise SchemaError(path, "a space with a schema element", repr(space))


class BoxActionValues(ActionValues):
    """dtype[n, *shape]; the policy's numbers lie in the box, up to the rounding of the box's own type."""

    def __init__(self, space: spaces.Box) -> None:
        self._space = space
        self._is_integer = np.issubdtype(space.dtype, np.integer)
        has_fixed_numbers = bool((space.low == space.high).any())
        self._is_ready = space.dtype == np.float32 and not has_fixed_numbers
        self._is_bounded = is_box_action_bounded(space)
        self._rows: npt.NDArray[Any] = np.zeros((0, *space.shape), space.dtype)

    def read(self, action_object: ActionObject, element: ActionObjectElements) -> None:
        values = action_object.get_continuous(element)
        shaped = values.reshape(len(values), *self._space.shape)
        self._rows = shaped if self._is_ready else self._converted(shaped)

    def action(self, row: int) -> Any:
        # with the dots a box without axes gives an array too, and not a number
        return self._rows[row, ...]

    def _converted(self, values: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        wide = values.astype(np.float64)
        if self._is_integer:
            np.rint(wide, out=wide)
        if self._is_bounded:
            np.clip(wide, self._space.low, self._space.high, out=wide)
        return wide.astype(self._space.dtype)


class DiscreteActionValues(ActionValues):
    """dtype[n], counted from the space's start."""

    def __init__(self, space: spaces.Discrete) -> None:
        self._space = space
        self._rows: npt.NDArray[Any] = np.zeros(0, space.dtype)

    def read(self, action_object: ActionObject, element: ActionObjectElements) -> None:
        chosen = action_object.get_exclusive_discrete(element)
        self._rows = (np.asarray(chosen) + self._space.start).astype(self._space.dtype)

    def action(self, row: int) -> Any:
        return self._rows[row]


class MultiDiscreteActionValues(ActionValues):
    """dtype[n, *shape], each choice counted from its start."""

    def __init__(self, space: spaces.MultiDiscrete) -> None:
        self._space = space
        self._names = None if has_equal_choices(space) else tuple(str(choice) for choice in range(space.nvec.size))
        self._rows: npt.NDArray[Any] = np.zeros((0, *space.shape), space.dtype)

    def read(self, action_object: ActionObject, element: ActionObjectElements) -> None:
        if self._names is None:
            parts = list(action_object.get_static_array(element))
        else:
            named = action_object.get_struct(element)
            parts = [named[name] for name in self._names]
        chosen = np.stack([action_object.get_exclusive_discrete(part) for part in parts], axis=1)
        shaped = chosen.reshape(len(chosen), *self._space.shape)
        self._rows = (shaped + self._space.start).astype(self._space.dtype)

    def action(self, row: int) -> Any:
        return self._rows[row]


class MultiBinaryActionValues(ActionValues):
    """int8[n, *shape]."""

    def __init__(self, space: spaces.MultiBinary) -> None:
        self._space = space
        self._rows: npt.NDArray[Any] = np.zeros((0, *space.shape), space.dtype)

    def read(self, action_object: ActionObject, element: ActionObjectElements) -> None:
        bits = np.asarray(action_object.get_inclusive_discrete(element))
        self._rows = bits.reshape(len(bits), *self._space.shape).astype(self._space.dtype)

    def action(self, row: int) -> Any:
        return self._rows[row]


class CompositeActionValues(ActionValues):
    """The parts of a Dict or a Tuple, by the names that the schema gives them."""

    def __init__(self, space: spaces.Dict | spaces.Tuple[Any], path: str) -> None:
        self._is_dict = isinstance(space, spaces.Dict)
        self._parts = tuple(
            (name, key, make_action_values(part, f"{path}.{name}")) for name, key, part in named_parts(space, path)
        )

    def read(self, action_object: ActionObject, element: ActionObjectElements) -> None:
        elements = action_object.get_struct(element)
        for name, _, values in self._parts:
            values.read(action_object, elements[name])

    def action(self, row: int) -> Any:
        if self._is_dict:
            return {key: values.action(row) for _, key, values in self._parts}
        return tuple(values.action(row) for _, _, values in self._parts)
