"""Sending recorded episodes to a trainer, a few messages at a time, as fast as it takes them and no faster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from host_sdk.connection.behavior_link import BehaviorLink
from host_sdk.interactor import Interactor
from protocol.demonstrations_wire import demonstrations_to_message
from protocol.errors import RecordingError
from protocol.limits import MAX_BATCH_BYTES, MAX_BATCH_STEPS, MEBIBYTE
from protocol.recording import Episode, EpisodeSizes, RecordingHeader, flatten_episodes

MESSAGE_BYTES = 2 * MEBIBYTE
"""Of a message, unless one episode is longer: a tick that reads, checks and copies as much takes a few milliseconds."""

MESSAGES_IN_FLIGHT = 2
"""One on its way while the trainer keeps the other."""


READ_BYTES = 32 * MEBIBYTE
"""Of a file, after which the memory that its pages take is given back."""


@runtime_checkable
class MappedEpisodes(Protocol):
    """Episodes that may lie in a mapped file."""

    def release_memory(self) -> None:
        """Gives back the memory that pages of the file take."""


class RecordedEpisodes(Protocol):
    """What can be learnt from: a `Recording`, or a `protocol.recording.RecordingReader`."""

    @property
    def header(self) -> RecordingHeader:
        """What holds for all episodes."""

    @property
    def episodes(self) -> Sequence[Episode]:
        """The episodes, which may lie in a file."""


def check_recording(recording: RecordedEpisodes, interactor: Interactor) -> None:
    """Refuses a recording that nothing can be learnt from, before anything is sent.

    Raises:
        RecordingError: it is empty, or was made with another schema; names the element.
    """
    recording.header.check_schemas(interactor.observation_schema_element, interactor.action_schema_element)
    if not len(recording.episodes):
        raise RecordingError(
            "recording: expected at least one episode, got none; record some first, and end the recording: an episode "
            "counts once it has ended"
        )


class DemonstrationStream:
    """The episodes of one recording on their way to the trainer, in their order.

    `advance` is to be called once a tick, and does at most one message's work. At most two messages wait for credit
    at a time, so that neither side holds more of a large recording. A trainer that knows nothing of before (the link
    was restarted) gets everything again.

    Episodes that the recording gets after the stream was made are not sent.

    Attributes:
        episode_count: how many will be sent.
        sent_episode_count: how many are on their way, or there.
    """

    def __init__(
        self,
        behavior: str,
        recording: RecordedEpisodes,
        *,
        indices: range | None = None,
        message_bytes: int = MESSAGE_BYTES,
    ) -> None:
        """
        Args:
            behavior: whose demonstrations they are.
            recording: at least one episode, all of the header's sizes; see `check_recording`.
            indices: consecutive episodes to send, one at least; all where it is left away.
            message_bytes: the most that a message of several episodes holds.
        """
        self._behavior = behavior
        self._episodes = recording.episodes
        self._sizes = recording.header.sizes
        self._message_bytes = message_bytes
        self._restart_count = 0
        self._in_flight: list[int] = []
        self._read_bytes = 0
        self._indices = range(len(recording.episodes)) if indices is None else indices
        self.episode_count = len(self._indices)
        self.sent_episode_count = 0

    @property
    def is_sent(self) -> bool:
        """Whether the last message was handed over."""
        return self.sent_episode_count == self.episode_count

    @property
    def is_delivered(self) -> bool:
        """Whether the trainer has all of it, as far as it has said until the last `advance`."""
        return self.is_sent and not self._in_flight

    @property
    def sent_fraction(self) -> float:
        """0 to 1: how much of the episodes was handed over."""
        return self.sent_episode_count / self.episode_count

    def may_advance(self, link: BehaviorLink) -> bool:
        """Whether the next `advance` would hand over a message."""
        if link.restart_count != self._restart_count:
            self._restart_count = link.restart_count
            self._in_flight.clear()
            self.sent_episode_count = 0
        self._in_flight = [batch_id for batch_id in self._in_flight if link.is_in_flight(batch_id)]
        return link.ready is not None and not self.is_sent and len(self._in_flight) < MESSAGES_IN_FLIGHT

    def advance(self, link: BehaviorLink) -> bool:
        """Hands over one message, where one may go, and says whether it did. Never waits.

        Its batch id is the next one of the link's; the owner needn't take the release.

        Raises:
            RecordingError: an episode can't be read, or is longer than a message may be.
        """
        if not self.may_advance(link):
            return False
        episodes = self._next_episodes()
        self.sent_episode_count += len(episodes)
        message = demonstrations_to_message(
            self._behavior, link.next_batch_id, flatten_episodes(episodes, self._sizes), is_last=self.is_sent
        )
        link.hand_over(message)
        self._in_flight.append(message.batch_id)
        self._give_back(sum(_bytes_of(episode, self._sizes) for episode in episodes))
        return True

    def _give_back(self, byte_count: int) -> None:
        """What was sent of a file is not read again."""
        self._read_bytes += byte_count
        if isinstance(self._episodes, MappedEpisodes) and (self._read_bytes >= READ_BYTES or self.is_sent):
            self._read_bytes = 0
            self._episodes.release_memory()

    def _next_episodes(self) -> list[Episode]:
        """As many as fit into a message, and one at least."""
        taken: list[Episode] = []
        step_count = byte_count = 0
        for index in self._indices[self.sent_episode_count :]:
            episode = self._episodes[index]
            step_count += episode.step_count
            byte_count += _bytes_of(episode, self._sizes)
            if taken and (byte_count > min(self._message_bytes, MAX_BATCH_BYTES) or step_count > MAX_BATCH_STEPS):
                break
            if byte_count > MAX_BATCH_BYTES or step_count > MAX_BATCH_STEPS:
                raise RecordingError(
                    f"recording: episode {index} has {step_count} steps in {byte_count} bytes, and a message holds at "
                    f"most {MAX_BATCH_STEPS} steps and {MAX_BATCH_BYTES} bytes; record shorter episodes"
                )
            taken.append(episode)
        return taken


def _bytes_of(episode: Episode, sizes: EpisodeSizes) -> int:
    """In a message: its steps, its final observation and its row of the table."""
    return episode.step_count * sizes.bytes_of_step + 4 * sizes.observation + sizes.image + 4 * 8
