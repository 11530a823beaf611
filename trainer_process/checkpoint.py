"""Checkpoints: complete states on disk, each in a folder of its own, whole or not there at all.

    <folder>/000000012/         named by the iteration
        state.json              format, the arrays' file and its digest, the algorithm's other values, the run's context
        state.safetensors       the arrays

A checkpoint is written beside its place, synced, and moved in by one rename, so that a process killed at any byte
leaves at most an unfinished folder, which the next save sweeps away. An iteration that is saved again gets a file of
arrays under another name, and then a new `state.json` in the place of the old one, by one rename too. The digest guards
against disks that lost power.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.numpy import load, save

from trainer_process.algorithms.base import AlgorithmState
from trainer_process.atomic_file import sync_folder, write_atomically, write_synced
from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.checkpoint_header import (
    ARRAYS_FILE,
    FORMAT,
    VALUES_FILE,
    digest_of,
    read_arrays,
    read_header,
)
from trainer_process.errors import CheckpointError

UNFINISHED_PREFIX = ".unfinished-"


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


def checkpoint_path(folder: Path, iteration: int) -> Path:
    """Where the checkpoint of an iteration is, or would be."""
    return folder / f"{iteration:09d}"


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Writes a checkpoint, in the place of an earlier one of the same iteration; returns its folder.

    Raises:
        CheckpointError: it can't be written; earlier ones, of the same iteration too, are untouched.
    """
    target = checkpoint_path(folder, checkpoint.iteration)
    unfinished = folder / f"{UNFINISHED_PREFIX}{target.name}-{os.getpid()}"
    content = save(dict(checkpoint.state.arrays))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep_unfinished(folder)
        if target.exists():
            _replace(target, checkpoint, content)
        else:
            unfinished.mkdir()
            write_synced(unfinished / ARRAYS_FILE, content)
            write_synced(unfinished / VALUES_FILE, _header(checkpoint, ARRAYS_FILE, digest_of(content)))
            sync_folder(unfinished)
            unfinished.rename(target)
            sync_folder(folder)
    except OSError as error:
        raise CheckpointError(f"{target}: expected to write a checkpoint, got {error}") from error
    return target


def write_context(path: Path, context: CheckpointContext) -> None:
    """Gives a checkpoint that is there another context.

    Raises:
        CheckpointError: it isn't there, or can't be written.
    """
    header = {**read_header(path), "context": context.to_plain()}
    try:
        write_atomically(path / VALUES_FILE, _encoded(header))
    except OSError as error:
        raise CheckpointError(f"{path}: expected to write {VALUES_FILE}, got {error}") from error


def load_checkpoint(path: Path) -> Checkpoint:
    """What is in one checkpoint folder.

    Raises:
        CheckpointError: the folder is missing, unfinished, damaged or of another format.
    """
    header = read_header(path)
    content = read_arrays(path, header)
    values = header.get("values")
    if not isinstance(values, dict):
        raise CheckpointError(f"{path / VALUES_FILE}: expected values of the algorithm, got {type(values).__name__}")
    try:
        state = AlgorithmState(arrays=load(content), values=values)
        return Checkpoint(int(header["iteration"]), state, CheckpointContext.from_plain(header["context"]), path)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path / VALUES_FILE}: expected an iteration and a context, got {error!r}") from error
    except SafetensorError as error:
        raise CheckpointError(f"{path}: expected safetensors, got {error}") from error


def remove_checkpoint(path: Path) -> None:
    """Moves a checkpoint out of the way before its files go, so that half of one never looks like a whole."""
    doomed = path.with_name(f"{UNFINISHED_PREFIX}{path.name}-removed-{os.getpid()}")
    path.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _replace(target: Path, checkpoint: Checkpoint, content: bytes) -> None:
    """The new header is the moment from which on the new arrays count; those that none names go afterwards."""
    digest = digest_of(content)
    name = f"state-{digest}.safetensors"
    write_synced(target / name, content)
    sync_folder(target)
    write_atomically(target / VALUES_FILE, _header(checkpoint, name, digest))
    for path in target.iterdir():
        if path.name not in (name, VALUES_FILE):
            path.unlink(missing_ok=True)


def _header(checkpoint: Checkpoint, arrays_name: str, digest: str) -> bytes:
    return _encoded(
        {
            "format": FORMAT,
            "iteration": checkpoint.iteration,
            "arrays": arrays_name,
            "digest": digest,
            "context": checkpoint.context.to_plain(),
            "values": checkpoint.state.values,
        }
    )


def _encoded(header: dict[str, Any]) -> bytes:
    return (json.dumps(header, indent=1) + "\n").encode()


def _sweep_unfinished(folder: Path) -> None:
    for path in folder.glob(f"{UNFINISHED_PREFIX}*"):
        shutil.rmtree(path, ignore_errors=True)
