"""A recorder keeps every whole step of every agent, and nothing else, whatever happens to agents, files and disks."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_sdk.controller import Controller
from host_sdk.errors import DoubledCallError, InvalidSettingsError, MissingCallError, NotSetUpError
from host_sdk.recorder import Recorder
from host_sdk.recording import Recording
from host_sdk.settings import RecorderSettings
from protocol.completion import Completion
from protocol.errors import RecordingError
from protocol.recording import Episode, RecordingReader, RecordingWriter
from tests.host_sdk.demonstrated_game import DemonstratedGame
from tests.host_sdk.scripted_controller import ScriptedController
from tests.host_sdk.small_game import SmallEnvironment, SmallInteractor, make_manager


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "moves.lbr"


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from([None, 1, 3, 6]), st.booleans(), st.integers(1, 5))
def test_every_whole_step_is_recorded_whatever_happens(
    seed: int, longest: int | None, has_environment: bool, chunk_rows: int
) -> None:
    random = np.random.default_rng(seed)
    chance = random.choice([0.02, 0.1, 0.3])

    def some() -> set[int]:
        return set(np.flatnonzero(random.random(5) < chance).tolist())

    game = DemonstratedGame(has_environment=has_environment, settings=RecorderSettings(max_episode_step_count=longest))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("host_sdk.collection.step_store._MOST_ROWS", chunk_rows)
        game.recorder.begin_recording()
    for _ in range(30):
        present = set(game.manager.agent_ids.tolist())
        reset = some() & present
        # Where nobody had a step to be rewarded for, the environment would say so.
        if len(reset) < len(present):
            game.reset(reset)
        completions = {agent: Completion(int(random.integers(1, 3))) for agent in some()}
        game.outcome(completions, broken_rewards=some(), broken_finals=some())
        game.reset(some() & present)
        game.remove(some() & present)
        if random.random() < 0.3:
            game.add()
        game.act(some())
    game.end()
    game.assert_recorded(game.recorder.get_recording().episodes)
    assert game.recorder.episode_count == len(game.expected)


def test_an_episode_of_one_step_is_one(path: Path) -> None:
    game = DemonstratedGame(1, recording=path)
    game.recorder.begin_recording()
    game.play()
    game.play({0: Completion.TERMINATION})
    game.end()
    (episode,) = game.recorder.get_recording().episodes
    assert (episode.step_count, episode.is_terminated) == (1, True)
    game.assert_recorded([episode])


def test_a_game_is_recorded_in_one_call_a_tick(path: Path) -> None:
    manager = make_manager(3)
    interactor = SmallInteractor.make_interactor(manager)
    environment = SmallEnvironment.make_training_environment(manager)
    controller = Controller.make_controller(manager, interactor, ScriptedController)
    recorder = Recorder.make_recorder(manager, interactor, environment, path, name="tape")
    assert (recorder.name, recorder.is_recording, recorder.is_setup) == ("tape", False, True)
    for tick in range(7):
        environment.completions = {1: Completion.TERMINATION} if tick == 4 else {}
        recorder.run_recording(controller)
    assert recorder.is_recording
    assert environment.resets == [[1]]
    assert (recorder.episode_count, recorder.step_count) == (1, 4)
    recorder.end_recording()
    assert (recorder.is_recording, recorder.recording_failure) == (False, None)
    recording = recorder.get_recording()
    # What was done last got no reward, and what was seen at it is what the step before led to.
    assert recording.step_counts.tolist() == [4, 6, 2, 6]
    assert [episode.agent_id for episode in recording.episodes] == [1, 0, 1, 2]
    assert recording.episodes[2].rewards.tolist() == [1.0, 1.0]
    assert (recorder.episode_count, recorder.step_count) == (4, 18)
    recorder.run_recording(controller)
    assert not recorder.is_recording
    environment.completions = {0: Completion.TRUNCATION}
    recorder.run_recording(controller)
    assert environment.resets[-1] == [0]
    assert recorder.get_recording().record_count == 4


def test_a_policy_is_recorded_as_well() -> None:
    game = DemonstratedGame(2)
    for _ in range(4):
        game.recorder.run_recording(game.policy, action_noise_scale=0.0)
    assert game.policy.is_deterministic
    game.recorder.end_recording()
    assert game.recorder.get_recording().step_counts.tolist() == [3, 3]


def test_a_game_without_an_environment_is_recorded_without_rewards() -> None:
    manager = make_manager(2)
    interactor = SmallInteractor.make_interactor(manager)
    controller = ScriptedController.make_controller(manager, interactor)
    recorder = Recorder.make_recorder(manager, interactor)
    for _ in range(4):
        recorder.run_recording(controller)
    manager.reset_agent(0)
    for _ in range(3):
        recorder.run_recording(controller)
    recorder.end_recording()
    recording = recorder.get_recording()
    assert recording.step_counts.tolist() == [3, 2, 6]
    assert not any(episode.has_rewards or episode.is_terminated for episode in recording.episodes)
    assert recorder.training_environment is None


def test_agents_that_begin_anew_with_the_recording_have_no_record_from_their_middle() -> None:
    game = DemonstratedGame(2)
    for _ in range(3):
        game.act()
    game.recorder.begin_recording(reset_agents_on_begin=True)
    assert game.environment.resets == [[0, 1]]
    game.play()
    game.play()
    game.end()
    game.assert_recorded(game.recorder.get_recording().episodes)


def test_a_recording_that_begins_in_the_middle_of_a_tick_loses_nothing() -> None:
    game = DemonstratedGame(2, has_environment=False)
    game.act()
    game.recorder.begin_recording()
    game.play()
    game.play()
    game.end()
    game.assert_recorded(game.recorder.get_recording().episodes)
    assert game.recorder.get_recording().step_counts.tolist() == [2, 2]


def test_steps_that_nobody_told_of_part_two_episodes() -> None:
    game = DemonstratedGame(1, has_environment=False)
    game.recorder.begin_recording()
    for _ in range(4):
        game.play()
    game.act()  # whose outcome is not asked for
    game.act()
    game.recorder.add_experience()
    game.recorder.end_recording()
    first, second = game.recorder.get_recording().episodes
    assert (first.observations[:, 1] * 10).round().tolist() == [0, 1]
    assert (first.final_observation[1] * 10).round() == 2
    assert (second.observations[:, 1] * 10).round().tolist() == [5]


def test_calls_out_of_order_are_named() -> None:
    game = DemonstratedGame(1)
    game.recorder.begin_recording()
    game.recorder.add_experience()  # nobody has acted
    game.act()
    with pytest.raises(MissingCallError, match="gather_rewards was not called"):
        game.recorder.add_experience()
    game.outcome()
    with pytest.raises(DoubledCallError, match="add_experience was called twice"):
        game.recorder.add_experience()
    other = DemonstratedGame(1, has_environment=False)
    other.recorder.begin_recording()
    other.play()
    other.play()
    other.outcome()
    with pytest.raises(DoubledCallError, match="add_experience was called twice"):
        other.recorder.add_experience()
    with pytest.raises(NotSetUpError, match="already set up"):
        game.recorder.setup_recorder(game.manager, game.interactor)


def test_beginning_twice_goes_on_and_ending_twice_does_nothing(caplog: pytest.LogCaptureFixture) -> None:
    game = DemonstratedGame(1)
    game.recorder.end_recording()
    game.recorder.end_recording_and_discard()
    game.recorder.begin_recording()
    game.play()
    with caplog.at_level(logging.WARNING, "host_sdk.recorder"):
        game.recorder.begin_recording()
    assert "under way already" in caplog.text
    game.play()
    game.end()
    game.recorder.end_recording()
    game.assert_recorded(game.recorder.get_recording().episodes)


@pytest.mark.parametrize("in_file", [False, True])
def test_a_second_session_goes_on_and_a_discarded_one_leaves_nothing(in_file: bool, path: Path) -> None:
    game = DemonstratedGame(2, recording=path if in_file else None)

    def session() -> None:
        game.recorder.begin_recording(reset_agents_on_begin=True)
        for _ in range(3):
            game.play()
        game.play({0: Completion.TERMINATION})

    session()
    game.recorder.end_recording_and_discard()
    assert path.exists() is False
    session()
    game.recorder.end_recording()
    kept = game.recorder.get_recording()
    assert kept.record_count == 2
    session()
    before = [episode.observations.copy() for episode in game.recorder.get_recording().episodes]
    assert len(before) == 3
    game.recorder.end_recording_and_discard()
    assert game.recorder.get_recording().record_count == 2
    session()
    game.recorder.end_recording()
    assert game.recorder.get_recording().record_count == 4
    assert len(before) == 3
    assert sorted(os.listdir(path.parent)) == (["moves.lbr"] if in_file else [])


def test_readers_keep_what_a_discarded_session_took_back(path: Path) -> None:
    game = DemonstratedGame(1, recording=path)
    game.recorder.begin_recording()
    for _ in range(3):
        game.play()
    game.recorder.end_recording()
    game.recorder.begin_recording()
    game.play({0: Completion.TERMINATION})
    read = Recording.load_recording(path)
    game.recorder.end_recording_and_discard()
    assert [episode.step_count for episode in read.episodes] == [2, 1]
    assert Recording.load_recording(path).record_count == 1


def test_a_recording_that_is_given_gets_the_records() -> None:
    mine = DemonstratedGame(1)
    recording = Recording.make_recording(mine.interactor, metadata={"player": "7"})
    game = DemonstratedGame(1, recording=recording)
    game.recorder.begin_recording()
    game.play()
    game.play({0: Completion.TRUNCATION})
    assert recording.record_count == 1
    recording.reset_recording()
    game.play({0: Completion.TERMINATION})
    assert game.recorder.get_recording() is recording
    assert recording.get_completion(0) is Completion.TERMINATION
    game.recorder.end_recording_and_discard()
    assert recording.record_count == 0
    assert recording.metadata == {"player": "7"}


def test_a_recording_of_another_schema_is_refused(path: Path) -> None:
    manager = make_manager(1)
    interactor = SmallInteractor.make_interactor(manager)
    other = Recording.make_recording(DemonstratedGame(1).interactor)
    with pytest.raises(RecordingError, match=r"the recorder's recording: \$\.observation"):
        Recorder.make_recorder(manager, interactor, None, other)
    other.save_recording(path)
    recorder = Recorder.make_recorder(manager, interactor, None, path, settings=RecorderSettings(is_appending=True))
    with pytest.raises(RecordingError, match=r"\$\.observation"):
        recorder.begin_recording()
    assert not recorder.is_recording


def test_a_file_that_is_there_goes_on_only_when_that_is_asked_for(path: Path) -> None:
    for is_appending in (False, True):
        game = DemonstratedGame(1, recording=path, settings=RecorderSettings(is_appending=is_appending))
        game.recorder.begin_recording()
        game.play()
        game.play()
        game.recorder.end_recording()
    assert Recording.load_recording(path).record_count == 2
    game = DemonstratedGame(1, recording=path)
    with pytest.raises(RecordingError, match="expected no such file, got one; append to it"):
        game.recorder.run_recording(game.policy)
    assert "expected no such file" in str(game.recorder.recording_failure)
    for _ in range(3):  # the game goes on, unrecorded
        game.recorder.run_recording(game.policy)
    assert not game.recorder.is_recording


def test_a_file_is_read_while_it_is_recorded(path: Path) -> None:
    game = DemonstratedGame(2, recording=path, settings=RecorderSettings(metadata={"level": "2"}))
    with pytest.raises(RecordingError, match="can't be read"):
        game.recorder.get_recording()
    game.recorder.begin_recording()
    game.play()
    with RecordingReader(path) as reader:
        assert reader.header.metadata == {"level": "2"}
        for tick in range(6):
            game.play({tick % 2: Completion.TERMINATION})
            assert reader.refresh() == 1
        assert reader.torn_bytes == 0
        game.assert_recorded(reader)
    game.recorder.end_recording()


CRASH = """
import os, sys
from pathlib import Path
from protocol.completion import Completion
from tests.host_sdk.demonstrated_game import DemonstratedGame
game = DemonstratedGame(3, recording=Path(sys.argv[1]))
game.recorder.begin_recording()
for tick in range(10):
    game.play({tick % 3: Completion.TERMINATION} if tick else {})
