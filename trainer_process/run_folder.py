"""Where a run keeps what it made.

results/<run id>/
    configuration.yaml  the whole configuration, as it was resolved
    run_status.json     how far the run is, as of its newest checkpoint
    run_logs/           what its programs had to say
    timers.json         where its time went, as of its newest checkpoint
    .running            locked as long as a trainer works on it

results/<run id>/<behavior>/
    settings.json   every setting in force, and where its value came from
    metrics.jsonl   one line an update, or for several of them where the configuration sums them up
    metrics.csv     the same rows as a table
    events.out.*    the same for TensorBoard
    checkpoints/    complete states, the newest few and the best
    best/policy.lbp the policy of the best checkpoint
    inference/      metrics of the policy where it only played
    demonstrations.lbr  what hosts sent to learn from, where the algorithm does
    reward.safetensors  the reward that was learnt, where the algorithm learns one
    policy.lbp      the newest policy, as `host_sdk.Policy.load_policy` takes it
    policies/       STEPS/policy.lbp, kept at intervals of agent-steps, and final/policy.lbp, where they are asked for
    rollouts/       recordings of a policy that was trained, as final.lbr
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from trainer_process.atomic_file import write_atomically
from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.checkpoint_header import newest_context
from trainer_process.errors import RunFolderError
from trainer_process.run_presence import find_presence
from trainer_process.run_status import STATUS_FILE_NAME, RunStatusFile

POLICY_FILE_NAME = "policy.lbp"
DEMONSTRATIONS_FILE_NAME = "demonstrations.lbr"
SETTINGS_FILE_NAME = "settings.json"
CHECKPOINTS_FOLDER_NAME = "checkpoints"
CONFIGURATION_FILE_NAME = "configuration.yaml"
LOGS_FOLDER_NAME = "run_logs"
PLAYING_FOLDER_NAME = "inference"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]", re.ASCII)


class BehaviorFolder:
    """The part of a run folder that belongs to one behavior."""

    def __init__(self, path: Path, status: RunStatusFile | None = None) -> None:
        """
        Args:
            path: of the folder.
            status: of its run; None where nobody keeps one.
        """
        self.path = path
        self.status = status
        self.metrics = path
        self.checkpoints = path / CHECKPOINTS_FOLDER_NAME
        self.policy_file = path / POLICY_FILE_NAME
        self.best_policy_file = path / "best" / POLICY_FILE_NAME
        self.demonstrations_file = path / DEMONSTRATIONS_FILE_NAME

    def policy_file_at(self, steps: int | str) -> Path:
        """Where the policy of so many agent-steps is kept, or that of a name."""
        return self.path / "policies" / (f"{steps:012d}" if isinstance(steps, int) else steps) / POLICY_FILE_NAME

    def of_playing(self) -> BehaviorFolder:
        """Where the records of a policy go that plays on and learns nothing: beside those of its training."""
        return BehaviorFolder(self.path / PLAYING_FOLDER_NAME)

    def create(self) -> None:
        """Makes the folder.

        Raises:
            RunFolderError: it can't be made.
        """
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(
                f"run folder: expected to make {self.path}, got {error}; choose another with --results-dir"
            ) from error

    def write_settings(self, content: Mapping[str, object]) -> None:
        """Writes `settings.json` whole or not at all.

        Raises:
            RunFolderError: it can't be written.
        """
        self.write_file(SETTINGS_FILE_NAME, (json.dumps(content, indent=2) + "\n").encode())

    def write_file(self, name: str, content: bytes) -> None:
        """Writes a file of the folder whole or not at all.

        Raises:
            RunFolderError: it can't be written.
        """
        target = self.path / name
        try:
            write_atomically(target, content)
        except OSError as error:
            raise RunFolderError(f"run folder: expected to write {target}, got {error}") from error

    def set_aside_checkpoints(self) -> None:
        """Moves the checkpoints and the best policy of a training that another one follows here out of its way.

        Raises:
            RunFolderError: they can't be moved.
        """
        try:
            for folder in (self.checkpoints, self.best_policy_file.parent):
                if folder.is_dir() and any(folder.iterdir()):
                    folder.rename(_unused_path(folder))
        except OSError as error:
            raise RunFolderError(f"run folder: expected to move {folder} aside, got {error}") from error


class RunFolder:
    """The folder of one run, made when the first behavior starts."""

    def __init__(self, results_directory: Path, run_id: str) -> None:
        """Use `claim`, which checks the name."""
        self.path = results_directory.absolute() / run_id
        self.run_id = run_id
        self.configuration_file = self.path / CONFIGURATION_FILE_NAME
        self.status_file = self.path / STATUS_FILE_NAME
        self.logs = self.path / LOGS_FOLDER_NAME
        self._status = RunStatusFile(self.status_file)

    @classmethod
    def claim(
        cls,
        results_directory: Path,
        run_id: str,
        *,
        resume: bool = False,
        force: bool = False,
        rename: bool = False,
    ) -> RunFolder:
        """A folder that no earlier run has used, unless it shall be gone on with.

        Nothing is ever deleted: a run that another one takes the place of is moved to `<run id>.old-<number>`.

        Args:
            results_directory: holds all runs.
            run_id: the run's name; empty takes the date, the time and the process id.
            resume: go on with an earlier run of that name.
            force: begin anew where the name is used, and move the earlier run aside.
            rename: where the name is used, take it with a number behind it.

        Raises:
            RunFolderError: the name can't be one of a folder, or is used, or isn't there to resume.
        """
        if resume and force:
            raise RunFolderError("run id: expected --resume, which goes on, or --force, which begins anew, got both")
        name = run_id or f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}"
        if _RUN_ID.fullmatch(name) is None:
            raise RunFolderError(
                f"run id: expected up to 100 letters, digits, dots, dashes and underscores, got {run_id!r:.120}"
            )
        path = results_directory / name
        if resume and not path.is_dir():
            raise RunFolderError(f"run id: expected a run to resume, got none at {path}; leave out --resume")
        if (resume or force) and (other := find_presence(path)) is not None:
            raise RunFolderError(
                f"run id: expected a run that nobody works on, got {name!r}, which the process {other.process_id} on "
                f"{other.host_name or 'this machine'} trains; stop that first, or choose another --run-id"
            )
        if not resume and path.exists():
            if force:
                _move_aside(path)
            elif rename:
                name = _unused_name(results_directory, name)
            else:
                raise RunFolderError(
                    f"run id: expected a new one, got {name!r}, which {path} holds; add --resume to go on with it, or "
                    "--force to begin anew, which moves the earlier run aside"
                )
        return cls(results_directory, name)

    def newest_context(self) -> CheckpointContext | None:
        """Where the run stood at the newest whole checkpoint of all of its behaviors; None where there is none."""
        found = [newest_context(folder) for folder in sorted(self.path.glob(f"*/{CHECKPOINTS_FOLDER_NAME}"))]
        contexts = [context for context in found if context is not None]
        return max(contexts, key=lambda context: context.created, default=None)

    def behavior(self, name: str) -> BehaviorFolder:
        """The folder of a behavior, not made yet; its name comes from a host and is not trusted with a path."""
        safe = _UNSAFE.sub("_", name)
        if safe != name or not safe.strip("."):
            safe = f"{safe.strip('.') or 'behavior'}-{blake2b(name.encode(), digest_size=4).hexdigest()}"
        return BehaviorFolder(self.path / safe, self._status)


def _unused_name(folder: Path, name: str) -> str:
    number = 2
    while (folder / f"{name}-{number}").exists():
        number += 1
    return f"{name}-{number}"


def _unused_path(path: Path) -> Path:
    """The path with `.old-` and the first number behind it that isn't taken."""
    number = 1
    while (taken := path.with_name(f"{path.name}.old-{number}")).exists():
        number += 1
    return taken


