"""What belongs to a whole run and follows what its behaviors learn, as a curriculum does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from protocol.experience import Float64Array


class RunWatch(Protocol):
    """Hears what was learnt from, update by update, on the main thread; its state is in every checkpoint."""

    def hear_learnt(self, behavior: str, episode_returns: Float64Array, progress: float) -> None:
        """An update was made.

        Args:
            behavior: that learnt.
            episode_returns: float64[E], of the episodes that ended in what it learnt from, in their order.
            progress: share of the behavior's steps that are consumed, in [0, 1]; 0 where their number isn't known.
        """

    def state(self) -> Mapping[str, object]:
        """As of the last update that was heard of; whatever JSON holds."""


class Unwatched:
    """Where nothing belongs to the whole run."""

    def hear_learnt(self, behavior: str, episode_returns: Float64Array, progress: float) -> None:
        """Nobody listens."""

    def state(self) -> Mapping[str, object]:
        """Nothing."""
        return {}
