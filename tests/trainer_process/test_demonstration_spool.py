"""Demonstrations in the behavior's folder: written as they come, read when they are asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from protocol.errors import RecordingError
from protocol.recording import RecordingReader
from protocol.schema import ContinuousObservation
from tests.trainer_process.recorded_walk import walks
from tests.trainer_process.server_world import ACTION, OBSERVATION
from trainer_process.demonstration_spool import DemonstrationSpool
from trainer_process.errors import ExperienceError


def make_spool(folder: Path, *, goes_on: bool = False) -> DemonstrationSpool:
    return DemonstrationSpool(folder / "demonstrations.lbr", OBSERVATION, ACTION, goes_on=goes_on)


def test_what_is_handed_on_is_what_came(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    first = spool.append(walks([1, 2]), 0)
    second = spool.append(walks([3]), 0)
    assert [len(first), len(second), len(spool)] == [2, 1, 3]
    assert [episode.serial for episode in [*first, *second]] == [1, 2, 3]
    assert [episode.serial for episode in spool.episodes] == [1, 2, 3]
    np.testing.assert_array_equal(second[0].observations, np.full((2, 3), 3))
    assert [episode.serial for episode in first[-1:]] == [2]
    spool.close()


def test_the_arrays_that_came_may_be_written_again(tmp_path: Path) -> None:
    spool, flat = make_spool(tmp_path), walks([1])
    episodes = spool.append(flat, 0)
    for array in (flat.observations, flat.actions, flat.rewards, flat.final_observations):
        array[:] = 99
    assert episodes[0].observations.max() == 1
    assert episodes[0].final_observation.max() == 1
    spool.close()


def test_the_file_is_a_recording(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.append(walks([1, 2]), 0)
    with RecordingReader(tmp_path / "demonstrations.lbr") as reader:
        assert [episode.serial for episode in reader] == [1, 2]
    spool.close()


def test_a_training_that_begins_anew_begins_an_empty_file(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.append(walks([1]), 0)
    spool.close()
    spool = make_spool(tmp_path)
    assert len(spool) == 0
    assert [episode.serial for episode in spool.append(walks([1, 2]), 0)] == [1, 2]
    spool.close()


def test_a_training_that_goes_on_has_what_it_had(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.append(walks([1, 2]), 0)
    spool.close()
    spool = make_spool(tmp_path, goes_on=True)
    assert [episode.serial for episode in spool.episodes] == [1, 2]
    assert [episode.serial for episode in spool.append(walks([1, 2, 3]), 0)] == [3]
    spool.close()


def test_a_training_that_goes_on_with_another_schema_is_refused(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.append(walks([1]), 0)
    spool.close()
    with pytest.raises(RecordingError, match=r"\$\.observation"):
        DemonstrationSpool(tmp_path / "demonstrations.lbr", ContinuousObservation(5), ACTION, goes_on=True)


def test_what_another_stream_brought_is_passed_over(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    assert len(spool.append(walks([1, 1, 2]), 0)) == 3
    assert [episode.serial for episode in spool.append(walks([1, 2, 3]), 1)] == [3]
    assert [episode.serial for episode in spool.episodes] == [1, 1, 2, 3]
    spool.close()


@pytest.mark.parametrize("first", [0, 4])
def test_episodes_with_and_without_modifiers_do_not_mix(tmp_path: Path, first: int) -> None:
    spool = make_spool(tmp_path)
    spool.append(walks([1], first), 0)
    with pytest.raises(ExperienceError, match="action modifiers, as those before"):
        spool.append(walks([2], 4 - first), 0)
    spool.close()


def test_giving_memory_back_leaves_the_episodes(tmp_path: Path) -> None:
    spool = make_spool(tmp_path)
    spool.episodes.release_memory()
    episodes = spool.append(walks([1]), 0)
    before = episodes[0]
    episodes.release_memory()
    np.testing.assert_array_equal(before.observations, episodes[0].observations)
    spool.close()
