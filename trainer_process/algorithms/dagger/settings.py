"""Settings of DAgger."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trainer_process.algorithms.bc.settings import CloningSettings
from trainer_process.algorithms.schedule import ScheduleKind


class DAggerSettings(CloningSettings):
    """How DAgger goes through its rounds; hosts read from Ready what they need of them to collect.

    Attributes:
        rounds: of collecting and learning; round 0 is the first.
        steps_per_round: agent-steps that hosts have the expert label in a round, at least; its episodes are finished.
        beta_schedule: how likely it is, step by step, that the expert acts rather than the learner: "linear" falls
            from `beta` in round 0 to 0 in round `beta_rounds`, "exponential" is `beta` to the power of the round, and
            "constant" is `beta` throughout. The label is the expert's, whoever acts.
        beta_rounds: of the linear schedule.
        beta: the start of the linear schedule, the base of the exponential one, or the constant.
        epochs_per_round: passes over the episodes of all rounds, after each of them.
        learning_rate_schedule: "linear" falls to zero over the epochs of each round.
        min_gradient_steps: of an epoch, as for cloning.
    """

    rounds: int = Field(default=10, ge=1, le=100_000)
    steps_per_round: int = Field(default=1000, ge=1, le=10_000_000)
    beta_schedule: Literal["linear", "exponential", "constant"] = "linear"
    beta_rounds: int = Field(default=5, ge=1, le=100_000)
    beta: float = Field(default=1.0, ge=0, le=1)
    epochs_per_round: int = Field(default=20, ge=1, le=1_000_000)
    learning_rate_schedule: ScheduleKind = "linear"
    min_gradient_steps: int = Field(default=100, ge=1, le=1_000_000)
