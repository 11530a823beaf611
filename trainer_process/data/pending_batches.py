"""Batches that came and were not learnt from yet."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from threading import Lock

from protocol.experience import ExperienceBatch


class PendingBatches:
    """A queue of (host index, batch), in the order in which they came; safe to use from two threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._batches: deque[tuple[int, ExperienceBatch]] = deque()

    def __len__(self) -> int:
        return len(self._batches)

    def add(self, host_index: int, batch: ExperienceBatch) -> None:
        """Appends a batch."""
        with self._lock:
            self._batches.append((host_index, batch))

    @property
    def step_count(self) -> int:
        """Steps in all batches."""
        with self._lock:
            return sum(batch.step_count for _, batch in self._batches)

    def has_one_of_each(self, host_indices: Collection[int]) -> bool:
        """Whether every one of these hosts has a batch here."""
        with self._lock:
            return set(host_indices) <= {host for host, _ in self._batches}

    def take_steps(self, step_count: int) -> list[tuple[int, ExperienceBatch]]:
        """Removes and returns the oldest batches, as many as are needed for that many steps, or all."""
        taken: list[tuple[int, ExperienceBatch]] = []
        steps = 0
        with self._lock:
            while self._batches and steps < step_count:
                taken.append(self._batches.popleft())
                steps += taken[-1][1].step_count
        return taken

    def take_all(self) -> list[tuple[int, ExperienceBatch]]:
        """Removes and returns everything."""
        with self._lock:
            taken = list(self._batches)
            self._batches.clear()
        return taken
