"""Some of a recording's episodes, as a sequence: those that are as they were written, for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from protocol.errors import RecordingError
from protocol.experience import Int64Array
from protocol.recording.episode import Episode
from protocol.recording.reader import RecordingReader


class SelectedEpisodes(Sequence[Episode]):
    """Some of a file's episodes."""

    def __init__(self, reader: RecordingReader, indices: Sequence[int]) -> None:
        self._reader = reader
        self._indices = tuple(indices)

    @property
    def step_counts(self) -> Int64Array:
        """int64[E]."""
        return self._reader.step_counts[list(self._indices)]

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, index: int) -> Episode: ...
    @overload
    def __getitem__(self, index: slice) -> list[Episode]: ...
    def __getitem__(self, index: int | slice) -> Episode | list[Episode]:
        """An episode, or several. Raises RecordingError where the file was damaged since."""
        if isinstance(index, slice):
            return [self._reader[each] for each in self._indices[index]]
        return self._reader[self._indices[index]]

    def release_memory(self) -> None:
        """Gives back the memory that pages of the file take; episodes stay, and are read again."""
        self._reader.release_memory()


def select_whole(reader: RecordingReader, leave_out: Callable[[RecordingError], None]) -> SelectedEpisodes:
    """The episodes that are as they were written; every one is looked at.

    Args:
        reader: of the file.
        leave_out: told what is wrong with each of the others.
    """
    indices = []
    for index, found in reader.whole_episodes():
        if isinstance(found, RecordingError):
            leave_out(found)
        else:
            indices.append(index)
    return SelectedEpisodes(reader, indices)
