"""How a recording goes out: in order, in small messages, never more than two ahead of the trainer's credit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from host_sdk.collection import demonstration_stream
from host_sdk.collection.demonstration_stream import DemonstrationStream, check_recording
from host_sdk.connection.behavior_link import BehaviorLink
from host_sdk.recording import Recording
from protocol.demonstrations_wire import demonstrations_from_message
from protocol.errors import RecordingError
from protocol.messages import Configure, Credit, Demonstrations, Ready
from protocol.recording import Episode, RecordingReader, save_recording
from protocol.schema import ContinuousObservation
from tests.host_sdk.recorded_episodes import EpisodesInMemory, random_recording
from tests.host_sdk.small_game import SmallInteractor, make_manager
from tests.trainer_process.server_world import configure


def make_configure() -> Configure:
    return configure()


def ready() -> Ready:
    return Ready("Walker", 1, 0, 1, False, (), {}, 0, 0, 0, "")


class Trainer:
    """The other end of a link: takes messages in, and gives credit when it is told to."""

    def __init__(self) -> None:
        self.link = BehaviorLink(make_configure)
        self.link.hear(ready())
        self.taken: list[Demonstrations] = []

    def take(self) -> list[Demonstrations]:
        """What was handed over since."""
        taken = []
        while (message := self.link.next_unsent()) is not None:
            assert isinstance(message, Demonstrations)
            taken.append(message)
            self.link.mark_sent()
        self.taken += taken
        return taken

    def credit(self, *messages: Demonstrations) -> None:
        for message in messages:
            self.link.hear(Credit("Walker", message.batch_id))

    def episodes(self) -> Iterator[Episode]:
        return (episode for message in self.taken for episode in demonstrations_from_message(message))


@pytest.fixture
def interactor() -> SmallInteractor:
    interactor = SmallInteractor()
    interactor.setup_interactor(make_manager(1))
    return interactor


@pytest.fixture
def trainer() -> Trainer:
    return Trainer()


def stream_all(stream: DemonstrationStream, trainer: Trainer) -> None:
    """Ticks until everything is there, each message credited at once; the bound is for hangs alone."""
    for _ in range(1000):
        stream.advance(trainer.link)
        if stream.is_delivered:
            return
        trainer.credit(*trainer.take())
    raise AssertionError(f"sent {stream.sent_episode_count} of {stream.episode_count} episodes")


def test_all_episodes_come_once_and_in_order(interactor: SmallInteractor, trainer: Trainer) -> None:
    recording = random_recording(interactor, 5, 1, 7, 3, 2)
    stream_all(DemonstrationStream("Walker", recording, message_bytes=400), trainer)
    assert len(trainer.taken) > 1
    for sent, recorded in zip(trainer.episodes(), recording.episodes, strict=True):
        assert (sent.serial, sent.completion) == (recorded.serial, recorded.completion)
        np.testing.assert_array_equal(sent.observations, recorded.observations)
        np.testing.assert_array_equal(sent.actions, recorded.actions)
        np.testing.assert_array_equal(sent.final_observation, recorded.final_observation)


def test_only_the_last_message_says_that_it_is_the_last(interactor: SmallInteractor, trainer: Trainer) -> None:
    stream_all(DemonstrationStream("Walker", random_recording(interactor, 4, 4, 4), message_bytes=1), trainer)
    assert [message.is_last for message in trainer.taken] == [False, False, True]


def test_no_more_than_two_messages_wait_for_credit(interactor: SmallInteractor, trainer: Trainer) -> None:
    stream = DemonstrationStream("Walker", random_recording(interactor, 2, 2, 2, 2), message_bytes=1)
    for _ in range(5):
        stream.advance(trainer.link)
    first, second = trainer.take()
    assert (stream.sent_fraction, stream.is_sent) == (0.5, False)
    trainer.credit(first)
    stream.advance(trainer.link)
    stream.advance(trainer.link)
    (third,) = trainer.take()
    assert [first.batch_id, second.batch_id, third.batch_id] == [1, 2, 3]


def test_a_tick_hands_over_one_message(interactor: SmallInteractor, trainer: Trainer) -> None:
    stream = DemonstrationStream("Walker", random_recording(interactor, 2, 2), message_bytes=1)
    stream.advance(trainer.link)
    assert len(trainer.take()) == 1


def test_it_is_delivered_when_the_last_credit_has_come(interactor: SmallInteractor, trainer: Trainer) -> None:
    stream = DemonstrationStream("Walker", random_recording(interactor, 2))
    stream.advance(trainer.link)
    assert (stream.is_sent, stream.is_delivered) == (True, False)
    trainer.credit(*trainer.take())
    stream.advance(trainer.link)
    assert stream.is_delivered


def test_nothing_goes_before_the_trainer_is_ready(interactor: SmallInteractor) -> None:
    link = BehaviorLink(make_configure)
    DemonstrationStream("Walker", random_recording(interactor, 2)).advance(link)
    assert link.next_unsent() is None


def test_a_trainer_that_knows_nothing_of_before_gets_everything_again(
    interactor: SmallInteractor, trainer: Trainer
) -> None:
    recording = random_recording(interactor, 2, 3, 4)
    stream = DemonstrationStream("Walker", recording, message_bytes=1)
    for _ in range(2):
        stream.advance(trainer.link)
        trainer.take()
    trainer.link.restart()
    trainer.link.hear(ready())
    assert trainer.link.next_unsent() is None
    trainer.taken.clear()
    stream_all(stream, trainer)
    assert [episode.serial for episode in trainer.episodes()] == [0, 1, 2]
    assert trainer.taken[0].batch_id == 3


def test_a_message_that_came_back_with_the_session_is_not_sent_twice(
    interactor: SmallInteractor, trainer: Trainer
) -> None:
    stream = DemonstrationStream("Walker", random_recording(interactor, 2, 2), message_bytes=1)
    stream.advance(trainer.link)
    stream.advance(trainer.link)
    trainer.take()
    trainer.link.resume(last_consumed=2, last_accepted=2)
    stream.advance(trainer.link)
    assert stream.is_delivered
    assert trainer.take() == []


def test_an_episode_longer_than_a_message_goes_alone(interactor: SmallInteractor, trainer: Trainer) -> None:
    stream_all(DemonstrationStream("Walker", random_recording(interactor, 1, 100, 1), message_bytes=400), trainer)
    assert [len(message.table) for message in trainer.taken] == [1, 1, 1]


@pytest.mark.parametrize("limit", ["MAX_BATCH_STEPS", "MAX_BATCH_BYTES"])
def test_an_episode_that_no_message_may_hold_is_named(
    interactor: SmallInteractor, trainer: Trainer, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(demonstration_stream, limit, 200 if limit == "MAX_BATCH_BYTES" else 4)
    stream = DemonstrationStream("Walker", random_recording(interactor, 2, 9))
    stream.advance(trainer.link)
    with pytest.raises(RecordingError, match="episode 1 has 9 steps"):
        stream.advance(trainer.link)


def test_a_file_is_streamed_as_memory_is(interactor: SmallInteractor, trainer: Trainer, tmp_path: Path) -> None:
    recording = random_recording(interactor, 5, 6)
    save_recording(tmp_path / "run.lbr", recording.header, recording.episodes)
    with RecordingReader(tmp_path / "run.lbr") as reader:
        stream_all(DemonstrationStream("Walker", reader), trainer)
    assert [episode.step_count for episode in trainer.episodes()] == [5, 6]


def test_the_memory_of_a_file_is_given_back_as_it_is_sent(
    interactor: SmallInteractor, trainer: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = random_recording(interactor, 5, 6, 7)
    save_recording(tmp_path / "run.lbr", recording.header, recording.episodes)
    monkeypatch.setattr(demonstration_stream, "READ_BYTES", 500)
    releases: list[int] = []
    monkeypatch.setattr(RecordingReader, "release_memory", lambda reader: releases.append(len(trainer.taken)))
    loaded = Recording.load_recording(tmp_path / "run.lbr")
    stream_all(DemonstrationStream("Walker", loaded, message_bytes=1), trainer)
    assert releases == [1, 2]
    assert [episode.step_count for episode in trainer.episodes()] == [5, 6, 7]


def test_a_damaged_episode_is_named(interactor: SmallInteractor, trainer: Trainer, tmp_path: Path) -> None:
    recording = random_recording(interactor, 5, 6)
    path = tmp_path / "run.lbr"
    save_recording(path, recording.header, recording.episodes)
    content = bytearray(path.read_bytes())
    content[-80] ^= 1
    path.write_bytes(content)
    with RecordingReader(path) as reader, pytest.raises(RecordingError, match="episode 1 at byte"):
        DemonstrationStream("Walker", reader).advance(trainer.link)


def test_a_recording_of_another_schema_is_refused_by_the_element(interactor: SmallInteractor) -> None:
    recording = random_recording(interactor, 3)
    other = type(recording.header)(ContinuousObservation(2), recording.header.action)
    with pytest.raises(RecordingError, match=r"\$\.observation"):
        check_recording(EpisodesInMemory(other, recording.episodes), interactor)


def test_a_recording_without_episodes_is_refused(interactor: SmallInteractor) -> None:
    with pytest.raises(RecordingError, match="at least one episode"):
        check_recording(random_recording(interactor), interactor)