print(len(game.expected), flush=True)
os._exit(9)
"""


def test_a_crash_costs_open_episodes_alone(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    recording = Recording.load_recording(path)
    assert recording.record_count == int(done.stdout) == 9
    assert [episode.step_count for episode in recording.episodes] == [1, 2, 3, 3, 3, 3, 3, 3, 3]


def test_a_full_disk_ends_the_recording_and_not_the_game(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    game = DemonstratedGame(2, recording=path)
    game.recorder.begin_recording()
    game.play()
    game.play({0: Completion.TERMINATION})

    def append(self: RecordingWriter, episode: Episode) -> None:
        raise RecordingError("No space left on device")

    monkeypatch.setattr(RecordingWriter, "append", append)
    with caplog.at_level(logging.ERROR, "host_sdk.recorder"):
        game.play({0: Completion.TERMINATION, 1: Completion.TERMINATION})
        for _ in range(3):
            game.play({0: Completion.TERMINATION})
    assert [record.getMessage() for record in caplog.records] == ["Recorder records no longer: No space left on device"]
    assert not game.recorder.is_recording
    assert "No space" in str(game.recorder.recording_failure)
    assert len(game.environment.resets) == 5
    game.recorder.end_recording()
    assert Recording.load_recording(path).record_count == 1
    monkeypatch.undo()
    game.recorder.begin_recording()
    assert game.recorder.recording_failure is None
    game.play({1: Completion.TERMINATION})
    game.recorder.end_recording()
    assert Recording.load_recording(path).record_count == 3


def test_a_disk_that_fails_at_the_end_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    game = DemonstratedGame(1, recording=path)
    game.recorder.begin_recording()
    game.play()
    game.play({0: Completion.TERMINATION})

    def fsync(descriptor: int) -> None:
        raise OSError("Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    game.recorder.end_recording()
    assert not game.recorder.is_recording
    assert "can't be brought to the disk: Input/output error" in str(game.recorder.recording_failure)


def test_rewards_that_are_not_finite_are_named_once_for_each_agent(caplog: pytest.LogCaptureFixture) -> None:
    game = DemonstratedGame(3)
    game.recorder.begin_recording()
    with caplog.at_level(logging.WARNING):
        game.play()
        for _ in range(3):
            game.play(broken_rewards=[1, 2])
    assert [record.getMessage()[:35] for record in caplog.records] == [
        "the reward of agent 1 is not finite",
        "the reward of agent 2 is not finite",
    ]
    game.end()
    game.assert_recorded(game.recorder.get_recording().episodes)


def test_settings_out_of_their_range_are_refused() -> None:
    with pytest.raises(InvalidSettingsError, match=r"RecorderSettings\.max_episode_step_count"):
        RecorderSettings(max_episode_step_count=0)
    with pytest.raises(RecordingError, match="expected texts"):
        DemonstratedGame(1, settings=RecorderSettings(metadata={"level": 3}))  # type: ignore[dict-item]


def test_one_endless_episode_does_not_keep_the_steps_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("host_sdk.collection.step_store._MOST_ROWS", 8)
    game = DemonstratedGame(16, 16)
    game.recorder.begin_recording()
    for _ in range(100):
        game.play(dict.fromkeys(range(1, 16), Completion.TERMINATION) if game.interactor.time else {})
    collector = game.recorder._collector
    assert collector is not None
    widths = [chunk.width for chunk in collector._store._chunks]
    assert widths[:-1] == [1] * (len(widths) - 1)
    assert np.isfinite(widths).all()
    game.end()
    game.assert_recorded(game.recorder.get_recording().episodes)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from protocol.completion import Completion
from tests.host_sdk.demonstrated_game import DemonstratedGame
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
game = DemonstratedGame(1, recording=Path(sys.argv[1]))
game.recorder.begin_recording()
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
for tick in range(60):
    game.play({0: Completion.TERMINATION} if tick % 7 == 0 else {})
print(game.recorder.is_recording, game.recorder.recording_failure)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
game.recorder.begin_recording(reset_agents_on_begin=True)
for tick in range(3):
    game.play()
game.recorder.end_recording()
print(game.recorder.recording_failure)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there a file's size can't be limited")
def test_what_was_saved_before_the_disk_was_full_stays_and_more_can_follow(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False)
    failure, none = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert failure.startswith(f"False the recording {path}: an episode of 7 steps can't be written: [Errno 27]")
    assert none == "None"
    *before, after = Recording.load_recording(path).step_counts.tolist()
    assert before == [7] * len(before)
    assert len(before) > 1
    assert after == 2
