"""The trainer's main thread: it owns the sockets, and never learns and never waits but in one place.

    receive ─► sessions, behaviors ─► learner's outcomes ─► Progress ─► silence ─► wait

One pass of the loop is `Server.step`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from protocol.channel import ServerChannel
from protocol.messages import Configure, Progress, Stop
from protocol.waker import Waker
from trainer_process.behavior import Behavior, BehaviorProgress, BehaviorState
from trainer_process.learner import Learner, Phase, ReportProgress
from trainer_process.run_folder import BehaviorFolder, RunFolder
from trainer_process.run_presence import RunPresence
from trainer_process.run_watch import RunWatch, Unwatched
from trainer_process.session import Session
from trainer_process.session_registry import AdmissionSettings
from trainer_process.start_settings import StartSettings, StartSettingsOf, same_for_all
from trainer_process.switchboard import Switchboard
from trainer_process.timers import RunTimers, Timed

if TYPE_CHECKING:  # it imports torch
    from trainer_process.started_behavior import StartedBehavior

logger = logging.getLogger(__name__)

MAX_STEP_GAP_S = 2.0
"""A pass that took longer (this process was stopped, the machine slept) counts as so long against the hosts."""

LEAVING_S = 5.0
"""How long hosts may take to leave once training is over."""

LAST_WORDS_S = 0.3
"""How long what a host sent may still be on its way, once it is known to be gone by other means."""

FAREWELL_S = 0.5
"""How long hosts may take to hear the last words and hang up."""


@dataclass(frozen=True)
class ServerSettings:
    """How a server lives.

    Attributes:
        admission: who is let in.
        start_of: how each behavior is started and kept.
        hosts_may_stop: whether a host's Stop with `shutdown` ends this process: the host launched it.
        stops_when_complete: whether it ends once every behavior is complete or failed and the hosts have left.
        stop_grace_s: how long a checkpoint under way may take at the end.
    """

    admission: AdmissionSettings = field(default_factory=AdmissionSettings)
    start_of: StartSettingsOf = field(default_factory=lambda: same_for_all(StartSettings()))
    hosts_may_stop: bool = False
    stops_when_complete: bool = False
    stop_grace_s: float = 1.0


class Server:
    """Sessions on one side, behaviors on the other, and the learner between them."""

    def __init__(
        self,
        channel: ServerChannel,
        run_folder: RunFolder,
        settings: ServerSettings | None = None,
        *,
        on_progress: Callable[[BehaviorProgress], None] = lambda progress: None,
        on_pass: Callable[[], None] = lambda: None,
        run: RunWatch | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            channel: bound; the server closes it.
            run_folder: where results go.
            settings: how to live.
            on_progress: told after every update.
            on_pass: called on every pass of the loop, at least once per heartbeat.
            run: what belongs to the whole run; nothing unless given.
            clock: seconds that only rise.
        """
        self.settings = settings or ServerSettings()
        self._channel = channel
        self._run_folder = run_folder
        self._on_progress = on_progress
        self._on_pass = on_pass
        self._run = run or Unwatched()
        self._clock = clock
        self._looked_s = clock()
        self._now_s = 0.0
        self._progress_due_s = 0.0
        self._waker = Waker()
        self._timers = RunTimers(run_folder.path)
        self._presence = RunPresence(run_folder.path)
        self._learner = Learner(self._waker.wake, self._timers.follow("learner"))
        self._switchboard = Switchboard(
            channel, self.settings.admission, self._make_behavior, self._stop_if_allowed, self._run
        )
        self._stop_reason: str | None = None
        self._hears_out = False
        self._is_closed = False
        self._all_ended_s: float | None = None

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return self._channel.endpoint

    @property
    def sessions(self) -> list[Session]:
        """The live sessions."""
        return list(self._switchboard.sessions)

    @property
    def behaviors(self) -> Mapping[str, Behavior]:
        """The behaviors by name."""
        return self._switchboard.behaviors

    @property
    def is_stopping(self) -> bool:
        """Whether the loop was asked to end."""
        return self._stop_reason is not None

    @property
    def is_complete(self) -> bool:
        """Whether there were behaviors, and all of them are complete."""
        behaviors = self.behaviors.values()
        return bool(behaviors) and all(behavior.state is BehaviorState.COMPLETE for behavior in behaviors)

    def request_stop(self, reason: str, *, hears_out: bool = False) -> None:
        """Ends the loop after this pass; from any thread, or from a signal handler.

        Args:
            reason: for the log, and for hosts.
            hears_out: whether hosts are leaving, and their last words shall be waited for a little.
        """
        if self._stop_reason is None:
            self._hears_out = hears_out
            self._stop_reason = reason
        self._waker.wake()

    def free_hosts(self, is_gone: Callable[[Session], bool]) -> None:
        """Frees the sessions of hosts that are known to be gone, before their silence says so; on the loop's thread.

        Args:
            is_gone: whether a session's host is.
        """
        for session in self.sessions:
            if is_gone(session):
                self._switchboard.free(session)

    def run(self) -> int:
        """Serves until it is asked to stop.

        Returns:
            The process's exit code: 0, or 1 where a behavior failed.
        """
        try:
            with self._timers.follow("server"):
                while self._stop_reason is None:
                    self.step(self.settings.admission.heartbeat_interval_s)
            if self._hears_out:
                self._hear_out()
        finally:
            self.close(self._stop_reason or "the trainer failed; its log says why")
        return int(any(behavior.state is BehaviorState.FAILED for behavior in self.behaviors.values()))

    def step(self, timeout_s: float) -> None:
        """One pass; waits at its end, at most so long."""
        self._look_at_clock()
        with Timed("receive"):
            self._switchboard.receive(self._now_s)
        with Timed("publish"):
            self._learner.deliver()
        for behavior in self.behaviors.values():
            behavior.consider_update()
        self._send_progress_if_due()
        self._switchboard.free_the_silent(self._now_s)
        self._on_pass()
        self._stop_if_all_ended()
        if self._stop_reason is None:
            with Timed("wait"):
                self._channel.wait(min(timeout_s, max(0.0, self._progress_due_s - self._now_s)), (self._waker,))
            self._waker.drain()

    def close(self, reason: str) -> None:
        """Tells the hosts, writes the last checkpoints, frees the sockets; a learner that is stuck is left behind."""
        if self._is_closed:
            return
        self._is_closed = True
        logger.info("stopping: %s", reason)
        for session in self.sessions:
            session.send(Stop(reason=reason, shutdown=True))
        has_stopped = self._learner.stop(self.settings.stop_grace_s)
        if not has_stopped:
            logger.warning("the learner is still %s and is given up", self._learner.phase)
        self._learner.deliver()
        for behavior in self.behaviors.values():
            behavior.close(is_saving=not has_stopped and self._learner.phase is Phase.SAVING)
        self._channel.close(linger_s=FAREWELL_S)
        self._switchboard.sessions.end()
        self._waker.close()
        self._timers.write()
        self._presence.end()

    def _hear_out(self) -> None:
        """Takes in what hosts sent before they left, until they have said farewell."""
        began_s = time.monotonic()
        while self.sessions and (left_s := began_s + LAST_WORDS_S - time.monotonic()) > 0:
            self._channel.wait(left_s)
            self._switchboard.receive(self._now_s)

    def _look_at_clock(self) -> None:
        """Time in which this process stood still counts against no host: what they sent meanwhile waits unread."""
        looked_s = self._clock()
        self._now_s += min(looked_s - self._looked_s, MAX_STEP_GAP_S)
        self._looked_s = looked_s

    def _send_progress_if_due(self) -> None:
        if self._now_s < self._progress_due_s:
            return
        self._progress_due_s = self._now_s + self.settings.admission.heartbeat_interval_s
        self._presence.announce()
        behaviors = self.behaviors.values()
        self._switchboard.send_progress(
            Progress(
                phase=self._learner.phase.value,
                counter=self._learner.counter,
                iteration=max((behavior.iteration for behavior in behaviors), default=0),
                pending_batches=sum(behavior.pending_batches for behavior in behaviors),
            )
        )

    def _stop_if_all_ended(self) -> None:
        """Where that is asked for: every behavior came to its end, and the hosts left or had time to."""
        ended = (BehaviorState.COMPLETE, BehaviorState.FAILED)
        behaviors = self.behaviors.values()
        is_over = bool(behaviors) and all(behavior.state in ended for behavior in behaviors) and self._learner.is_idle
        if not (self.settings.stops_when_complete and is_over):
            self._all_ended_s = None
            return
        self._all_ended_s = self._now_s if self._all_ended_s is None else self._all_ended_s
        if not self.sessions or self._now_s - self._all_ended_s > LEAVING_S:
            self.request_stop("training is over")

    def _stop_if_allowed(self, reason: str) -> None:
        if self.settings.hosts_may_stop:
            self.request_stop(reason)

    def _make_behavior(self, name: str) -> Behavior:
        start = partial(_start_behavior, folder=self._run_folder.behavior(name), start_of=self.settings.start_of)
        return Behavior(name, self._learner, start, self._on_progress, self._run)


def _start_behavior(
    configure: Configure, report_progress: ReportProgress, *, folder: BehaviorFolder, start_of: StartSettingsOf
) -> StartedBehavior:
    """Imports torch on the learner's thread, so that hosts are welcomed meanwhile."""
    from trainer_process.behavior_start import start_behavior

    return start_behavior(configure, report_progress, folder=folder, start_of=start_of)
