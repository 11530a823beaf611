"""Where a Minari data set lies: by its id, or in a folder."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from protocol.errors import RecordingError

PREFIX = "minari:"
ROOT_VARIABLE = "MINARI_DATASETS_PATH"
DATA_FOLDER, DATA_FILE, METADATA_FILE = "data", "main_data.hdf5", "metadata.json"


def dataset_folder(name: str) -> Path:
    """The folder of `minari:ID`, below Minari's root, or the folder itself."""
    if not name.startswith(PREFIX):
        return Path(name)
    root = os.environ.get(ROOT_VARIABLE)
    identity = name.removeprefix(PREFIX)
    if not identity or ".." in Path(identity).parts or Path(identity).is_absolute():
        raise RecordingError(f"expected an id after {PREFIX}, as {PREFIX}CartPole/expert-v0, got {name!r}")
    return (Path(root) if root else Path.home() / ".minari" / "datasets") / identity


def dataset_id(name: str) -> str:
    """The id that a data set has or gets; a folder's is its name, with a version where that has none."""
    if name.startswith(PREFIX):
        return name.removeprefix(PREFIX)
    stem = Path(name).absolute().name
    _, mark, version = stem.rpartition("-v")
    return stem if mark and version.isdecimal() else f"{stem}-v0"


def read_metadata(name: str) -> tuple[Path, dict[str, Any]]:
    """The file with a data set's episodes, and its metadata.

    Raises:
        RecordingError: there is no such data set, or it is of another format.
    """
    folder = dataset_folder(name)
    data = folder if (folder / METADATA_FILE).is_file() else folder / DATA_FOLDER
    if not (data / METADATA_FILE).is_file():
        remedy = f"; `minari download {dataset_id(name)}` fetches it" if name.startswith(PREFIX) else ""
        raise RecordingError(f"expected a Minari data set in {folder}, got none{remedy}")
    try:
        metadata = json.loads((data / METADATA_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordingError(f"{data / METADATA_FILE}: expected metadata as JSON, got {error}") from error
    if not isinstance(metadata, dict):
        raise RecordingError(f"{data / METADATA_FILE}: expected a JSON object, got {type(metadata).__name__}")
    found = metadata.get("data_format", "hdf5")
    if found != "hdf5" or not (data / DATA_FILE).is_file():
        raise RecordingError(
            f"{data}: expected a data set in HDF5, got one in {found!r}; export it as hdf5 with Minari"
        )
    return data / DATA_FILE, metadata
