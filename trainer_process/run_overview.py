"""What a run is and where it stands, from its files alone; they may be of a run that goes on at this moment."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from trainer_process.errors import RunFolderError
from trainer_process.evaluation_log import read_evaluations
from trainer_process.metrics.json_lines import METRICS_FILE, read_rows
from trainer_process.metrics.metric import LESSON_PREFIX
from trainer_process.run_folder import CHECKPOINTS_FOLDER_NAME, SETTINGS_FILE_NAME
from trainer_process.run_presence import Presence, find_presence
from trainer_process.run_status import STATUS_FILE_NAME, BehaviorStatus, RunStatus

DEFAULT_SOURCE = "default"
"""What the source of a setting begins with that nobody gave."""


@dataclass(frozen=True)
class BehaviorOverview:
    """Where a behavior stands.

    Attributes:
        name: as hosts call it.
        folder: its folder.
        trainer_type: the algorithm; empty where nothing says so.
        steps: agent-steps consumed, by its newest row of metrics or its newest checkpoint.
        total_steps: at which training is complete; 0 where that isn't known.
        iteration: updates, likewise.
        is_complete: whether training is.
        return_mean: of the last episodes; None before the first ended, and so the next ones.
        return_deviation: of the same.
        best_return_mean: the highest of all rows.
        best_steps: where that was.
        evaluation_return_mean: of the last evaluation in training; None without one.
        evaluations: what `learning-bridge evaluate` found, as `trainer_process.evaluation_log` has it; the newest last.
        steps_per_second: of the newest row.
        lessons: the lesson of each parameter of the world that has some, by number or name.
        checkpoints: those that are kept, the newest last.
        given_settings: settings that somebody gave, by dotted name: the value, and who gave it.
        written: seconds since 1970, when its files last changed; 0 where there are none.
    """

    name: str
    folder: Path
    trainer_type: str = ""
    steps: int = 0
    total_steps: int = 0
    iteration: int = 0
    is_complete: bool = False
    return_mean: float | None = None
    return_deviation: float | None = None
    best_return_mean: float | None = None
    best_steps: int | None = None
    evaluation_return_mean: float | None = None
    evaluations: Sequence[Mapping[str, object]] = ()
    steps_per_second: float | None = None
    lessons: Mapping[str, str] = field(default_factory=dict)
    checkpoints: Sequence[str] = ()
    given_settings: Mapping[str, tuple[object, str]] = field(default_factory=dict)
    written: float = 0.0

    @property
    def share(self) -> float | None:
        """Of the way, from 0 to 1; None where its length isn't known."""
        return min(1.0, self.steps / self.total_steps) if self.total_steps > 0 else None


@dataclass(frozen=True)
class RunOverview:
    """Where a run stands.

    Attributes:
        path: its folder.
        behaviors: in the order of their names.
        presence: who works on it; None where nobody does.
        written: seconds since 1970, when its files last changed; 0 where there are none.
    """

    path: Path
    behaviors: Sequence[BehaviorOverview]
    presence: Presence | None
    written: float

    @property
    def state(self) -> str:
        """`running`, `complete`, or `stopped` where it was ended, or killed, before."""
        if self.presence is not None:
            return "running"
        is_complete = bool(self.behaviors) and all(behavior.is_complete for behavior in self.behaviors)
        return "complete" if is_complete else "stopped"

    def to_plain(self) -> dict[str, object]:
        """As JSON holds it."""
        behaviors = {each.name: {**asdict(each), "folder": each.folder.name} for each in self.behaviors}
        for plain in behaviors.values():
            plain.pop("name")
            given = plain.pop("given_settings")
            plain["given_settings"] = {name: {"value": value, "source": by} for name, (value, by) in given.items()}
        return {
            "run": self.path.name,
            "path": str(self.path),
            "state": self.state,
            "process": None if self.presence is None else asdict(self.presence),
            "written": self.written or None,
            "behaviors": behaviors,
        }


def find_runs(results_directory: Path) -> list[Path]:
    """The folders of all runs, the one that was written last first."""
    if not results_directory.is_dir():
        return []
    runs = [path for path in results_directory.iterdir() if path.is_dir() and is_run(path)]
    return sorted(runs, key=_written, reverse=True)


def run_of(path: Path) -> Path:
    """The run that a folder is, or is a behavior of."""
    return path.parent if (path / METRICS_FILE).is_file() else path


def is_run(path: Path) -> bool:
    """Whether a folder is a run's."""
    return (path / STATUS_FILE_NAME).is_file() or bool(behavior_folders(path))


