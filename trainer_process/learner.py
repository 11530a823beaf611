"""The learner thread: does all learning of a process, one job after the other, while the main thread talks."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from functools import partial
from typing import TypeAlias, TypeVar

from trainer_process.timers import Timed

Result = TypeVar("Result")

ReportProgress: TypeAlias = Callable[[], None]
"""What a job calls as it gets on (once a minibatch), so that a busy learner can be told from a stuck one."""


class Phase(StrEnum):
    """What the learner does, as `Progress.phase` names it."""

    WAITING = "waiting"
    LOADING = "loading"
    LEARNING = "learning"
    SAVING = "saving"


class Learner:
    """One daemon thread with a queue of jobs.

    A job's work runs on the learner thread, in the order of submission; its outcome is handed over on the thread
    that calls `deliver`, which is the one that owns the sockets. A job that never ends holds up nothing but the
    jobs behind it: `stop` gives up on it, and the process ends over its head.
    """

    def __init__(self, wake: Callable[[], None], around: AbstractContextManager[None] | None = None) -> None:
        """
        Args:
            wake: ends the main thread's wait; called from the learner thread when a job is done.
            around: entered by the learner thread for as long as it works.
        """
        self._around = around or nullcontext()
        self._wake = wake
        self._jobs: queue.SimpleQueue[tuple[Phase, Callable[[], Callable[[], None]]] | None] = queue.SimpleQueue()
        self._outcomes: deque[Callable[[], None]] = deque()
        self._phase = Phase.WAITING
        self._counter = 0
        self._open_jobs = 0
        self._is_stopping = False
        self._thread = threading.Thread(target=self._work, name="learner", daemon=True)
        self._thread.start()

    @property
    def phase(self) -> Phase:
        """What the thread does now."""
        return self._phase

    @property
    def counter(self) -> int:
        """Rises with the work, and with nothing else."""
        return self._counter

    @property
    def is_idle(self) -> bool:
        """Whether every job was done and its outcome delivered."""
        return self._open_jobs == 0

    def submit(
        self,
        phase: Phase,
        work: Callable[[ReportProgress], Result],
        done: Callable[[Result], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Queues a job.

        Args:
            phase: what to call the work meanwhile.
            work: runs on the learner thread.
            done: takes what `work` returned, on the thread of `deliver`.
            failed: takes what `work` raised, there too.
        """

        def run() -> Callable[[], None]:
            try:
                result = work(self._advance)
            except Exception as error:
                return partial(failed, error)
            return partial(done, result)

        self._open_jobs += 1
        self._jobs.put((phase, run))

    def deliver(self) -> int:
        """Hands over the outcomes of finished jobs; how many there were."""
        count = 0
        while self._outcomes:
            outcome = self._outcomes.popleft()
            self._open_jobs -= 1
            count += 1
            outcome()
        return count

    def stop(self, timeout_s: float) -> bool:
        """Takes no further job and waits for the current one at most so long; whether the thread ended."""
        self._is_stopping = True
        self._jobs.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _advance(self) -> None:
        self._counter += 1

    def _work(self) -> None:
        with self._around:
            while (job := self._next_job()) is not None and not self._is_stopping:
                self._phase, run = job
                with Timed(self._phase.value):
                    outcome = run()
                self._counter += 1
                self._phase = Phase.WAITING
                self._outcomes.append(outcome)
                self._wake()

    def _next_job(self) -> tuple[Phase, Callable[[], Callable[[], None]]] | None:
        with Timed(Phase.WAITING.value):
            return self._jobs.get()
