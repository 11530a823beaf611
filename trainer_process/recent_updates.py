"""The last updates with where the run stood at them, for whoever asks for one of them later."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace

from trainer_process.checkpoint_context import CheckpointContext
from trainer_process.learned_update import LearnedUpdate

MAX_COUNT = 16
MAX_BYTES = 64 * 1024 * 1024
"""The newest is kept however large it is: it is there anyway."""


@dataclass(frozen=True)
class Moment:
    """An update, and where the run stood when it was made."""

    update: LearnedUpdate
    context: CheckpointContext


class RecentUpdates:
    """Moments by the version of their policy; for any thread.

    A host that evaluates a policy without recording meanwhile says what it came to when others have taken its place.
    """

    def __init__(self, max_count: int = MAX_COUNT, max_bytes: int = MAX_BYTES) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._moments: OrderedDict[int, Moment] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, moment: Moment) -> None:
        """The newest; the oldest go where there are too many."""
        with self._lock:
            self._moments[moment.update.policy.version] = moment
            held = sum(each.update.byte_count for each in self._moments.values())
            while len(self._moments) > 1 and (len(self._moments) > self._max_count or held > self._max_bytes):
                held -= self._moments.popitem(last=False)[1].update.byte_count

    def find(self, version: int) -> Moment | None:
        """That of a version; None where it is too long ago."""
        with self._lock:
            return self._moments.get(version)

    def rate(self, version: int, evaluation_return_mean: float) -> Moment | None:
        """Notes what an evaluation of a version came to; returns its moment, as `find` does from now on."""
        with self._lock:
            moment = self._moments.get(version)
            if moment is None:
                return None
            context = replace(moment.context, evaluation_return_mean=evaluation_return_mean)
            self._moments[version] = replace(moment, context=context)
            return self._moments[version]
