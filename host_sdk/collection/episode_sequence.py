"""Recorded episodes from several places as one sequence: some in memory, some in mapped files, none copied."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import overload

import numpy as np

from protocol.experience import Int64Array
from protocol.recording import Episode, RecordingReader, SelectedEpisodes


class EpisodeSequence(Sequence[Episode]):
    """Grows at its end: by an episode, or by all of another's."""

    def __init__(self) -> None:
        self._parts: list[Sequence[Episode]] = []
        self._starts: list[int] = []
        self._step_counts: list[Int64Array] = []
        self._own: list[Episode] | None = None
        self._count = 0

    def append(self, episode: Episode) -> None:
        """Adds one at the end."""
        if self._own is None:
            self._own = []
            self._parts.append(self._own)
            self._starts.append(self._count)
        self._own.append(episode)
        self._count += 1

    def append_file(self, episodes: RecordingReader | SelectedEpisodes) -> None:
        """Adds those of a file that are known now, as views of it."""
        if len(episodes):
            self._seal()
            self._add(episodes, episodes.step_counts)

    def extend(self, other: EpisodeSequence) -> None:
        """Adds those that another has now; the episodes themselves are shared."""
        other._seal()
        self._seal()
        for part, step_counts in zip(tuple(other._parts), tuple(other._step_counts), strict=True):
            self._add(part, step_counts)

    def mark_end(self) -> int:
        """A mark of where it ends now, for `cut_back`."""
        self._seal()
        return len(self._parts)

    def cut_back(self, mark: int) -> None:
        """Forgets what was added since the mark was made."""
        if len(self._parts) > mark:
            self._own = None
            self._count = self._starts[mark]
            del self._parts[mark:], self._starts[mark:], self._step_counts[mark:]

    @property
    def step_counts(self) -> Int64Array:
        """int64[E], of all episodes, known without reading them."""
        own = [episode.step_count for episode in self._own or ()]
        return np.concatenate([*self._step_counts, np.array(own, dtype=np.int64)])

    def release_memory(self) -> None:
        """Gives back the memory that pages of files take; episodes stay, and are read again."""
        for part in self._parts:
            if isinstance(part, RecordingReader | SelectedEpisodes):
                part.release_memory()

    def step_count_of(self, index: int) -> int:
        """Steps of one episode, likewise."""
        part, place = self._place_of(index)
        is_own = self._own is not None and part == len(self._parts) - 1
        return self._parts[part][place].step_count if is_own else int(self._step_counts[part][place])

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Episode: ...
    @overload
    def __getitem__(self, index: slice) -> list[Episode]: ...
    def __getitem__(self, index: int | slice) -> Episode | list[Episode]:
        """An episode, or several. Raises RecordingError where the file that holds it is damaged there."""
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self._count))]
        part, place = self._place_of(index)
        return self._parts[part][place]

    def _place_of(self, index: int) -> tuple[int, int]:
        """Its part and the place there."""
        index = range(self._count)[index]
        part = bisect_right(self._starts, index) - 1
        return part, index - self._starts[part]

    def _seal(self) -> None:
        """What was appended one by one grows no more, so that others may share it."""
        if self._own is not None:
            self._step_counts.append(np.array([episode.step_count for episode in self._own], dtype=np.int64))
            self._own = None

    def _add(self, part: Sequence[Episode], step_counts: Int64Array) -> None:
        self._parts.append(part)
        self._starts.append(self._count)
        self._step_counts.append(step_counts)
        self._count += len(step_counts)
