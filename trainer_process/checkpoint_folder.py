"""The checkpoints of one behavior: which are kept, which is the newest, and which is the best.

The best is the one of the highest mean return in an evaluation; where none was evaluated, of the highest mean return in
training. Of equals the newest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trainer_process.checkpoint import Checkpoint, load_checkpoint, remove_checkpoint, write_checkpoint
from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.checkpoint_header import VALUES_FILE, newest_first, read_context
from trainer_process.errors import CheckpointError

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CheckpointEntry:
    """A checkpoint that is there, as far as it can be told without its arrays."""

    iteration: int
    path: Path
    context: CheckpointContext


def save_checkpoint(folder: Path, checkpoint: Checkpoint, kept: int) -> Path:
    """Writes a checkpoint and removes all but the `kept` newest, the best and itself; returns its folder.

    Raises:
        CheckpointError: it can't be written; earlier ones are untouched.
    """
    path = write_checkpoint(folder, checkpoint)
    remove_surplus(folder, kept, spared=checkpoint.iteration)
    return path


def remove_surplus(folder: Path, kept: int, spared: int = -1) -> None:
    """Removes all checkpoints but the `kept` newest, the best one and that of the iteration `spared`.

    Raises:
        CheckpointError: one can't be removed.
    """
    best = best_entry(list_checkpoints(folder))
    stays = {spared} if best is None else {spared, best.iteration}
    for path in list(newest_first(folder))[kept:]:
        if int(path.name) not in stays:
            _remove(path)


def remove_newer(folder: Path, iteration: int) -> None:
    """Removes what is left of checkpoints above an iteration that training goes on from: they could not be loaded.

    Raises:
        CheckpointError: one can't be removed.
    """
    for path in newest_first(folder):
        if int(path.name) > iteration:
            _remove(path)


def list_checkpoints(folder: Path) -> list[CheckpointEntry]:
    """The checkpoints that are there, the newest last; those that can't be read are left out."""
    found: list[CheckpointEntry] = []
    for path in newest_first(folder):
        try:
            found.append(CheckpointEntry(int(path.name), path, read_context(path)))
        except CheckpointError as error:
            _logger.debug("passing over a checkpoint: %s", error)
    return found[::-1]


def best_entry(entries: Iterable[CheckpointEntry]) -> CheckpointEntry | None:
    """The best of some checkpoints; None where no episode ended before any of them."""
    return next(iter(_best_first(entries)), None)


def latest_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole, or None; damaged ones are passed over with a warning."""
    return _first_whole(newest_first(folder))


def best_checkpoint(folder: Path) -> Checkpoint | None:
    """The best checkpoint that is whole; None where there is none, or no episode ended before any of them."""
    return _first_whole(entry.path for entry in _best_first(list_checkpoints(folder)))


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


def _best_first(entries: Iterable[CheckpointEntry]) -> list[CheckpointEntry]:
    every = list(entries)
    evaluated = [(entry.context.evaluation_return_mean, entry) for entry in every]
    trained = [(entry.context.return_mean, entry) for entry in every]
    for rated in (evaluated, trained):
        known = [(mean, entry.iteration, entry) for mean, entry in rated if mean is not None]
        if known:
            return [entry for _, _, entry in sorted(known, key=lambda each: each[:2], reverse=True)]
    return []


def _first_whole(paths: Iterable[Path]) -> Checkpoint | None:
    for path in paths:
        try:
            return load_checkpoint(path)
        except CheckpointError as error:
            _logger.warning("passing over a checkpoint: %s", error)
    return None


def _remove(path: Path) -> None:
    try:
        remove_checkpoint(path)
    except OSError as error:
        raise CheckpointError(f"{path}: expected to remove a checkpoint, got {error}") from error
