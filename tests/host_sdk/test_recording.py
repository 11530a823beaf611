"""A recording keeps what it was given, takes in what fits, copies nothing, and says what is wrong with the rest."""

from __future__ import annotations

import logging
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from host_sdk.recording import Recording
from protocol.completion import Completion
from protocol.errors import DamagedRecordingError, RecordingError
from protocol.recording import EpisodeSizes, RecordingHeader, RecordingReader, RecordingWriter, save_recording
from protocol.schema import ContinuousAction, ContinuousObservation, StructObservation
from tests.host_sdk.small_game import SmallInteractor, make_manager
from tests.host_sdk.test_modified_interaction import FrozenGears
from tests.protocol.recording.episode_builder import ACTION, HEADER, OBSERVATION, assert_same_episode, make_episode


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "moves.lbr"


def make(*step_counts: int, first_seed: int = 0) -> Recording:
    recording = Recording.make_recording(HEADER)
    for seed, count in enumerate(step_counts, first_seed):
        recording.append_episode(make_episode(count, seed=seed))
    return recording


def assert_same_recording(received: Recording, expected: Recording) -> None:
    assert received.step_counts.tolist() == expected.step_counts.tolist()
    for ours, theirs in zip(received.episodes, expected.episodes, strict=True):
        assert_same_episode(ours, theirs)


def flip_byte(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)


def block_starts(path: Path) -> list[int]:
    content = path.read_bytes()
    return [place for place in range(0, len(content), 64) if content.startswith(b"EPISODE\n", place)]


def test_an_interactors_recording_is_of_its_schemas() -> None:
    interactor = SmallInteractor.make_interactor(make_manager(1))
    recording = Recording.make_recording(interactor, metadata={"level": "3"})
    assert recording.header.observation_hash == interactor.observation_hash
    assert recording.header.sizes == EpisodeSizes(6, 6)
    assert recording.metadata == {"level": "3"}
    frozen = Recording.make_recording(FrozenGears.make_interactor(make_manager(1)))
    assert frozen.header.sizes.modifier == 8


def test_records_and_steps_are_found_by_number() -> None:
    recording = make(3, 1)
    episode = recording.episodes[1]
    assert (recording.get_record_num(), recording.record_count, len(recording), recording.step_count) == (2, 2, 2, 4)
    assert (recording.get_record_step_num(0), recording.get_record_step_num(1)) == (3, 1)
    vector, observation_hash = recording.get_observation_vector(0, 2)
    np.testing.assert_array_equal(vector, recording.episodes[0].observations[2])
    assert observation_hash == HEADER.observation_hash
    assert recording.get_action_vector(1, 0)[1] == HEADER.action_hash
    np.testing.assert_array_equal(recording.get_action_vector(1, 0)[0], episode.actions[0])
    np.testing.assert_array_equal(recording.get_final_observation_vector(1)[0], episode.final_observation)
    assert recording.get_reward(1, 0) == episode.rewards[0]
    assert recording.get_completion(1) is Completion.TRUNCATION
    assert recording.get_action_modifier_vector(1, 0)[0].shape == (0,)
    assert recording.get_image_vector(1, 0).shape == (0,)
    assert recording.statistics().figures()["n_traj"] == 2


