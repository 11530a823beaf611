"""What a host may ask of DAgger. Every field left at None is the trainer's to decide."""

from __future__ import annotations

from dataclasses import dataclass

from host_sdk.imitation_training_settings import CloningTrainingSettings


@dataclass(frozen=True)
class DAggerTrainingSettings(CloningTrainingSettings):
    """The trainer's settings of DAgger, under the same names.

    Attributes:
        rounds: of collecting and learning.
        steps_per_round: agent-steps that the expert labels in a round.
        beta_schedule: how likely it is, step by step, that the expert acts: "linear" falls from `beta` to 0 in round
            `beta_rounds`, "exponential" is `beta` to the power of the round, "constant" is `beta` throughout.
        beta_rounds: of the linear schedule.
        beta: the start of the linear schedule, the base of the exponential one, or the constant.
        epochs_per_round: passes over the episodes of all rounds, after each of them.
    """

    rounds: int | None = None
    steps_per_round: int | None = None
    beta_schedule: str | None = None
    beta_rounds: int | None = None
    beta: float | None = None
    epochs_per_round: int | None = None
