"""The files that an export makes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from trainer_process.atomic_file import write_atomically
from trainer_process.errors import ExportError

ExportForm: TypeAlias = Literal["onnx", "native", "safetensors"]
EXPORT_FORMS: dict[ExportForm, str] = {"onnx": ".onnx", "native": ".lbp", "safetensors": ".safetensors"}
"""What the files of each form end with."""


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all.

    Raises:
        ExportError: it can't be written.
    """
    try:
        write_atomically(path, content)
    except OSError as error:
        raise ExportError(f"{path}: expected to write it, got {error}; choose another with --output") from error