@pytest.mark.parametrize(
    ("record", "step", "message"),
    [(2, 0, "a record from 0 to 1, got 2"), (-1, 0, "got -1"), (0, 3, "a step of record 0 from 0 to 2, got 3")],
)
def test_records_and_steps_that_are_not_there_are_refused(record: int, step: int, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        make(3, 1).get_observation_vector(record, step)


def test_what_was_saved_is_loaded(path: Path) -> None:
    recording = make(3, 1, 7)
    recording.metadata = {"player": "7"}
    recording.save_recording(path)
    loaded = Recording.load_recording(path)
    assert_same_recording(loaded, recording)
    assert loaded.metadata == {"player": "7"}
    assert loaded.header == recording.header


def test_a_recording_without_records_is_one(path: Path) -> None:
    make().save_recording(path)
    loaded = Recording.load_recording(path)
    assert (loaded.record_count, loaded.step_count, loaded.step_counts.tolist()) == (0, 0, [])
    assert list(loaded.episodes) == []
    assert loaded.statistics().figures() == {"n_traj": 0}


def test_recordings_are_put_together_from_memory_and_files(path: Path) -> None:
    make(2, 3).save_recording(path)
    first, second = make(1, first_seed=10), make(4, 5, first_seed=20)
    first.append_recording_from_file(path)
    first.append_recording(second)
    second.append_episode(make_episode(9))
    first.append_episode(make_episode(6, seed=30))
    assert first.step_counts.tolist() == [1, 2, 3, 4, 5, 6]
    assert [first.get_record_step_num(record) for record in range(6)] == [1, 2, 3, 4, 5, 6]
    assert [episode.step_count for episode in first.episodes] == [1, 2, 3, 4, 5, 6]
    assert second.step_counts.tolist() == [4, 5, 9]
    assert [episode.step_count for episode in first.episodes[1:-1]] == [2, 3, 4, 5]
    assert first.episodes[-1].step_count == 6
    with pytest.raises(IndexError):
        first.episodes[6]
    first.append_recording(first)
    assert first.step_counts.tolist() == [1, 2, 3, 4, 5, 6] * 2


def test_a_recording_may_be_saved_onto_its_own_file(path: Path) -> None:
    make(2, 3).save_recording(path)
    loaded = Recording.load_recording(path)
    loaded.append_recording(make(4, first_seed=9))
    loaded.save_recording(path)
    assert_same_recording(Recording.load_recording(path), loaded)


def test_forgetting_records_leaves_the_file(path: Path) -> None:
    make(2, 3).save_recording(path)
    loaded = Recording.load_recording(path)
    loaded.reset_recording()
    assert loaded.record_count == 0
    assert Recording.load_recording(path).record_count == 2


def test_a_recording_of_another_schema_is_refused_by_element(path: Path) -> None:
    other = RecordingHeader(StructObservation((("where", ContinuousObservation(4)),)), ACTION)
    save_recording(path, other, [])
    with pytest.raises(RecordingError, match=r"\$\.observation\.where"):
        make(1).append_recording(Recording.load_recording(path))
    with pytest.raises(RecordingError, match=r"moves\.lbr: \$\.observation\.where"):
        make(1).append_recording_from_file(path)
    with pytest.raises(RecordingError, match=r"\$\.action"):
        make(1).append_recording(Recording.make_recording(RecordingHeader(OBSERVATION, ContinuousAction(5))))
    modified = Recording.make_recording(RecordingHeader(OBSERVATION, ACTION, has_modifiers=True))
    with pytest.raises(RecordingError, match="expected a game that makes no action modifiers, got another"):
        make(1).append_recording(modified)


def test_an_episode_that_does_not_fit_is_refused() -> None:
    recording = make(1)
    with pytest.raises(RecordingError, match="expected an episode of"):
        recording.append_episode(make_episode(2, EpisodeSizes(4, 5)))
    broken = make_episode(2)
    broken.observations[1, 0] = np.nan
    with pytest.raises(RecordingError, match="finite numbers, got nan at"):
        recording.append_episode(broken)
    assert recording.record_count == 1


def test_what_is_no_recording_is_refused(path: Path) -> None:
    with pytest.raises(RecordingError, match="can't be read"):
        Recording.load_recording(path)
    path.write_bytes(b"something else altogether, and long enough")
    with pytest.raises(RecordingError, match="expected a recording, which begins with"):
        Recording.load_recording(path)


def test_damage_inside_of_an_episode_is_named_or_left_out(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(3, 4, 5).save_recording(path)
    start = block_starts(path)[1]
    flip_byte(path, start + 70)
    loaded = Recording.load_recording(path)
    assert loaded.episodes[2].step_count == 5
    with pytest.raises(DamagedRecordingError, match=rf"moves\.lbr, episode 1 at byte {start}: .*inspect --repair"):
        loaded.get_observation_vector(1, 0)
    with pytest.raises(DamagedRecordingError, match="episode 1"):
        loaded.save_recording(path)
    with caplog.at_level(logging.WARNING, "host_sdk.recording"):
        kept = Recording.load_recording(path, skip_damaged=True)
    assert kept.step_counts.tolist() == [3, 5]
    assert [episode.step_count for episode in kept.episodes] == [3, 5]
    assert "left out" in caplog.text
    assert "episode 1" in caplog.text
    kept.append_recording_from_file(path, skip_damaged=True)
    assert kept.step_counts.tolist() == [3, 5, 3, 5]
    assert [episode.step_count for episode in kept.episodes[2:]] == [3, 5]


def test_damage_between_episodes_is_named_or_left_out(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    make(3, 4, 5).save_recording(path)
    start = block_starts(path)[1]
    flip_byte(path, start + 2)
    with pytest.raises(DamagedRecordingError, match=rf"bytes {start} to \d+, where episode 1 .*skip_damaged=True"):
        Recording.load_recording(path)
    with caplog.at_level(logging.WARNING, "host_sdk.recording"):
        assert Recording.load_recording(path, skip_damaged=True).step_counts.tolist() == [3, 5]
    assert f"left out bytes {start} to" in caplog.text


@pytest.mark.parametrize("skip_damaged", [False, True])
def test_a_torn_end_costs_no_whole_episode(path: Path, skip_damaged: bool, caplog: pytest.LogCaptureFixture) -> None:
    make(3, 4).save_recording(path)
    path.write_bytes(path.read_bytes()[:-10])
    with caplog.at_level(logging.WARNING, "host_sdk.recording"):
        assert Recording.load_recording(path, skip_damaged=skip_damaged).step_counts.tolist() == [3]
    assert "are no whole episode: it is being recorded, or its recorder was killed" in caplog.text


def test_a_file_is_loaded_while_it_is_being_recorded(path: Path) -> None:
    with RecordingWriter(path, HEADER) as writer:
        writer.append(make_episode(2))
        first = Recording.load_recording(path)
        writer.append(make_episode(3))
        assert first.step_counts.tolist() == [2]
        assert Recording.load_recording(path).step_counts.tolist() == [2, 3]


def test_large_files_are_put_together_without_being_read(path: Path, tmp_path: Path) -> None:
    header = RecordingHeader(ContinuousObservation(1000), ContinuousAction(2))
    episode = make_episode(500, header.sizes)
    with RecordingWriter(path, header) as writer:
        for _ in range(16):  # 32 MB
            writer.append(episode)
    tracemalloc.start()
    try:
        recording = Recording.load_recording(path)
        recording.append_recording_from_file(path)
        recording.append_recording(recording)
        assert recording.step_count == 4 * 16 * 500
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        recording.save_recording(tmp_path / "all.lbr")
        # A block at a time, in the making of which it is there a few times.
        assert tracemalloc.get_traced_memory()[1] < 5 * episode.observations.nbytes
    finally:
        tracemalloc.stop()
    with RecordingReader(tmp_path / "all.lbr") as reader:
        assert len(reader) == 64


def test_a_file_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="can't be written"):
        make(1).save_recording(tmp_path / "nowhere" / "moves.lbr")
