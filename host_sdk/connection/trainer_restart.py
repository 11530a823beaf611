"""How often, after what and as what a trainer that died is launched again by its host."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from host_sdk.failure import FailureCode, TrainingFailure
from host_sdk.settings import TrainerProcessSettings
from protocol.messages import Ready
from protocol.restart_quota import RestartQuota

logger = logging.getLogger(__name__)

LOST = frozenset({FailureCode.CRASHED, FailureCode.TIMEOUT, FailureCode.STUCK})
"""Failures of a trainer that was there, after which another one may go on with its run."""

NOT_STARTED = frozenset({FailureCode.LAUNCH_FAILED, FailureCode.CONNECT_TIMEOUT})
"""Failures of one that was to take a lost one's place; of a first one they mean that it never will start."""

PAUSE_S = 1.0
"""After one that could not be started; trying at each tick would cost the game its frames."""


class TrainerRestarts:
    """The restarts of one training's trainer. Starts nothing by itself.

    Attributes:
        failure: what led to the last restart; None before the first.
    """

    def __init__(self, process: TrainerProcessSettings | None, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            process: how the first trainer is launched; None where this host launches none.
            clock: seconds that only rise.
        """
        self._process = process
        self._clock = clock
        self._quota = RestartQuota(0)
        if process is not None:
            self._quota = RestartQuota(
                process.max_lifetime_restarts, process.restarts_rate_limit_n, process.restarts_rate_limit_period_s
            )
        self._run: Path | None = None
        self._due_s = 0.0
        self.failure: TrainingFailure | None = None

    @property
    def count(self) -> int:
        """Restarts so far."""
        return self._quota.used

    @property
    def is_due(self) -> bool:
        """Whether the trainer that `take` allowed may be launched by now, as far as the pace goes."""
        return self._clock() >= self._due_s

    def hear_ready(self, ready: Ready) -> None:
        """The trainer says where the run is kept."""
        if ready.run_directory:
            self._run = Path(ready.run_directory).parent

    def may_follow(self, code: FailureCode) -> bool:
        """Whether a restart can come of such a failure, as long as the quota allows one."""
        if self._quota.max_lifetime == 0:
            return False
        return code in LOST or (code in NOT_STARTED and self.count > 0)

    def take(self, failure: TrainingFailure) -> TrainingFailure | None:
        """Takes a restart for this failure; where there can be none, the failure that training ends by."""
        now_s = self._clock()
        if not self.may_follow(failure.code):
            return replace(failure, reason=failure.reason + self._restarts_so_far("")) if self.count else failure
        if (reason := self._quota.reason(now_s)) or not self._quota.try_take(now_s):
            return replace(failure, reason=failure.reason + self._restarts_so_far(reason))
        self.failure = failure
        self._due_s = now_s + (PAUSE_S if failure.code in NOT_STARTED else 0.0)
        logger.warning("the trainer is started again (restart %d), since %s", self.count, failure.account)
        return None

    def process(self) -> TrainerProcessSettings | None:
        """How to launch the next trainer: on the run that is there, once there is one."""
        if self._process is None or self._run is None:
            return self._process
        ours = ("--results-dir", str(self._run.parent), "--run-id", self._run.name, "--resume")
        kept = tuple(argument for argument in self._process.arguments if argument != "--force")
        return replace(self._process, results_directory=None, run_id=None, arguments=(*kept, *ours))

    def _restarts_so_far(self, reason: str) -> str:
        return f"; it was started again {self.count} times before" + (f", and no more: {reason}" if reason else "")
