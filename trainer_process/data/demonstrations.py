"""The episodes that an algorithm learns from, however many there are: split, and loaded as far as memory allows.

Letters: E episodes, S steps of several, O observation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from protocol.experience import Int64Array
from protocol.recording import Episode, EpisodeSizes, FlatEpisodes, flatten_episodes
from trainer_process.data.running_statistics import RunningStatistics

READ_BYTES = 64 * 2**20
"""Read of a mapped file, before its pages are given back."""


@runtime_checkable
class _MappedEpisodes(Protocol):
    """Episodes of a mapped file, whose pages can be given back."""

    def release_memory(self) -> None: ...


class _Episodes(Protocol):
    """What episodes are read from."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Episode: ...


class Demonstrations:
    """Episodes in the order in which they came; each is read when it is needed, and none is kept beside its source.

    Attributes:
        sizes: of every episode; M is that of those that have action modifiers, the others get zeros.
        step_counts: steps of each episode.
    """

    def __init__(self, sizes: EpisodeSizes) -> None:
        """Without any episode; `sizes` with M = 0, until one has action modifiers."""
        self.sizes = sizes
        self.step_counts: list[int] = []
        self._sources: list[Sequence[Episode]] = []
        self._places: list[tuple[int, int]] = []

    def add(self, episodes: Sequence[Episode], report_progress: Callable[[], None]) -> None:
        """Takes episodes in, and reads each of them once."""
        self._sources.append(episodes)
        for place, episode in enumerate(read_in_turn(episodes)):
            self._places.append((len(self._sources) - 1, place))
            self.step_counts.append(episode.step_count)
            if episode.sizes.modifier > self.sizes.modifier:
                self.sizes = replace(self.sizes, modifier=episode.sizes.modifier)
            report_progress()

    def __len__(self) -> int:
        """E."""
        return len(self._places)

    def __getitem__(self, index: int) -> Episode:
        """One episode, read anew."""
        source, place = self._places[index]
        return self._sources[source][place]

    def step_count(self, indices: Sequence[int]) -> int:
        """S of some episodes."""
        return sum(self.step_counts[index] for index in indices)

    def load(self, indices: Sequence[int]) -> FlatEpisodes:
        """Copies of some episodes, in this order."""
        flat = flatten_episodes([self[index] for index in indices], self.sizes)
        self.release_memory()
        return flat

    def count_observations(self, indices: Sequence[int], statistics: RunningStatistics) -> None:
        """Merges what was seen in some episodes into statistics of O features."""
        for episode in read_in_turn(self, indices):
            statistics.add(episode.observations)

    def release_memory(self) -> None:
        """Gives pages of mapped files back, which the system would else count as memory in use."""
        for source in self._sources:
            _release(source)

    def shards(self, indices: Sequence[int], budget_bytes: int, generator: np.random.Generator) -> Iterator[list[int]]:
        """Some episodes in random parts that each take at most so many bytes when loaded, and at least one episode.

        All of them in their own order where they fit together, without a draw.
        """
        needed = [self.step_counts[index] * self.sizes.bytes_of_step for index in indices]
        if sum(needed) <= budget_bytes:
            yield list(indices)
            return
        part: list[int] = []
        taken = 0
        for place in generator.permutation(len(needed)).tolist():
            if part and taken + needed[place] > budget_bytes:
                yield part
                part, taken = [], 0
            part.append(indices[place])
            taken += needed[place]
        yield part


class EpisodeSplit(NamedTuple):
    """Indices of episodes, in their order."""

    training: list[int]
    validation: list[int]


def split_episodes(
    count: int, validation_fraction: float, generator: np.random.Generator, min_validation_count: int = 1
) -> EpisodeSplit:
    """Keeps whole episodes back for validation: those of training and of validation share no trajectory.

    Args:
        count: E, at least 1.
        validation_fraction: of the episodes, rounded to the nearest number of them; at least one is left to train on.
        generator: draws which.
        min_validation_count: where it would be fewer, none is kept back.
    """
    validation_count = min(int(validation_fraction * count + 0.5), count - 1)
    if validation_count < min_validation_count:
        validation_count = 0
    order: Int64Array = generator.permutation(count)
    return EpisodeSplit(
        training=sorted(order[validation_count:].tolist()), validation=sorted(order[:validation_count].tolist())
    )


def read_in_turn(episodes: _Episodes, indices: Iterable[int] | None = None) -> Iterator[Episode]:
    """Episodes one by one, all by default; those of a mapped file take no more memory than `READ_BYTES` meanwhile."""
    read = 0
    for index in range(len(episodes)) if indices is None else indices:
        episode = episodes[index]
        yield episode
        read += episode.step_count * episode.sizes.bytes_of_step
        if read > READ_BYTES:
            _release(episodes)
            read = 0
    _release(episodes)


def _release(episodes: object) -> None:
    if isinstance(episodes, _MappedEpisodes):
        episodes.release_memory()
