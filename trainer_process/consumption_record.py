"""What a behavior has learnt from of each session, across restarts of the trainer."""

from __future__ import annotations

from collections.abc import Mapping

REMEMBERED_SESSIONS = 256
"""Beyond those of the hosts that are there; a few bytes in each checkpoint."""


class ConsumptionRecord:
    """For each session, by its id, the highest batch id up to which all were learnt from, or dropped for good.

    Sessions whose hosts left stay in it, and so do those of an earlier trainer whose hosts haven't come back yet: they
    may come back to a trainer that takes this one's place. Those that were heard of longest ago go first.
    """

    def __init__(self, restored: Mapping[int, int] | None = None) -> None:
        """
        Args:
            restored: of the checkpoint that training goes on from.
        """
        self._consumed = dict(restored or {})

    def of(self, session_id: int) -> int:
        """Of a session, 0 where nothing of it is known."""
        return self._consumed.get(session_id, 0)

    def note(self, consumed: Mapping[int, int]) -> None:
        """Takes in where sessions stand that are there."""
        for session_id, last_consumed in consumed.items():
            self._consumed.pop(session_id, None)
            self._consumed[session_id] = last_consumed
        surplus = len(self._consumed) - len(consumed) - REMEMBERED_SESSIONS
        for session_id in list(self._consumed)[: max(0, surplus)]:
            del self._consumed[session_id]

    def to_plain(self) -> dict[int, int]:
        """As a checkpoint's context holds it, the session that was heard of longest ago first."""
        return dict(self._consumed)
