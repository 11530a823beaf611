"""Returns of a behavior's newest episodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from protocol.experience import Float64Array

_FIRST_ROOM = 256


class RewardBuffer:
    """The newest returns, at most `capacity`, in their order and in one piece of memory."""

    def __init__(self, capacity: int) -> None:
        """
        Args:
            capacity: at least 1.
        """
        self._capacity = capacity
        self._room: Float64Array = np.zeros(min(2 * capacity, _FIRST_ROOM))
        self._end = self._count = 0

    @property
    def returns(self) -> Float64Array:
        """float64[E], the oldest first; a view, for looking at until the next change."""
        return self._room[self._end - self._count : self._end]

    def append(self, episode_return: float) -> None:
        """Adds the newest; the oldest goes where there are too many."""
        if self._end == len(self._room):
            kept = self.returns.copy()
            if 2 * len(kept) > len(self._room):
                self._room = np.zeros(min(2 * self._capacity, 2 * len(self._room)))
            self._room[: len(kept)] = kept
            self._end = len(kept)
        self._room[self._end] = episode_return
        self._end += 1
        self._count = min(self._count + 1, self._capacity)

    def clear(self) -> None:
        """Forgets all."""
        self._end = self._count = 0

    def restore(self, returns: Sequence[float]) -> None:
        """Holds the newest of these, the oldest first, in place of what it holds."""
        self.clear()
        for episode_return in returns:
            self.append(episode_return)
