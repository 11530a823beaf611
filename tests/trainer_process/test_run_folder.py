"""Names of runs, and where a run's policy is found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trainer_process.errors import RunFolderError
from trainer_process.run_folder import RunFolder, find_policy_file, find_run
from trainer_process.run_presence import RunPresence


def test_a_run_without_a_name_takes_the_time(tmp_path: Path) -> None:
    folder = RunFolder.claim(tmp_path, "")
    assert folder.path.parent == tmp_path
    assert folder.run_id[:2] == "20"


@pytest.mark.parametrize("name", ["..", "a/b", ".hidden", "a b", "x" * 101, "ü"])
def test_a_name_that_is_no_folder_s_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunFolderError, match="run id"):
        RunFolder.claim(tmp_path, name)


def test_a_used_name_is_an_error_unless_the_run_is_resumed_or_renamed(tmp_path: Path) -> None:
    (tmp_path / "walk").mkdir()
    (tmp_path / "walk-2").mkdir()
    with pytest.raises(RunFolderError, match=r"--resume.*--force"):
        RunFolder.claim(tmp_path, "walk")
    assert RunFolder.claim(tmp_path, "walk", resume=True).run_id == "walk"
    assert RunFolder.claim(tmp_path, "walk", rename=True).run_id == "walk-3"


def test_a_run_that_is_begun_anew_by_force_is_moved_aside_and_not_deleted(tmp_path: Path) -> None:
    for number in (1, 2):
        run = RunFolder.claim(tmp_path, "walk", force=True)
        run.path.mkdir()
        (run.path / "mark").write_text(str(number))
    assert RunFolder.claim(tmp_path, "walk", force=True).run_id == "walk"
    assert [(tmp_path / f"walk.old-{number}" / "mark").read_text() for number in (1, 2)] == ["1", "2"]
    assert not (tmp_path / "walk").exists()


def test_a_run_is_not_gone_on_with_and_begun_anew_at_once(tmp_path: Path) -> None:
    (tmp_path / "walk").mkdir()
    with pytest.raises(RunFolderError, match="got both"):
        RunFolder.claim(tmp_path, "walk", resume=True, force=True)
    assert (tmp_path / "walk").is_dir()


def test_a_run_is_found_by_its_id_and_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "walk").mkdir()
    assert find_run("walk", tmp_path) == find_run(tmp_path / "walk") == tmp_path / "walk"
    with pytest.raises(RunFolderError, match=r"got 'run'; .* holds walk"):
        find_run("run", tmp_path)


def test_a_run_that_is_not_there_can_not_be_resumed(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="leave out --resume"):
        RunFolder.claim(tmp_path, "walk", resume=True)


def test_behaviors_with_unsafe_names_get_folders_of_their_own(tmp_path: Path) -> None:
    run = RunFolder.claim(tmp_path, "walk")
    names = ["../x", "..", "a/b", "a_b", "", "ä"]
    paths = [run.behavior(name).path for name in names]
    assert {path.parent for path in paths} == {run.path}
    assert len(set(paths)) == len(names)
    assert run.behavior("Walker.v1").path.name == "Walker.v1"


def test_a_folder_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="--results-dir"):
        RunFolder.claim(tmp_path / "file", "walk").behavior("Walker").create()


def test_the_policy_of_a_run_is_found_from_the_run_the_behavior_and_the_file(tmp_path: Path) -> None:
    behavior = RunFolder.claim(tmp_path, "walk").behavior("Walker")
    behavior.create()
    with pytest.raises(RunFolderError, match="got none"):
        find_policy_file(tmp_path / "walk")
    behavior.policy_file.write_bytes(b"")
    for path in (tmp_path / "walk", behavior.path, behavior.policy_file):
        assert find_policy_file(path) == behavior.policy_file


def test_two_policies_in_one_run_have_to_be_told_apart(tmp_path: Path) -> None:
    run = RunFolder.claim(tmp_path, "walk")
    for name in ("Walker", "Runner"):
        run.behavior(name).create()
        run.behavior(name).policy_file.write_bytes(b"")
    with pytest.raises(RunFolderError, match=r"Runner.*Walker"):
        find_policy_file(run.path)


@pytest.mark.parametrize("how", [{"resume": True}, {"force": True}])
def test_a_run_that_somebody_works_on_is_left_to_them(tmp_path, how):
    folder = tmp_path / "walker"
    folder.mkdir()
    presence = RunPresence(folder)
    presence.announce()
    with pytest.raises(RunFolderError, match=rf"the process {os.getpid()} on .* trains; stop that first"):
        RunFolder.claim(tmp_path, "walker", **how)
    presence.end()
    assert RunFolder.claim(tmp_path, "walker", **how).run_id == "walker"
