"""What the layouts of observation and action vectors share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

LeafKind: TypeAlias = Literal["continuous", "exclusive", "inclusive"]
FloatArray: TypeAlias = npt.NDArray[np.float32]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
_Array = TypeVar("_Array", FloatArray, BoolArray)


def frozen(array: _Array) -> _Array:
    """The array itself, which nobody can write to any more."""
    array.flags.writeable = False
    return array


def path_of(index: int, leaves: Sequence[tuple[str, int, int]]) -> str:
    """The (path, offset, size) leaf that holds float `index`, as `$.position[1]`."""
    for path, offset, size in leaves:
        if offset <= index < offset + size:
            return path if size == 1 else f"{path}[{index - offset}]"
    raise IndexError(f"the vector has no float {index}")
