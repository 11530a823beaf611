"""The arrays of an `.npz` file by the field's names; what would have to be unpickled is refused."""

from __future__ import annotations

import zipfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from protocol.errors import RecordingError

ALIASES = {
    "obs": ("obs", "observations"),
    "acts": ("acts", "actions"),
    "rews": ("rews", "rewards"),
    "dones": ("dones", "terminals", "terminations"),
    "truncations": ("truncations", "timeouts", "truncated"),
    "next_obs": ("next_obs", "next_observations"),
    "indices": ("indices",),
    "terminal": ("terminal",),
}
"""The names that a field may have in a file, the first being ours."""


class ArrayFile:
    """An `.npz` file that is open for reading."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            RecordingError: it can't be read, or is something else.
        """
        self.path = path
        if path.is_dir():
            raise RecordingError(
                f"{path}: expected a file, got a folder: one of Hugging Face's datasets, as `imitation` saves rollouts "
                "nowadays; load it there and save its arrays with numpy.savez(obs=, acts=, rews=, indices=, terminal=)"
            )
        try:
            self._file = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise RecordingError(f"{path}: expected an .npz file of arrays, got {error}") from error
        if not isinstance(self._file, np.lib.npyio.NpzFile):
            raise RecordingError(f"{path}: expected an .npz file of arrays, got a single array")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def text(self, name: str) -> str | None:
        """A text that was put in beside the arrays."""
        return str(self._array(name)) if name in self._file.files else None

    def array(self, field: str) -> npt.NDArray[Any] | None:
        """The field's array; None where it isn't there.

        Raises:
            RecordingError: it is one of Python objects.
        """
        name = next((name for name in ALIASES[field] if name in self._file.files), None)
        return None if name is None else self._array(name)

    def nested(self, field: str) -> Any:
        """The field's array, or those of a Dict or a Tuple by their keys; None where there are none.

        Raises:
            RecordingError: one is of Python objects.
        """
        if (whole := self.array(field)) is not None:
            return whole
        found: dict[str, Any] = {}
        for name in self._file.files:
            first, *keys = name.split("/")
            if first in ALIASES[field] and keys:
                place = found
                for key in keys[:-1]:
                    place = place.setdefault(key, {})
                place[keys[-1]] = self._array(name)
        return found or None

    def require(self, field: str) -> Any:
        """`nested`, where it must be there. Raises RecordingError."""
        values = self.nested(field)
        if values is None:
            names = " or ".join(ALIASES[field])
            raise RecordingError(f"{self.path}: expected an array {names}, got {', '.join(self._file.files) or 'none'}")
        return values

    def _array(self, name: str) -> npt.NDArray[Any]:
        try:
            array: npt.NDArray[Any] = self._file[name]
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            if "allow_pickle" in str(error) or "Object arrays" in str(error):
                raise RecordingError(
                    f"{self.path}: {name}: expected numbers, got Python objects, which could run code when they are "
                    "read; where you trust the file, load it yourself and save it anew with arrays of numbers"
                ) from None
            raise RecordingError(f"{self.path}: {name}: it is damaged: {error}") from error
        return array
