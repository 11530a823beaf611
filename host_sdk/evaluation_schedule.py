"""When a trainer evaluates its policy by itself."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from host_sdk.run_settings import RunSettings
from host_sdk.settings import PPOTrainerSettings
from protocol.endpoint import HOST_INDEX_VARIABLE


@dataclass
class EvaluationSchedule:
    """Counts the trainer's steps in intervals.

    Attributes:
        interval_steps: agent-steps of training, over all hosts, between evaluations; 0 makes none.
        episode_count: whole episodes of each; 0 where ticks count.
    """

    interval_steps: int = 0
    episode_count: int = 0
    _interval: int = field(default=0, init=False)

    @classmethod
    def of(cls, settings: PPOTrainerSettings) -> EvaluationSchedule:
        """What a host asks for, or else what the configuration of the run asks of its first host.

        Raises:
            InvalidSettingsError: the trainer that launched this host left settings of a run that can't be read.
        """
        interval, episodes = settings.evaluation_interval_steps, settings.evaluation_episode_count
        if interval is None and os.environ.get(HOST_INDEX_VARIABLE, "0") == "0":
            run = RunSettings.from_environment().evaluation
            interval, episodes = run.interval_steps, run.episodes if episodes is None else episodes
        return cls(interval or 0, episodes or 0)

    def is_due(self, steps: float) -> bool:
        """Whether another interval has begun since the last call that said so.

        Args:
            steps: that the trainer has learnt from. Fewer than before, since it went back to a checkpoint, are counted
                again.
        """
        if not self.interval_steps:
            return False
        interval = int(steps) // self.interval_steps
        is_due = interval > self._interval
        self._interval = interval
        return is_due
