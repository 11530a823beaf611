"""Telling a busy trainer from a stuck one and a dead one."""

from __future__ import annotations

from host_sdk.failure import FailureCode
from host_sdk.settings import CommunicatorSettings
from protocol.messages import Progress


class TrainerWatch:
    """Judges an open session by two signs: the connection's own heartbeat, and the learner's counter.

    The heartbeat is the transport's (ZMTP PING and PONG, kept by I/O threads): a learner in a long step doesn't
    miss it, a stopped or vanished process does, and the transport then reports the connection lost. The counter
    moves with the learner's work; it standing still in the middle of work means that the learner is stuck.
    """

    def __init__(self, settings: CommunicatorSettings) -> None:
        self._settings = settings
        self._lost_s: float | None = None
        self._moved_s = 0.0
        self._heard_s = 0.0
        self._counter = -1
        self._is_busy = False

    def connection_made(self, now_s: float) -> None:
        """A connection stands, though nobody has spoken on it."""
        self._heard_s = now_s

    def connection_lost(self, now_s: float) -> None:
        """The transport gave the connection up."""
        if self._lost_s is None:
            self._lost_s = now_s

    def welcomed(self, now_s: float) -> None:
        """The trainer answered."""
        self._lost_s = None
        self._moved_s = now_s
        self._heard_s = now_s

    def heard(self, now_s: float) -> None:
        """Any message came."""
        self._heard_s = now_s

    def progress(self, message: Progress, now_s: float) -> None:
        """The trainer says how far its learner is."""
        self._is_busy = message.phase != "waiting"
        if message.counter != self._counter or not self._is_busy:
            self._counter = message.counter
            self._moved_s = now_s

    def verdict(self, now_s: float) -> tuple[FailureCode, str, str] | None:
        """The code, reason and remedy of a failure, or None while there is hope."""
        settings = self._settings
        if self._lost_s is not None:
            if now_s - self._lost_s <= settings.dead_after_s / 2:
                return None
            return (
                FailureCode.TIMEOUT,
                f"the trainer fell silent for {settings.dead_after_s:g} s: it was stopped, swapped out or cut off",
                "look whether its process lives and the machine has memory left; call begin_training to start anew "
                "from the weights at hand; raise CommunicatorSettings.dead_after_s on a machine that stalls",
            )
        still_s = now_s - (self._moved_s if self._is_busy else self._heard_s)
        if still_s > settings.learner_progress_timeout_s:
            return (
                FailureCode.STUCK,
                f"the trainer's process answers, and its learner has not moved for {still_s:.0f} s",
                "look at the trainer's log; call begin_training to start a new one from the weights at hand; raise "
                "CommunicatorSettings.learner_progress_timeout_s where one step may take that long",
            )
        return None
