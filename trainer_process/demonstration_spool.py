"""The demonstrations of a behavior, kept in a file of its folder and handed on as views of it.

So that however many there are, they take no memory but what the system spares; and no array that was handed on lies in
memory of a host, which is written again after credit.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import overload

from protocol.errors import RecordingError
from protocol.recording import Episode, FlatEpisodes, RecordingHeader, RecordingReader, RecordingWriter
from protocol.schema import ActionElement, ObservationElement
from trainer_process.errors import ExperienceError

logger = logging.getLogger(__name__)

_KEPT = -1
"""Stands for the streams of an earlier run."""


class SpooledEpisodes(Sequence[Episode]):
    """Some consecutive episodes of a spool; each is read, and checked, when it is first asked for, from any thread."""

    def __init__(self, spool: DemonstrationSpool, indices: range) -> None:
        self._spool = spool
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, index: int) -> Episode: ...
    @overload
    def __getitem__(self, index: slice) -> list[Episode]: ...
    def __getitem__(self, index: int | slice) -> Episode | list[Episode]:
        """An episode, or several. Raises RecordingError where the file was damaged since."""
        if isinstance(index, slice):
            return [self._spool.episode(each) for each in self._indices[index]]
        return self._spool.episode(self._indices[index])

    def release_memory(self) -> None:
        """Gives back the memory that pages of the file take; episodes stay, and are read again."""
        self._spool.release_memory()


class DemonstrationSpool:
    """A recording's file that takes what hosts send, as they send it.

    An episode that came in another stream before, to the byte, is passed over: hosts that train together may stream one
    recording, and one that lost its session streams it again. What one stream repeats is kept.
    """

    def __init__(
        self, path: Path, observation: ObservationElement, action: ActionElement, *, goes_on: bool = False
    ) -> None:
        """
        Args:
            path: of the file, made with the first episodes.
            observation: the behavior's schema.
            action: likewise.
            goes_on: whether a file that is there belongs to the same training, interrupted; else it is replaced.

        Raises:
            RecordingError: the file goes on, and can't be used.
        """
        self._path = path
        self._schemas = observation, action
        self._writer: RecordingWriter | None = None
        self._reader: RecordingReader | None = None
        self._lock = threading.Lock()
        self._stream_of: dict[bytes, int] = {}
        self._count = 0
        if goes_on and path.exists():
            self._go_on()

    def __len__(self) -> int:
        return self._count

    @property
    def episodes(self) -> SpooledEpisodes:
        """All that are there now."""
        return SpooledEpisodes(self, range(self._count))

    def append(self, episodes: FlatEpisodes, stream: int) -> SpooledEpisodes:
        """Writes episodes that were checked; gives back those that are new.

        Args:
            episodes: all with action modifiers, or none, as those before.
            stream: which one they are of, from 0.

        Raises:
            ExperienceError: the episodes before had modifiers and these have not, or the other way round.
            RecordingError: they can't be written; the disk is full, perhaps.
        """
        writer = self._writer_for(episodes.action_modifiers.shape[1] > 0)
        first = self._count
        for episode in episodes:
            digest = _digest(episode)
            if self._stream_of.setdefault(digest, stream) == stream:
                writer.append(episode)
                self._count += 1
        new = SpooledEpisodes(self, range(first, self._count))
        if len(new) < episodes.episode_count:
            logger.info("%d demonstrations came before, and are not taken twice", episodes.episode_count - len(new))
        return new

    def episode(self, index: int) -> Episode:
        """One of them, as views of the file."""
        with self._lock:
            if self._reader is None:
                self._reader = RecordingReader(self._path)
            if index >= len(self._reader):
                self._reader.refresh()
            return self._reader[index]

    def release_memory(self) -> None:
        """Gives back the memory that pages of the file take in this process."""
        with self._lock:
            if self._reader is not None:
                self._reader.release_memory()

    def close(self) -> None:
        """Ends the writing; episodes that are there can still be read."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        with self._lock:
            if self._reader is not None:
                self._reader.refresh()
                self._reader.close()

    def _writer_for(self, has_modifiers: bool) -> RecordingWriter:
        if self._writer is None:
            try:
                self._path.unlink(missing_ok=True)
            except OSError as error:
                raise RecordingError(f"the recording {self._path} can't be begun anew: {error}") from error
            self._writer = RecordingWriter(self._path, RecordingHeader(*self._schemas, has_modifiers))
        elif self._writer.header.has_modifiers != has_modifiers:
            expected, received = ("with", "without") if self._writer.header.has_modifiers else ("without", "with")
            raise ExperienceError(
                f"Demonstrations.action_modifiers: expected episodes {expected} action modifiers, as those before, got "
                f"some {received}: record them all with one interactor, or train on them apart"
            )
        return self._writer

    def _go_on(self) -> None:
        with RecordingReader(self._path) as reader:
            header = reader.header
            for episode in reader:
                self._stream_of[_digest(episode)] = _KEPT
        header.check_schemas(*self._schemas, str(self._path))
        self._writer = RecordingWriter(self._path, header, is_appending=True)
        self._count = len(reader)


def _digest(episode: Episode) -> bytes:
    """Tells episodes apart by everything that is in them."""
    digest = blake2b(digest_size=8)
    digest.update(repr((int(episode.completion), episode.agent_id, episode.serial, episode.sizes)).encode())
    for array in (episode.observations, episode.images, episode.actions, episode.action_modifiers, episode.rewards):
        digest.update(array.data if array.flags.c_contiguous else array.tobytes())
    digest.update(episode.final_observation.data)
    digest.update(episode.final_image.data)
    return digest.digest()
