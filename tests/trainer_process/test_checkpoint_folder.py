"""Which checkpoints are kept, and which is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trainer_process.numbered_state import number_of, numbered
from trainer_process import checkpoint, checkpoint_folder
from trainer_process.checkpoint_folder import (
    best_checkpoint,
    find_checkpoint,
    latest_checkpoint,
    list_checkpoints,
    remove_newer,
    remove_surplus,
    save_checkpoint,
)
from trainer_process.checkpoint_header import ARRAYS_FILE
from trainer_process.errors import CheckpointError


def kept(folder: Path) -> list[int]:
    return sorted(int(path.name) for path in folder.iterdir())


def test_the_newest_is_found_by_number_and_old_ones_go(tmp_path: Path) -> None:
    for number in (8, 9, 10, 11):
        save_checkpoint(tmp_path, numbered(number), kept=2)
    assert kept(tmp_path) == [10, 11]
    assert number_of(latest_checkpoint(tmp_path)) == 11


def test_the_best_by_its_mean_return_stays_until_there_is_a_better_one(tmp_path: Path) -> None:
    remaining = []
    for number, mean in enumerate([None, 3.0, 1.0, 2.0, 2.0, 3.5, 0.0], 1):
        save_checkpoint(tmp_path, numbered(number, return_mean=mean), kept=2)
        remaining.append(kept(tmp_path))
    assert remaining == [[1], [1, 2], [2, 3], [2, 3, 4], [2, 4, 5], [5, 6], [6, 7]]
    assert number_of(best_checkpoint(tmp_path)) == 6


def test_an_evaluation_s_return_weighs_more_than_training_s(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, numbered(1, return_mean=9.0), kept=1)
    save_checkpoint(tmp_path, numbered(2, return_mean=1.0, evaluation_return_mean=2.0), kept=1)
    save_checkpoint(tmp_path, numbered(3, return_mean=5.0), kept=1)
    assert number_of(best_checkpoint(tmp_path)) == 2
    assert kept(tmp_path) == [2, 3]


def test_of_equal_ones_the_newest_is_the_best(tmp_path: Path) -> None:
    for number in (1, 2):
        save_checkpoint(tmp_path, numbered(number, return_mean=1.0), kept=5)
    assert number_of(best_checkpoint(tmp_path)) == 2


def test_no_checkpoint_is_the_best_before_an_episode_ended(tmp_path: Path) -> None:
    assert best_checkpoint(tmp_path / "missing") is None
    save_checkpoint(tmp_path, numbered(1), kept=5)
    assert best_checkpoint(tmp_path) is None


def test_a_damaged_best_gives_way_to_the_next_one(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        save_checkpoint(tmp_path, numbered(number, return_mean=-float(number)), kept=5)
    (tmp_path / "000000001" / ARRAYS_FILE).write_bytes(b"")
    assert number_of(best_checkpoint(tmp_path)) == 2


def test_an_older_one_that_is_saved_is_not_removed_at_once(tmp_path: Path) -> None:
    for number in (5, 6, 2):
        save_checkpoint(tmp_path, numbered(number), kept=2)
    assert kept(tmp_path) == [2, 5, 6]
    remove_surplus(tmp_path, 2)
    assert kept(tmp_path) == [5, 6]


def test_what_lies_above_the_one_that_training_goes_on_from_is_removed(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        save_checkpoint(tmp_path, numbered(number), kept=5)
    remove_newer(tmp_path, 1)
    assert kept(tmp_path) == [1]


def test_a_listing_leaves_out_what_can_not_be_read(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        save_checkpoint(tmp_path, numbered(number), kept=5)
    (tmp_path / "000000002" / "state.json").unlink()
    assert [(entry.iteration, entry.context.steps) for entry in list_checkpoints(tmp_path)] == [(1, 1), (3, 3)]


@pytest.mark.parametrize("dies_at", ["write_synced", "sync_folder", "remove_checkpoint"])
def test_a_process_that_dies_while_saving_leaves_the_earlier_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    for number in (1, 2):
        save_checkpoint(tmp_path, numbered(number), kept=3)

    def die(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(checkpoint_folder if dies_at == "remove_checkpoint" else checkpoint, dies_at, die)
    with pytest.raises(CheckpointError, match="no space left"):
        save_checkpoint(tmp_path, numbered(3), kept=1)
    assert number_of(latest_checkpoint(tmp_path)) in (2, 3)


@pytest.mark.parametrize("where", ["", "checkpoints", "checkpoints/000000003"])
def test_a_checkpoint_is_found_from_its_own_folder_its_parent_or_the_behaviors(tmp_path: Path, where: str) -> None:
    save_checkpoint(tmp_path / "checkpoints", numbered(3), kept=1)
    found = find_checkpoint(tmp_path / where)
    assert found.path == tmp_path / "checkpoints" / "000000003"
    assert number_of(found) == 3


def test_a_folder_without_any_checkpoint_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="expected a checkpoint or a folder of checkpoints"):
        find_checkpoint(tmp_path / "missing")
