"""When a lesson has been learnt: ML-Agents' rule, to the last comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from protocol.experience import Float64Array

OLD_SHARE = 0.25
"""How much of the smoothed value before stays in the new one."""

INITIAL_SMOOTHING = 0.0
"""The smoothed value before the first; it is kept from lesson to lesson."""


@dataclass(frozen=True)
class CompletionCriteria:
    """When a lesson ends.

    Attributes:
        behavior: whose episodes count.
        measure: "reward" looks at their mean return, "progress" at the share of the behavior's steps that are consumed.
        threshold: what the measure has to exceed.
        min_lesson_length: how many episodes there have to be first.
        signal_smoothing: whether a quarter of the smoothed value before is mixed into the mean return.
        requires_reset: whether all agents begin new episodes at once when the lesson ends.
    """

    behavior: str
    measure: Literal["reward", "progress"] = "reward"
    threshold: float = 0.0
    min_lesson_length: int = 0
    signal_smoothing: bool = True
    requires_reset: bool = False

    def need_increment(self, progress: float, reward_buffer: Float64Array, smoothing: float) -> tuple[bool, float]:
        """Whether the lesson ends here.

        As `CompletionCriteriaSettings.need_increment` of ML-Agents (`mlagents/trainers/settings.py`).

        Args:
            progress: consumed steps / all steps, 0 to 1.
            reward_buffer: float64[E], returns of the newest episodes, the oldest first.
            smoothing: the smoothed value before.

        Returns:
            Whether it ends, and the smoothed value from here on.
        """
        if len(reward_buffer) < self.min_lesson_length:
            return False, smoothing
        if self.measure == "progress":
            return progress > self.threshold, smoothing
        if not len(reward_buffer):
            return False, smoothing
        measure = float(np.mean(reward_buffer))
        if math.isnan(measure):
            return False, smoothing
        if self.signal_smoothing:
            measure = smoothing = OLD_SHARE * smoothing + (1.0 - OLD_SHARE) * measure
        return measure > self.threshold, smoothing
