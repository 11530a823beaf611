"""The game's own numbers on their way to the trainer."""

from __future__ import annotations

from collections.abc import Callable, Collection

from host_sdk.stats_recorder import StatsRecorder
from protocol.messages import Message, Statistics


class StatisticsOutbox:
    """The recorders of a line: one for each behavior, and one whose numbers go to all of them."""

    def __init__(self) -> None:
        self._recorders: dict[str, StatsRecorder] = {}

    def recorder(self, behavior: str) -> StatsRecorder:
        """The recorder of a behavior, always the same one; of the empty name, that of the whole session."""
        return self._recorders.setdefault(behavior, StatsRecorder())

    def send(self, send: Callable[[Message], bool], behaviors: Collection[str]) -> None:
        """Sends what has come together; what the line doesn't take is kept for the next time.

        Args:
            send: whether the line took the message.
            behaviors: that the trainer knows; numbers of others, and of the session where there are none, wait.
        """
        for behavior, recorder in self._recorders.items():
            if (behavior in behaviors or (behavior == "" and behaviors)) and (entries := recorder.entries()):
                plain = {name: entry.to_wire() for name, entry in entries.items()}
                if send(Statistics(behavior=behavior, entries=plain)):
                    recorder.forget(entries)
