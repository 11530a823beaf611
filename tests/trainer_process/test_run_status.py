"""`run_status.json`: what is written is read again, and what is something else is told."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from trainer_process.errors import RunFolderError
from trainer_process.library_version import library_version
from trainer_process.run_status import STATUS_FILE_NAME, BehaviorStatus, CheckpointStatus, RunStatus, RunStatusFile

WALKER = BehaviorStatus(
    folder="Walker",
    trainer_type="ppo",
    iteration=12,
    steps=480,
    total_steps=1000,
    version=13,
    return_mean=2.5,
    best="Walker/checkpoints/000000010",
    checkpoints=(
        CheckpointStatus(10, 400, 11, 1000.0, "Walker/checkpoints/000000010", 3.0, 4.0),
        CheckpointStatus(12, 480, 13, 1001.0, "Walker/checkpoints/000000012", 2.5),
    ),
)
LESSONS = {"wall": {"number": 2, "name": "high"}}


def test_what_is_written_is_read_again_from_the_file_and_from_the_folder(tmp_path: Path) -> None:
    RunStatusFile(tmp_path / STATUS_FILE_NAME).report("Walker", WALKER, {"lessons": LESSONS, "serial": 7})
    for path in (tmp_path, tmp_path / STATUS_FILE_NAME):
        status = RunStatus.read(path)
        assert status.behaviors == {"Walker": WALKER}
        assert status.lessons == LESSONS
        assert status.library_version == library_version()
        assert status.torch_version.startswith("2.")
        assert status.updated > 1e9


def test_a_run_is_complete_once_all_of_its_behaviors_are(tmp_path: Path) -> None:
    file = RunStatusFile(tmp_path / STATUS_FILE_NAME)
    assert not RunStatus().is_complete
    file.report("Walker", replace(WALKER, is_complete=True), {})
    file.report("Runner", WALKER, {})
    assert not RunStatus.read(tmp_path).is_complete
    file.report("Runner", replace(WALKER, is_complete=True), {})
    assert RunStatus.read(tmp_path).is_complete


def test_a_later_process_of_the_run_keeps_what_it_says_nothing_of(tmp_path: Path) -> None:
    RunStatusFile(tmp_path / STATUS_FILE_NAME).report("Walker", WALKER, {"lessons": LESSONS})
    RunStatusFile(tmp_path / STATUS_FILE_NAME).report("Runner", replace(WALKER, folder="Runner"), {})
    status = RunStatus.read(tmp_path)
    assert set(status.behaviors) == {"Walker", "Runner"}
    assert status.lessons == LESSONS


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": "another"}', '{"format": 3, "behaviors": []}'])
def test_something_else_is_told_and_begun_anew(tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    (tmp_path / STATUS_FILE_NAME).write_text(content)
    with pytest.raises(RunFolderError, match=r"run_status\.json: expected 'learning-bridge run status 1'"):
        RunStatus.read(tmp_path)
    RunStatusFile(tmp_path / STATUS_FILE_NAME).report("Walker", WALKER, {})
    assert RunStatus.read(tmp_path).behaviors == {"Walker": WALKER}
    assert "begins anew" in caplog.text


def test_a_behavior_that_lacks_something_is_told(tmp_path: Path) -> None:
    RunStatusFile(tmp_path / STATUS_FILE_NAME).report("Walker", WALKER, {})
    data = json.loads((tmp_path / STATUS_FILE_NAME).read_text())
    del data["behaviors"]["Walker"]["steps"]
    (tmp_path / STATUS_FILE_NAME).write_text(json.dumps(data))
    with pytest.raises(RunFolderError, match="steps"):
        RunStatus.read(tmp_path)


def test_a_run_without_a_status_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="expected the status of a run"):
        RunStatus.read(tmp_path)


def test_a_status_that_can_not_be_written_ends_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    RunStatusFile(tmp_path / "missing" / STATUS_FILE_NAME).report("Walker", WALKER, {})
    assert "could not be written" in caplog.text
