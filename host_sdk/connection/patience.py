"""A clock for deadlines that stands still while the host itself does."""

from __future__ import annotations

import time
from collections.abc import Callable

MAX_COUNTED_GAP_S = 1.0


class PatienceClock:
    """Counts the seconds that the host spent watching.

    A game halted in a debugger or loading a level doesn't tick; that time says nothing about the trainer. So a gap
    between two looks counts as `MAX_COUNTED_GAP_S` at the most.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_look_s = clock()
        self._counted_s = 0.0

    def look(self) -> float:
        """Seconds counted until now; to be called once a tick."""
        now = self._clock()
        self._counted_s += min(now - self._last_look_s, MAX_COUNTED_GAP_S)
        self._last_look_s = now
        return self._counted_s
