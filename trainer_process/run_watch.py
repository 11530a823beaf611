"""What belongs to a whole run and follows what its behaviors learn, as a curriculum does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from protocol.experience import Float64Array
from protocol.messages import Message


class RunWatch(Protocol):
    """Hears what was learnt from, update by update, on the main thread; its state is in every checkpoint."""

    def begin(self, tell_hosts: Callable[[Message], None]) -> None:
        """The server is there; what is handed to `tell_hosts` goes to every host."""

    def greeting(self, *, resumed: bool) -> Message | None:
        """What a host shall hear after its Welcome, or None; `resumed`: it goes on with an earlier session."""

    def hear_learnt(self, behavior: str, episode_returns: Float64Array, progress: float) -> None:
        """An update was made, and hosts haven't heard of it: what they are told now comes before the new weights.

        Args:
            behavior: that learnt.
            episode_returns: float64[E], of the episodes that ended in what it learnt from, in their order.
            progress: share of the behavior's steps that are consumed, in [0, 1]; 0 where their number isn't known.
        """

    def metrics(self) -> Mapping[str, float]:
        """What goes into each behavior's metrics, by name."""

    def state(self) -> Mapping[str, object]:
        """As of the last update that was heard of; whatever JSON holds."""


class Unwatched:
    """Where nothing belongs to the whole run."""

    def begin(self, tell_hosts: Callable[[Message], None]) -> None:
        """There is nothing to tell."""

    def greeting(self, *, resumed: bool) -> Message | None:
        """None."""
        return None

    def hear_learnt(self, behavior: str, episode_returns: Float64Array, progress: float) -> None:
        """Nobody listens."""

    def metrics(self) -> Mapping[str, float]:
        """None."""
        return {}

    def state(self) -> Mapping[str, object]:
        """Nothing."""
        return {}
