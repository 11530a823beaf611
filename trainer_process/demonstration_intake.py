"""What becomes of demonstrations on the main thread: kept, handed to the algorithm, and their end made out."""

from __future__ import annotations

from protocol.recording import FlatEpisodes
from trainer_process.algorithms.base import Algorithm
from trainer_process.demonstration_spool import DemonstrationSpool
from trainer_process.errors import ExperienceError


class DemonstrationIntake:
    """Takes the streams of all hosts in, and tells the algorithm when these are all for now.

    That is when every host that is there has ended a stream since the last such end: hosts that train together stream
    their recordings together, and label the rounds of one training together. A host that leaves, or that sends
    experience instead, is awaited no longer.
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
        self._hosts: set[int] = set()
        self._awaited: set[int] = set()
        self._has_ended = False
        if len(spool):
            algorithm.add_demonstrations(spool.episodes, is_last=True)

    def begin(self, host_index: int) -> None:
        """A host joined, or joined anew: what it streams from now on may have come before."""
        self._streams[host_index] = self._stream_count
        self._stream_count += 1
        self._hosts.add(host_index)
        self._awaited.add(host_index)

    def accept(self, episodes: FlatEpisodes, host_index: int, *, is_last: bool) -> None:
        """Takes the episodes of a message in; their arrays are needed no longer afterwards.

        Args:
            episodes: checked.
            host_index: who sent them, and began before.
            is_last: whether its stream ends with them.

        Raises:
            ExperienceError: the algorithm can't use them, or there are none at all.
            RecordingError: they can't be written.
        """
        new = self._spool.append(episodes, self._streams[host_index])
        if is_last and not len(self._spool):
            raise ExperienceError("Demonstrations: expected at least one episode before the last message, got none")
        self._hosts.add(host_index)  # it may have been away
        if is_last:
            self._has_ended = True
            self._awaited.discard(host_index)
        else:
            self._awaited.add(host_index)
        self._algorithm.add_demonstrations(new, is_last=self._take_end())

    def forget(self, host_index: int) -> None:
        """A host left; where the others waited for the end of its stream, they wait no longer."""
        self._hosts.discard(host_index)
        self.excuse(host_index)

    def excuse(self, host_index: int) -> None:
        """A host does something else now; likewise."""
        self._awaited.discard(host_index)
        if self._take_end():
            self._algorithm.add_demonstrations((), is_last=True)

    def close(self) -> None:
        """Ends the file."""
        self._spool.close()

    def _take_end(self) -> bool:
        """Whether everybody has ended a stream; the next end is everybody's next one."""
        is_end = self._has_ended and not self._awaited
        if is_end:
            self._has_ended = False
            self._awaited = set(self._hosts)
        return is_end
