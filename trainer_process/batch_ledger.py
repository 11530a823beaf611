"""Which batches of one host were taken and which were trained on, so that none is trained on twice."""

from __future__ import annotations

from enum import Enum


class Arrival(Enum):
    """What a batch is to the ledger."""

    NEW = "new"
    PENDING = "pending"
    """Taken before and not trained on yet: its credit will come."""
    CONSUMED = "consumed"
    """Trained on before: its credit was lost, or is on its way."""


class BatchLedger:
    """The batches of one host for one behavior. Batch ids rise; after a lost connection some come again."""

    def __init__(self, last_consumed: int = 0) -> None:
        """
        Args:
            last_consumed: up to which a trainer of before learnt from the host's batches, in the same run.
        """
        self._last_accepted = last_consumed
        self._pending: set[int] = set()

    @property
    def last_accepted(self) -> int:
        """The highest batch id that was taken; 0 before the first."""
        return self._last_accepted

    @property
    def last_consumed(self) -> int:
        """The highest batch id up to which every batch was trained on; 0 before the first."""
        return min(self._pending) - 1 if self._pending else self._last_accepted

    @property
    def pending_count(self) -> int:
        """Batches taken and not trained on."""
        return len(self._pending)

    def look_up(self, batch_id: int) -> Arrival:
        """What a batch of that id would be."""
        if batch_id in self._pending:
            return Arrival.PENDING
        return Arrival.NEW if batch_id > self._last_accepted else Arrival.CONSUMED

    def accept(self, batch_id: int) -> None:
        """Enters a new batch."""
        self._last_accepted = batch_id
        self._pending.add(batch_id)

    def consume(self, batch_id: int) -> None:
        """A batch was trained on, or thrown away for good."""
        self._pending.discard(batch_id)
