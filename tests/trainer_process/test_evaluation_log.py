"""Evaluations of a run's policies are kept with it and shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.trainer_process.recorded_run import record_run
from trainer_process.cli_root import root
from trainer_process.errors import RunFolderError
from trainer_process.evaluation_log import (
    EVALUATIONS_FILE_NAME,
    append_evaluation,
    describe_evaluation,
    is_of_a_run,
    read_evaluations,
)

FIGURES: dict[str, object] = {
    "behavior": "Walker",
    "checkpoint": 12,
    "episodes": 100,
    "return_mean": 123.456,
    "return_standard_error": 1.25,
    "policy_version": 13,
    "env": "arena",
    "deterministic": False,
}


def test_evaluations_are_read_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    assert read_evaluations(tmp_path) == []
    append_evaluation(tmp_path, FIGURES)
    with (tmp_path / EVALUATIONS_FILE_NAME).open("a") as file:
        file.write('[1]\n{"torn": \n')
    append_evaluation(tmp_path, {**FIGURES, "episodes": 7})
    assert [figures["episodes"] for figures in read_evaluations(tmp_path)] == [100, 7]


def test_one_of_them_is_said_in_a_line() -> None:
    assert describe_evaluation(FIGURES) == (
        "mean return 123.5 ± 1.2 in 100 episodes of arena, version 13 of checkpoint 12, sampled"
    )
    likely = {**FIGURES, "checkpoint": None, "deterministic": True}
    assert describe_evaluation(likely).endswith("version 13")


def test_status_shows_the_newest(tmp_path: Path) -> None:
    record_run(tmp_path)
    folder = tmp_path / "walkers" / "Walker"
    assert is_of_a_run(folder)
    append_evaluation(folder, FIGURES)
    arguments = ["status", "walkers", "--results-dir", str(tmp_path)]
    assert "mean return 123.5 ± 1.2 in 100 episodes" in CliRunner().invoke(root, arguments).output
    told = json.loads(CliRunner().invoke(root, [*arguments, "--json"]).output)
    assert told["behaviors"]["Walker"]["evaluations"] == [FIGURES]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=EVALUATIONS_FILE_NAME):
        append_evaluation(tmp_path / "gone", FIGURES)
