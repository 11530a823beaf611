"""Where a recorder's episodes go as they end: into a recording in memory, or straight into a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from host_sdk.recording import Recording
from protocol.errors import RecordingError
from protocol.limits import MEBIBYTE
from protocol.recording import Episode, RecordingHeader, RecordingReader, RecordingWriter


class RecordingSink(Protocol):
    """Takes the episodes of one session, from the beginning of a recording to its end."""

    def append(self, episode: Episode) -> None:
        """Keeps an episode. Raises RecordingError where that fails; those before it stay."""

    def close(self) -> None:
        """The session is over. Raises RecordingError where something is not safe yet."""

    def discard(self) -> None:
        """The session is over, and all is as it was before it. Raises RecordingError."""


class MemorySink(RecordingSink):
    """A recording, which gets what it takes at once."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._episodes = recording.episodes
        self._mark = self._episodes.mark_end()

    def append(self, episode: Episode) -> None:
        self._recording.append_episode(episode)

    def close(self) -> None:
        """Nothing is left to do."""

    def discard(self) -> None:
        # Where somebody emptied the recording meanwhile, all that it has is of this session.
        is_same = self._recording.episodes is self._episodes
        self._recording.episodes.cut_back(self._mark if is_same else 0)


class FileSink(RecordingSink):
    """A file; each episode is in it, for every reader, once it was taken."""

    def __init__(self, path: Path, header: RecordingHeader, *, is_appending: bool) -> None:
        """Opens the file. Raises RecordingError as `RecordingWriter`."""
        self._path = path
        self._bytes_before: int | None = None
        if is_appending and path.exists():
            with RecordingReader(path) as reader:
                self._bytes_before = reader.whole_bytes
        self._writer = RecordingWriter(path, header, is_appending=is_appending)

    def append(self, episode: Episode) -> None:
        self._writer.append(episode)

    def close(self) -> None:
        try:
            self._writer.close()
        except OSError as error:
            raise RecordingError(
                f"the recording {self._path} can't be brought to the disk: {error}; look at what is in it with "
                "`learning-bridge inspect`"
            ) from error

    def discard(self) -> None:
        """Readers that have the file open keep what they know of it, since it is replaced and not cut."""
        try:
            self._writer.close()
            if self._bytes_before is None:
                self._path.unlink()
            else:
                self._replace_by_beginning(self._bytes_before)
        except OSError as error:
            raise RecordingError(
                f"the recording {self._path} can't be brought back to what it was: {error}; what was recorded since "
                "is still in it"
            ) from error

    def _replace_by_beginning(self, size: int) -> None:
        temporary = self._path.parent / f".{self._path.name}.{os.getpid()}.new"
        try:
            with open(self._path, "rb") as source, open(temporary, "wb") as target:
                while size:
                    block = source.read(min(size, MEBIBYTE))
                    target.write(block)
                    size -= len(block)
            os.replace(temporary, self._path)
        finally:
            temporary.unlink(missing_ok=True)
