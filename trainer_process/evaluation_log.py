"""What evaluations of a run's policies came to: a line of JSON each, in the behavior's folder.

`evaluations.jsonl` holds those that `learning-bridge evaluate` made, with the figures, the version of the policy, the
checkpoint it was of, the world, and how it was played. Those that hosts make while they train are among the metrics.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from trainer_process.errors import RunFolderError
from trainer_process.run_folder import SETTINGS_FILE_NAME

EVALUATIONS_FILE_NAME = "evaluations.jsonl"


def is_of_a_run(folder: Path) -> bool:
    """Whether a folder is a behavior's in a run, and not just any that holds a policy file."""
    return (folder / SETTINGS_FILE_NAME).is_file()


def append_evaluation(folder: Path, figures: Mapping[str, object]) -> None:
    """Adds an evaluation to a behavior's folder.

    Raises:
        RunFolderError: it can't be written.
    """
    path = folder / EVALUATIONS_FILE_NAME
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")
    except OSError as error:
        raise RunFolderError(f"run folder: expected to write {path}, got {error}") from error


def describe_evaluation(figures: Mapping[str, object]) -> str:
    """One of them in a line, for people."""
    numbers = {name: value for name, value in figures.items() if isinstance(value, int | float)}
    mean, error = numbers.get("return_mean", float("nan")), numbers.get("return_standard_error", 0.0)
    checkpoint = figures.get("checkpoint")
    of = f"version {figures.get('policy_version')}" + ("" if checkpoint is None else f" of checkpoint {checkpoint}")
    how = "" if figures.get("deterministic", True) else ", sampled"
    return (
        f"mean return {mean:.4g} ± {error:.2g} in {figures.get('episodes')} episodes of {figures.get('env')}, {of}{how}"
    )


def read_evaluations(folder: Path) -> list[dict[str, object]]:
    """All evaluations of a behavior, the newest last; torn lines and other things are passed over."""
    try:
        lines = (folder / EVALUATIONS_FILE_NAME).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found: list[dict[str, object]] = []
    for line in lines:
        try:
            figures = json.loads(line)
        except ValueError:
            continue
        if isinstance(figures, dict):
            found.append(figures)
    return found
