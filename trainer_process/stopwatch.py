"""Adding up the time that one kind of work takes."""

from __future__ import annotations

import time
from types import TracebackType


class Stopwatch:
    """Seconds spent inside `with`, over all times since the last `take`."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._began_s = 0.0

    def __enter__(self) -> None:
        self._began_s = time.perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._seconds += time.perf_counter() - self._began_s

    def add(self, seconds: float) -> None:
        """Adds time that was measured elsewhere."""
        self._seconds += seconds

    def take(self) -> float:
        """The seconds so far; counting begins anew."""
        seconds, self._seconds = self._seconds, 0.0
        return seconds
