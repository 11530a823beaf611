"""How commands are told which run they are about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


def results_dir_option(function: Function) -> Function:
    """Adds `--results-dir`, in which a run is looked for by its id."""
    option = click.option(
        "--results-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("results"),
        show_default=True,
        help="Where run folders are.",
    )
    return option(function)


def policy_place(run: str, results_directory: Path) -> Path:
    """Where a policy is to be looked for: a policy file, or the folder of a run or of a behavior.

    Args:
        run: a path, or the id of a run.
        results_directory: holds all runs.

    Raises:
        RunFolderError: there is none.
    """
    from trainer_process.run_folder import find_run

    path = Path(run)
    return path if path.is_file() else find_run(run, results_directory)
