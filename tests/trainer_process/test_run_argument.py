"""A run is named by its id, by its folder or by a policy file."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer_process.errors import RunFolderError
from trainer_process.run_argument import policy_place


def test_a_policy_file_a_folder_and_an_id_are_places_of_policies(tmp_path: Path) -> None:
    run = tmp_path / "results" / "walker"
    run.mkdir(parents=True)
    (policy := run / "policy.lbp").touch()
    for named in ("walker", str(run)):
        assert policy_place(named, tmp_path / "results") == run
    assert policy_place(str(policy), tmp_path / "elsewhere") == policy


def test_a_run_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "walker").mkdir()
    with pytest.raises(RunFolderError, match=r"got 'worker'; .* holds walker"):
        policy_place("worker", tmp_path)
