"""A checkpoint's `state.json`, and what can be told from it without the algorithm, or torch."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.errors import CheckpointError

FORMAT = "learning-bridge checkpoint 2"
ARRAYS_FILE = "state.safetensors"
VALUES_FILE = "state.json"
_ARRAYS_NAME = re.compile(r"state(-[0-9a-f]{1,32})?\.safetensors", re.ASCII)


def newest_first(folder: Path) -> Iterator[Path]:
    """The checkpoints in a folder by their iterations; none where there is no such folder."""
    if not folder.is_dir():
        return iter(())
    found = [path for path in folder.iterdir() if path.name.isdigit() and path.is_dir()]
    return iter(sorted(found, key=lambda path: int(path.name), reverse=True))


def read_header(path: Path) -> dict[str, Any]:
    """What `state.json` of a checkpoint says.

    Raises:
        CheckpointError: it is missing, cut or of another format.
    """
    try:
        header = json.loads((path / VALUES_FILE).read_bytes())
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: expected {VALUES_FILE} and {ARRAYS_FILE}, got {error}") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else type(header).__name__
        raise CheckpointError(f"{path}: expected the format {FORMAT!r}, got {found!r}")
    return header


def read_context(path: Path) -> CheckpointContext:
    """Where the run stood at a checkpoint, whose arrays aren't looked at.

    Raises:
        CheckpointError: it is missing, unfinished or of another format.
    """
    return CheckpointContext.from_plain(read_header(path).get("context"))


def read_arrays(path: Path, header: dict[str, Any]) -> bytes:
    """The arrays' file of a checkpoint, as it was written.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    name = header.get("arrays", ARRAYS_FILE)
    if not isinstance(name, str) or _ARRAYS_NAME.fullmatch(name) is None:
        raise CheckpointError(f"{path / VALUES_FILE}: expected the name of a file of arrays, got {name!r}")
    try:
        content = (path / name).read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: expected {VALUES_FILE} and {name}, got {error}") from error
    if header.get("digest") != (digest := digest_of(content)):
        raise CheckpointError(f"{path}: expected the digest {header.get('digest')}, got {digest}: damaged")
    return content


def newest_context(folder: Path) -> CheckpointContext | None:
    """Where the run stood at the newest whole checkpoint of a folder; None where there is none."""
    for path in newest_first(folder):
        try:
            header = read_header(path)
            read_arrays(path, header)
            return CheckpointContext.from_plain(header.get("context"))
        except CheckpointError:
            continue  # whoever restores from it says so
    return None


def digest_of(content: bytes) -> str:
    """Of the arrays' file, in 32 hexadecimal digits."""
    return blake2b(content, digest_size=16).hexdigest()
