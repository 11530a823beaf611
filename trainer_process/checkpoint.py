"""Checkpoints: complete states on disk, each in a folder of its own, whole or not there at all.

    <folder>/000000012/         named by the iteration
        state.safetensors       the arrays
        state.json              format, digest of the file above, the algorithm's other values, the run's context

A checkpoint is written beside its place, synced, and moved in by one rename, so that a process killed at any byte
leaves at most an unfinished folder, which the next save sweeps away. The digest guards against disks that lost power.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load, save

from trainer_process.algorithms.base import AlgorithmState
from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.errors import CheckpointError

FORMAT = "learning-bridge checkpoint 2"
ARRAYS_FILE = "state.safetensors"
VALUES_FILE = "state.json"
UNFINISHED_PREFIX = ".unfinished-"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """A complete state.

    Attributes:
        iteration: updates that led to it.
        state: of the algorithm.
        context: where the run stood.
        path: its folder; away before it was written.
    """

    iteration: int
    state: AlgorithmState
    context: CheckpointContext = field(default_factory=CheckpointContext)
    path: Path | None = None


def save_checkpoint(folder: Path, checkpoint: Checkpoint, kept: int) -> Path:
    """Writes a checkpoint and removes all but the `kept` newest; returns its folder.

    Raises:
        CheckpointError: it can't be written; earlier ones are untouched.
    """
    target = folder / f"{checkpoint.iteration:09d}"
    unfinished = folder / f"{UNFINISHED_PREFIX}{checkpoint.iteration:09d}-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep_unfinished(folder)
        unfinished.mkdir()
        _write(unfinished, checkpoint)
        if target.exists():
            _remove(target)
        unfinished.rename(target)
        _sync_folder(folder)
        for old in list(_newest_first(folder))[kept:]:
            _remove(old)
    except OSError as error:
        raise CheckpointError(f"{target}: expected to write a checkpoint, got {error}") from error
    return target


def load_checkpoint(path: Path) -> Checkpoint:
    """What is in one checkpoint folder.

    Raises:
        CheckpointError: the folder is missing, unfinished, damaged or of another format.
    """
    try:
        header = json.loads((path / VALUES_FILE).read_bytes())
        content = (path / ARRAYS_FILE).read_bytes()
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: expected {VALUES_FILE} and {ARRAYS_FILE}, got {error}") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        found = header.get("format") if isinstance(header, dict) else type(header).__name__
        raise CheckpointError(f"{path}: expected the format {FORMAT!r}, got {found!r}")
    if header.get("digest") != _digest(content) or not isinstance(header.get("values"), dict):
        raise CheckpointError(f"{path}: expected the digest {header.get('digest')}, got {_digest(content)}: damaged")
    try:
        state = AlgorithmState(arrays=load(content), values=header["values"])
        return Checkpoint(int(header["iteration"]), state, CheckpointContext.from_plain(header["context"]), path)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path / VALUES_FILE}: expected an iteration and a context, got {error!r}") from error
    except SafetensorError as error:
        raise CheckpointError(f"{path / ARRAYS_FILE}: expected safetensors, got {error}") from error


def latest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole, or None; damaged ones are passed over with a warning."""
    for path in _newest_first(folder):
        try:
            return load_checkpoint(path)
        except CheckpointError as error:
            _logger.warning("passing over a checkpoint: %s", error)
    return None


def find_checkpoint(path: Path) -> Checkpoint:
    """What `path` means: a checkpoint, a folder of checkpoints, or a behavior's folder that has one.

    Raises:
        CheckpointError: there is no whole checkpoint.
    """
    if (path / VALUES_FILE).is_file():
        return load_checkpoint(path)
    for folder in (path, path / "checkpoints"):
        found = latest_checkpoint(folder)
        if found is not None:
            return found
    raise CheckpointError(f"{path}: expected a checkpoint or a folder of checkpoints, got neither")


def _write(folder: Path, checkpoint: Checkpoint) -> None:
    content = save(dict(checkpoint.state.arrays))
    header = {
        "format": FORMAT,
        "iteration": checkpoint.iteration,
        "digest": _digest(content),
        "context": checkpoint.context.to_plain(),
        "values": checkpoint.state.values,
    }
    _write_synced(folder / ARRAYS_FILE, content)
    _write_synced(folder / VALUES_FILE, (json.dumps(header, indent=1) + "\n").encode())
    _sync_folder(folder)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Makes a rename outlast a power cut; Windows can't open folders, and keeps the order of renames by itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()


def _newest_first(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return iter(())
    found = [path for path in folder.iterdir() if path.name.isdigit() and path.is_dir()]
    return iter(sorted(found, key=lambda path: int(path.name), reverse=True))


def _remove(path: Path) -> None:
    """Moves a checkpoint out of the way before its files go, so that half of one never looks like a whole."""
    doomed = path.with_name(f"{UNFINISHED_PREFIX}{path.name}-removed-{os.getpid()}")
    path.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _sweep_unfinished(folder: Path) -> None:
    for path in folder.glob(f"{UNFINISHED_PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)