def _move_aside(path: Path) -> None:
    try:
        path.rename(_unused_path(path))
    except OSError as error:
        raise RunFolderError(f"run id: expected to move the earlier run {path} aside, got {error}") from error


def find_run(run: str | Path, results_directory: Path = Path("results")) -> Path:
    """The folder of a run, which is named by its id or by its path.

    Raises:
        RunFolderError: there is none; names those that there are.
    """
    for path in (results_directory / run, Path(run)):
        if path.is_dir():
            return path
    there = sorted(path.name for path in results_directory.glob("*") if path.is_dir())
    known = f"; {results_directory} holds {', '.join(there[:20])}" if there else ""
    raise RunFolderError(f"run: expected the id or the folder of a run, got {str(run)!r}{known}")


def find_policy_file(path: Path) -> Path:
    """The policy file that a path means: the file itself, or the one in a behavior's or a run's folder.

    Raises:
        RunFolderError: there is none, or more than one.
    """
    if path.is_file():
        return path
    found = [path / POLICY_FILE_NAME] if (path / POLICY_FILE_NAME).is_file() else []
    found = found or sorted(path.glob(f"*/{POLICY_FILE_NAME}"))
    if len(found) != 1:
        what = ", ".join(str(each) for each in found) or "none"
        raise RunFolderError(f"policy file: expected {path} to be one, or a run folder with one, got {what}")
    return found[0]
