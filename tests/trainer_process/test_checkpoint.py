from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from trainer_process import checkpoint
from trainer_process.algorithms.base import AlgorithmState
from trainer_process.checkpoint import Checkpoint, find_checkpoint, latest_checkpoint, load_checkpoint, save_checkpoint
from trainer_process.errors import CheckpointError


def state(number: int) -> AlgorithmState:
    """A state whose every value is `number`, so that mixing shows."""
    arrays = {"weights": np.full(50, number, np.float32), "moments": np.full((3, 2), number, np.float64)}
    return AlgorithmState(arrays, {"number": number, "generator": {"state": 2**127 + number}})


def number_of(checkpoint: Checkpoint) -> int:
    loaded = checkpoint.state
    numbers = {float(array.flat[0]) for array in loaded.arrays.values()} | {float(str(loaded.values["number"]))}
    assert len(numbers) == 1
    return int(numbers.pop())


def test_a_checkpoint_gives_back_what_was_saved(tmp_path):
    path = save_checkpoint(tmp_path, Checkpoint(7, state(7)), kept=3)
    loaded = load_checkpoint(path).state
    assert path.name == "000000007"
    assert loaded.values == state(7).values
    for name, array in state(7).arrays.items():
        np.testing.assert_array_equal(loaded.arrays[name], array)
        assert loaded.arrays[name].dtype == array.dtype


def test_the_newest_is_found_by_number_and_old_ones_go(tmp_path):
    for number in (8, 9, 10, 11):
        save_checkpoint(tmp_path, Checkpoint(number, state(number)), kept=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["000000010", "000000011"]
    assert latest_checkpoint(tmp_path).path.name == "000000011"


def test_the_same_iteration_saved_again_replaces_the_old_one(tmp_path):
    save_checkpoint(tmp_path, Checkpoint(1, state(1)), kept=2)
    save_checkpoint(tmp_path, Checkpoint(1, state(5)), kept=2)
    assert number_of(load_checkpoint(tmp_path / "000000001")) == 5


@pytest.mark.parametrize("name", [checkpoint.ARRAYS_FILE, checkpoint.VALUES_FILE])
def test_a_checkpoint_cut_at_any_byte_is_passed_over(tmp_path, name):
    save_checkpoint(tmp_path, Checkpoint(1, state(1)), kept=3)
    target = save_checkpoint(tmp_path, Checkpoint(2, state(2)), kept=3) / name
    whole = target.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        target.write_bytes(whole[:length])
        assert number_of(latest_checkpoint(tmp_path)) == 1
    target.write_bytes(whole)
    assert number_of(latest_checkpoint(tmp_path)) == 2


def test_a_flipped_bit_is_noticed(tmp_path):
    path = save_checkpoint(tmp_path, Checkpoint(1, state(1)), kept=1)
    content = bytearray((path / checkpoint.ARRAYS_FILE).read_bytes())
    content[-3] ^= 1
    (path / checkpoint.ARRAYS_FILE).write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)
    assert latest_checkpoint(tmp_path) is None


@pytest.mark.parametrize("dies_at", ["_write_synced", "_sync_folder", "_remove"])
def test_a_process_that_dies_while_saving_leaves_the_earlier_checkpoint(tmp_path, monkeypatch, dies_at):
    save_checkpoint(tmp_path, Checkpoint(1, state(1)), kept=3)
    save_checkpoint(tmp_path, Checkpoint(2, state(2)), kept=3)

    def die(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(checkpoint, dies_at, die)
    with pytest.raises(CheckpointError, match="no space left"):
        save_checkpoint(tmp_path, Checkpoint(3, state(3)), kept=1)
    monkeypatch.undo()
    assert number_of(latest_checkpoint(tmp_path)) in (2, 3)


def test_the_next_save_sweeps_away_what_was_left_unfinished(tmp_path):
    left = tmp_path / f"{checkpoint.UNFINISHED_PREFIX}000000001-999"
    left.mkdir()
    (left / checkpoint.ARRAYS_FILE).write_bytes(b"half")
    assert latest_checkpoint(tmp_path) is None
    save_checkpoint(tmp_path, Checkpoint(1, state(1)), kept=1)
    assert [path.name for path in tmp_path.iterdir()] == ["000000001"]


def test_another_format_is_refused_by_its_name(tmp_path):
    path = save_checkpoint(tmp_path, Checkpoint(1, state(1)), kept=1)
    header = json.loads((path / checkpoint.VALUES_FILE).read_text())
    (path / checkpoint.VALUES_FILE).write_text(json.dumps({**header, "format": "another"}))
    with pytest.raises(CheckpointError, match="got 'another'"):
        load_checkpoint(path)


@pytest.mark.parametrize("where", ["", "checkpoints", "checkpoints/000000003"])
def test_a_checkpoint_is_found_from_its_own_folder_its_parent_or_the_behaviors(tmp_path: Path, where):
    save_checkpoint(tmp_path / "checkpoints", Checkpoint(3, state(3)), kept=1)
    found = find_checkpoint(tmp_path / where)
    path = found.path
    assert path == tmp_path / "checkpoints" / "000000003"
    assert number_of(found) == 3


def test_a_folder_without_any_checkpoint_says_so(tmp_path):
    with pytest.raises(CheckpointError, match="expected a checkpoint or a folder of checkpoints"):
        find_checkpoint(tmp_path / "missing")