def behavior_folders(run: Path) -> list[Path]:
    """The folders of a run's behaviors."""
    return sorted(
        path
        for path in run.iterdir()
        if path.is_dir() and ((path / METRICS_FILE).is_file() or (path / SETTINGS_FILE_NAME).is_file())
    )


def overview_of(run: Path) -> RunOverview:
    """Reads a run's files; those that are missing or damaged say nothing.

    Raises:
        RunFolderError: the folder is no run's.
    """
    if not run.is_dir() or not is_run(run):
        raise RunFolderError(f"run: expected the folder of a run, with a behavior in it, got {run}")
    try:
        status = RunStatus.read(run)
    except RunFolderError:
        status = RunStatus()
    behaviors = [_behavior(run, folder, status) for folder in behavior_folders(run)]
    return RunOverview(run, behaviors, find_presence(run), _written(run))


def behavior_name(folder: Path) -> str:
    """What hosts call the behavior of a folder."""
    return str(_settings(folder).get("behavior") or folder.name)


def _behavior(run: Path, folder: Path, status: RunStatus) -> BehaviorOverview:
    settings = _settings(folder)
    name = str(settings.get("behavior") or folder.name)
    kept = status.behaviors.get(name)
    last: dict[str, float] = {}
    best: tuple[float, float] = (-math.inf, 0.0)
    for row in read_rows(folder / METRICS_FILE):
        last |= row
        best = max(best, (row.get("return_mean", -math.inf), row.get("steps", 0.0)))
    has_best = best[0] > -math.inf
    total = kept.total_steps if kept is not None else int(_plain(settings, "settings").get("total_steps") or 0)
    return BehaviorOverview(
        name=name,
        folder=folder,
        trainer_type=str(settings.get("trainer_type") or (kept.trainer_type if kept is not None else "")),
        steps=int(last.get("steps", 0 if kept is None else kept.steps)),
        total_steps=total,
        iteration=int(last.get("iteration", 0 if kept is None else kept.iteration)),
        is_complete=kept is not None and kept.is_complete,
        return_mean=last.get("return_mean"),
        return_deviation=last.get("return_deviation"),
        best_return_mean=best[0] if has_best else None,
        best_steps=int(best[1]) if has_best else None,
        evaluation_return_mean=last.get("evaluation_return_mean"),
        evaluations=read_evaluations(folder),
        steps_per_second=last.get("steps_per_second"),
        lessons=_lessons(last, status),
        checkpoints=_checkpoints(run, folder, kept),
        given_settings=_given_settings(settings),
        written=_changed(folder / METRICS_FILE, folder / SETTINGS_FILE_NAME),
    )


def _lessons(last: Mapping[str, float], status: RunStatus) -> dict[str, str]:
    """The newest row's, by the name that the status has for them, where it has one."""
    lessons: dict[str, str] = {}
    for column, value in last.items():
        if column.startswith(LESSON_PREFIX):
            parameter = column.removeprefix(LESSON_PREFIX)
            known = status.lessons.get(parameter)
            lessons[parameter] = str(int(value))
            if isinstance(known, Mapping) and known.get("number") == int(value):
                lessons[parameter] += f" ({known['name']})"
    return lessons


def _checkpoints(run: Path, folder: Path, kept: BehaviorStatus | None) -> list[str]:
    if kept is not None:
        return [each.path for each in kept.checkpoints]
    found = sorted(path for path in (folder / CHECKPOINTS_FOLDER_NAME).glob("*") if path.name.isdigit())
    return [path.relative_to(run).as_posix() for path in found]


def _given_settings(settings: Mapping[str, Any]) -> dict[str, tuple[object, str]]:
    values, sources = _plain(settings, "settings"), _plain(settings, "sources")
    return {
        name: (_at(values, name), str(source))
        for name, source in sources.items()
        if not str(source).startswith(DEFAULT_SOURCE)
    }


def _at(values: Mapping[str, Any], dotted: str) -> object:
    found: Any = values
    for part in dotted.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _settings(folder: Path) -> Mapping[str, Any]:
    try:
        data = json.loads((folder / SETTINGS_FILE_NAME).read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _plain(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, Mapping) else {}


def _written(run: Path) -> float:
    files = [folder / name for folder in behavior_folders(run) for name in (METRICS_FILE, SETTINGS_FILE_NAME)]
    return _changed(run / STATUS_FILE_NAME, *files)


def _changed(*files: Path) -> float:
    return max((path.stat().st_mtime for path in files if path.exists()), default=0.0)
