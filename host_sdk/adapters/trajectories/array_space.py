"""Spaces for arrays of which nobody said what they are: guessed from their types and shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import Space, spaces


def observation_space_of_arrays(values: Any) -> Space[Any]:
    """Boxes of numbers, of bytes where there are pixels; a Dict where there are several arrays."""
    if isinstance(values, dict):
        return spaces.Dict([(key, observation_space_of_arrays(part)) for key, part in values.items()])
    array = np.asarray(values)
    if array.dtype == np.uint8 and array.ndim in (3, 4):
        return spaces.Box(0, 255, array.shape[1:], np.uint8)
    return spaces.Box(-np.inf, np.inf, array.shape[1:] or (1,), np.float32)


def action_space_of_arrays(values: Any) -> Space[Any]:
    """Boxes without bounds for numbers, choices among as many as were seen for integers, bits for booleans."""
    if isinstance(values, dict):
        return spaces.Dict([(key, action_space_of_arrays(part)) for key, part in values.items()])
    array = np.asarray(values)
    if array.dtype == np.bool_:
        return spaces.MultiBinary(array.shape[1:] or 1)
    if np.issubdtype(array.dtype, np.integer):
        return _choices(array)
    return spaces.Box(-np.inf, np.inf, array.shape[1:] or (1,), np.float32)


def _choices(array: npt.NDArray[Any]) -> Space[Any]:
    low = int(min(array.min(initial=0), 0))
    if array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1):
        return spaces.Discrete(int(array.max(initial=0)) - low + 1, start=low)
    sizes = array.reshape(len(array), *array.shape[1:]).max(axis=0) - low + 1
    return spaces.MultiDiscrete(sizes, start=np.full_like(sizes, low))
