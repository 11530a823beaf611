"""Where a run keeps what it made.

results/<run id>/<behavior>/
    settings.json   every setting in force, and where its value came from
    metrics.jsonl   one line an update
    tensorboard/
    checkpoints/    complete states, the newest few
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

from trainer_process.errors import RunFolderError

POLICY_FILE_NAME = "policy.lbp"
DEMONSTRATIONS_FILE_NAME = "demonstrations.lbr"
SETTINGS_FILE_NAME = "settings.json"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]", re.ASCII)


class BehaviorFolder:
    """The part of a run folder that belongs to one behavior."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics = path
        self.checkpoints = path / "checkpoints"
        self.policy_file = path / POLICY_FILE_NAME
        self.demonstrations_file = path / DEMONSTRATIONS_FILE_NAME

    def policy_file_at(self, steps: int | str) -> Path:
        """Where the policy of so many agent-steps is kept, or that of a name."""
        return self.path / "policies" / (f"{steps:012d}" if isinstance(steps, int) else steps) / POLICY_FILE_NAME

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
        unfinished = target.with_suffix(f".{os.getpid()}")
        try:
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(target)
        except OSError as error:
            raise RunFolderError(f"run folder: expected to write {target}, got {error}") from error


class RunFolder:
    """The folder of one run, made when the first behavior starts."""

    def __init__(self, results_directory: Path, run_id: str) -> None:
        """Use `claim`, which checks the name."""
        self.path = results_directory.absolute() / run_id
        self.run_id = run_id

    @classmethod
    def claim(cls, results_directory: Path, run_id: str, *, resume: bool = False, rename: bool = False) -> RunFolder:
        """A folder that no earlier run has used, unless it shall be gone on with.

        Args:
            results_directory: holds all runs.
            run_id: the run's name; empty takes the date, the time and the process id.
            resume: go on with an earlier run of that name.
            rename: where the name is used, take it with a number behind it.

        Raises:
            RunFolderError: the name can't be one of a folder, or is used, or isn't there to resume.
        """
        name = run_id or f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{os.getpid()}"
        if _RUN_ID.fullmatch(name) is None:
            raise RunFolderError(
                f"run id: expected up to 100 letters, digits, dots, dashes and underscores, got {run_id!r:.120}"
            )
        path = results_directory / name
        if resume and not path.is_dir():
            raise RunFolderError(f"run id: expected a run to resume, got none at {path}; leave out --resume")
        if not resume and path.exists():
            if not rename:
                raise RunFolderError(
                    f"run id: expected a new one, got {name!r}, which {path} holds; add --resume to go on with it"
                )
            name = _unused_name(results_directory, name)
        return cls(results_directory, name)

    def behavior(self, name: str) -> BehaviorFolder:
        """The folder of a behavior, not made yet; its name comes from a host and is not trusted with a path."""
        safe = _UNSAFE.sub("_", name)
        if safe != name or not safe.strip("."):
            safe = f"{safe.strip('.') or 'behavior'}-{blake2b(name.encode(), digest_size=4).hexdigest()}"
        return BehaviorFolder(self.path / safe)


def _unused_name(folder: Path, name: str) -> str:
    number = 2
    while (folder / f"{name}-{number}").exists():
        number += 1
    return f"{name}-{number}"


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
