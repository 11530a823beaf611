"""`run_status.json`: how far a run is, for people and for programs that show it.

It is written after every checkpoint and nothing is resumed from it: checkpoints hold all that counts.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from trainer_process.atomic_file import write_atomically
from trainer_process.errors import RunFolderError
from trainer_process.library_version import library_version

STATUS_FILE_NAME = "run_status.json"
FORMAT = "learning-bridge run status 1"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CheckpointStatus:
    """A checkpoint that is kept.

    Attributes:
        iteration: updates that led to it.
        steps: agent-steps that they consumed.
        version: of the policy's weights.
        created: seconds since 1970, when the last of them ended.
        path: its folder, seen from the run's.
        return_mean: of the last episodes; None before the first ended.
        evaluation_return_mean: of an evaluation of this policy; None without one.
    """

    iteration: int
    steps: int
    version: int
    created: float
    path: str
    return_mean: float | None = None
    evaluation_return_mean: float | None = None


@dataclass(frozen=True)
class BehaviorStatus:
    """How far a behavior is, as of its newest checkpoint.

    Attributes:
        folder: its folder, seen from the run's.
        trainer_type: the algorithm.
        iteration: updates so far.
        steps: agent-steps that they consumed.
        total_steps: after which training is complete, as far as that is known; 0 where it isn't.
        version: of the policy's weights.
        return_mean: of the last episodes; None before the first ended.
        is_complete: whether training is.
        best: the path of the best checkpoint, seen from the run's folder; None where no episode ended.
        final: the path of the last policy's file, likewise; None before training is complete.
        checkpoints: those that are kept, the newest last.
    """

    folder: str
    trainer_type: str
    iteration: int
    steps: int
    total_steps: int
    version: int
    return_mean: float | None = None
    is_complete: bool = False
    best: str | None = None
    final: str | None = None
    checkpoints: tuple[CheckpointStatus, ...] = ()

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> BehaviorStatus:
        """What JSON holds; raises TypeError or KeyError where it is something else."""
        values = dict(data)
        checkpoints = tuple(CheckpointStatus(**each) for each in values.pop("checkpoints"))
        return cls(**values, checkpoints=checkpoints)


@dataclass(frozen=True)
class RunStatus:
    """How far a run is.

    Attributes:
        behaviors: by name.
        lessons: for each parameter of the world that has a curriculum, its lesson's number and name.
        library_version: the release of learning-bridge that wrote this.
        torch_version: the release of torch that it computed with.
        updated: seconds since 1970, when this was written.
    """

    behaviors: Mapping[str, BehaviorStatus] = field(default_factory=dict)
    lessons: Mapping[str, Any] = field(default_factory=dict)
    library_version: str = ""
    torch_version: str = ""
    updated: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether all of its behaviors are."""
        return bool(self.behaviors) and all(each.is_complete for each in self.behaviors.values())

    @classmethod
    def read(cls, path: Path) -> RunStatus:
        """The status of a run.

        Args:
            path: of the run's folder, or of the file.

        Raises:
            RunFolderError: it isn't there, or is something else.
        """
        file = path / STATUS_FILE_NAME if path.is_dir() else path
        try:
            data = json.loads(file.read_bytes())
            if data.pop("format") != FORMAT:
                raise ValueError(f"no {FORMAT}")
            behaviors = {name: BehaviorStatus.from_plain(each) for name, each in data.pop("behaviors").items()}
            return cls(**data, behaviors=behaviors)
        except OSError as error:
            raise RunFolderError(f"{file}: expected the status of a run, got {error}") from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunFolderError(f"{file}: expected {FORMAT!r}, got {error!r}") from error

    def to_plain(self) -> dict[str, object]:
        """As JSON holds it."""
        return {"format": FORMAT, **asdict(self)}


class RunStatusFile:
    """Keeps a run's status file as its behaviors say; for any thread. A disk that is full ends no training."""

    def __init__(self, path: Path) -> None:
        """
        Args:
            path: of the file; what an earlier process of the run wrote there is gone on with.
        """
        self._path = path
        self._lock = threading.Lock()
        self._status: RunStatus | None = None

    def report(self, name: str, behavior: BehaviorStatus, run: Mapping[str, object]) -> None:
        """Takes in how far a behavior is, and writes all down.

        Args:
            name: of the behavior.
            behavior: how far it is.
            run: the state of what belongs to the whole run; its "lessons" are shown.
        """
        with self._lock:
            status = self._status or self._read_earlier()
            lessons = run.get("lessons")
            self._status = replace(
                status,
                behaviors={**status.behaviors, name: behavior},
                lessons=lessons if isinstance(lessons, Mapping) else status.lessons,
                library_version=library_version(),
                torch_version=_torch_version(),
                updated=time.time(),
            )
            try:
                write_atomically(self._path, (json.dumps(self._status.to_plain(), indent=1) + "\n").encode())
            except OSError as error:
                logger.error("%s could not be written: %s", self._path, error)

    def _read_earlier(self) -> RunStatus:
        if not self._path.exists():
            return RunStatus()
        try:
            return RunStatus.read(self._path)
        except RunFolderError as error:
            logger.warning("the status of the run begins anew: %s", error)
            return RunStatus()


def _torch_version() -> str:
    try:
        return version("torch")
    except PackageNotFoundError:
        return "unknown"
