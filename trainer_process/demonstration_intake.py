"""What becomes of demonstrations on the main thread: kept, handed to the algorithm, and their end made out."""

from __future__ import annotations

from protocol.recording import FlatEpisodes
from trainer_process.algorithms.base import Algorithm
from trainer_process.demonstration_spool import DemonstrationSpool


class DemonstrationIntake:
    """Takes the streams of all hosts in, and tells the algorithm that these are all for now once every stream ended.

    A host whose last message was not yet the last of its stream is in the middle of one, until it leaves.
    """

    def __init__(self, algorithm: Algorithm, spool: DemonstrationSpool) -> None:
        """
        Args:
            algorithm: what learns from them.
            spool: where they are kept; those that are in it already are handed on at once.
        """
        self._algorithm = algorithm
        self._spool = spool
        self._streams: dict[int, int] = {}
        self._stream_count = 0
        self._streaming: set[int] = set()
        self._is_end_held_back = False
        if len(spool):
            algorithm.add_demonstrations(spool.episodes, is_last=True)

    def begin(self, host_index: int) -> None:
        """A host joined, or joined anew: what it streams from now on may have come before."""
        self.forget(host_index)
        self._streams[host_index] = self._stream_count
        self._stream_count += 1

    def accept(self, episodes: FlatEpisodes, host_index: int, *, is_last: bool) -> None:
        """Takes the episodes of a message in; their arrays are needed no longer afterwards.

        Args:
            episodes: checked.
            host_index: who sent them, and began before.
            is_last: whether its stream ends with them.

        Raises:
            ExperienceError: the algorithm can't use them.
            RecordingError: they can't be written.
        """
        new = self._spool.append(episodes, self._streams[host_index])
        if is_last:
            self._streaming.discard(host_index)
            self._is_end_held_back = bool(self._streaming)
        else:
            self._streaming.add(host_index)
        self._algorithm.add_demonstrations(new, is_last=is_last and not self._is_end_held_back)

    def forget(self, host_index: int) -> None:
        """A host left; where the others waited for the end of its stream, they wait no longer."""
        self._streaming.discard(host_index)
        if self._is_end_held_back and not self._streaming:
            self._is_end_held_back = False
            self._algorithm.add_demonstrations((), is_last=True)

    def close(self) -> None:
        """Ends the file."""
        self._spool.close()
