"""One checkpoint: what was saved comes back, or nothing does."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.trainer_process.numbered_state import number_of, numbered
from trainer_process import checkpoint
from trainer_process.checkpoint import load_checkpoint, write_checkpoint, write_context
from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.checkpoint_folder import latest_checkpoint
from trainer_process.checkpoint_header import ARRAYS_FILE, VALUES_FILE, newest_context, read_context
from trainer_process.errors import CheckpointError


def test_a_checkpoint_gives_back_what_was_saved(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, numbered(7, consumed={3: 4}, run={"lesson": 2}))
    loaded = load_checkpoint(path)
    assert path.name == "000000007"
    assert loaded.state.values == numbered(7).state.values
    assert loaded.context == CheckpointContext(steps=7, consumed={3: 4}, run={"lesson": 2})
    for name, array in numbered(7).state.arrays.items():
        np.testing.assert_array_equal(loaded.state.arrays[name], array)
        assert loaded.state.arrays[name].dtype == array.dtype


@pytest.mark.parametrize("number", [5, 1])
def test_the_same_iteration_saved_again_replaces_the_old_one(tmp_path: Path, number: int) -> None:
    write_checkpoint(tmp_path, numbered(1))
    for again in (4, number, number):
        path = write_checkpoint(tmp_path, numbered(1, again))
    assert number_of(load_checkpoint(path)) == number
    assert len(list(path.iterdir())) == 2
    assert [each.name for each in tmp_path.iterdir()] == ["000000001"]


@pytest.mark.parametrize("dies_at", ["write_synced", "write_atomically", "sync_folder"])
def test_a_process_that_dies_while_replacing_an_iteration_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    path = write_checkpoint(tmp_path, numbered(1))
    monkeypatch.setattr(checkpoint, dies_at, die)
    with pytest.raises(CheckpointError, match="no space left"):
        write_checkpoint(tmp_path, numbered(1, 5))
    assert number_of(load_checkpoint(path)) == 1


def die(*_: object) -> None:
    raise OSError("no space left on device")


@pytest.mark.parametrize("name", [ARRAYS_FILE, VALUES_FILE])
def test_a_checkpoint_cut_at_any_byte_is_passed_over(tmp_path: Path, name: str) -> None:
    write_checkpoint(tmp_path, numbered(1))
    target = write_checkpoint(tmp_path, numbered(2)) / name
    whole = target.read_bytes()
    for length in range(0, len(whole) - 1, 7):
        target.write_bytes(whole[:length])
        assert number_of(latest_checkpoint(tmp_path)) == 1
        assert newest_context(tmp_path) == numbered(1).context
    target.write_bytes(whole)
    assert number_of(latest_checkpoint(tmp_path)) == 2
    assert newest_context(tmp_path) == numbered(2).context


def test_an_iteration_cut_at_any_byte_of_its_replacement_is_the_old_one(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "a", numbered(1))
    old = {each.name: each.read_bytes() for each in path.iterdir()}
    write_checkpoint(tmp_path / "a", numbered(1, 5))
    (arrays,) = [each for each in path.iterdir() if each.name != VALUES_FILE]
    new_arrays, new_values = arrays.read_bytes(), (path / VALUES_FILE).read_bytes()

    def state_with(extra: dict[str, bytes]) -> int:
        shutil.rmtree(path)
        path.mkdir()
        for name, content in {**old, **extra}.items():
            (path / name).write_bytes(content)
        return number_of(latest_checkpoint(tmp_path / "a"))

    for length in range(0, len(new_arrays) + 1, 7):
        assert state_with({arrays.name: new_arrays[:length]}) == 1
    for length in range(0, len(new_values) + 1, 7):
        assert state_with({arrays.name: new_arrays, f".{VALUES_FILE}.1": new_values[:length]}) == 1
    assert state_with({arrays.name: new_arrays, VALUES_FILE: new_values}) == 5


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, numbered(1))
    content = bytearray((path / ARRAYS_FILE).read_bytes())
    content[-3] ^= 1
    (path / ARRAYS_FILE).write_bytes(content)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)
    assert latest_checkpoint(tmp_path) is None
    assert newest_context(tmp_path) is None


def test_the_next_save_sweeps_away_what_was_left_unfinished(tmp_path: Path) -> None:
    left = tmp_path / f"{checkpoint.UNFINISHED_PREFIX}000000001-999"
    left.mkdir()
    (left / ARRAYS_FILE).write_bytes(b"half")
    assert latest_checkpoint(tmp_path) is None
    write_checkpoint(tmp_path, numbered(1))
    assert [path.name for path in tmp_path.iterdir()] == ["000000001"]


def test_another_context_changes_nothing_else(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, numbered(1))
    write_context(path, CheckpointContext(steps=1, evaluation_return_mean=3.5))
    assert number_of(load_checkpoint(path)) == 1
    assert read_context(path).evaluation_return_mean == 3.5


def test_another_format_is_refused_by_its_name(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path, numbered(1))
    change_header(path, format="another")
    with pytest.raises(CheckpointError, match="got 'another'"):
        load_checkpoint(path)


@pytest.mark.parametrize("name", ["../../secret", "state.json", 7, "state-x.safetensors"])
def test_a_checkpoint_that_names_a_file_of_others_is_refused(tmp_path: Path, name: object) -> None:
    path = write_checkpoint(tmp_path, numbered(1))
    change_header(path, arrays=name)
    with pytest.raises(CheckpointError, match="expected the name of a file of arrays"):
        load_checkpoint(path)


@pytest.mark.parametrize("change", [{"values": 3}, {"context": 3}, {"context": {"steps": 1}}, {"iteration": "many"}])
def test_a_header_that_is_something_else_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = write_checkpoint(tmp_path, numbered(1))
    change_header(path, **change)
    with pytest.raises(CheckpointError, match="expected"):
        load_checkpoint(path)


def change_header(path: Path, **change: object) -> None:
    header = json.loads((path / VALUES_FILE).read_text())
    (path / VALUES_FILE).write_text(json.dumps({**header, **change}))
