"""How often the expert acts while a learner is corrected: beta, round by round (Ross, Gordon and Bagnell 2011)."""

from __future__ import annotations

from dataclasses import dataclass

from host_sdk.errors import InvalidSettingsError

MIXING_SCHEDULES = ("linear", "exponential", "constant")


@dataclass(frozen=True)
class MixingSchedule:
    """The probability that a step of a round is the expert's.

    Attributes:
        kind: "linear" falls from `beta` to 0 over `rounds`, "exponential" is `beta` to the power of the round, and
            "constant" is `beta` in every round.
        beta: 0 to 1.
        rounds: of "linear", at least 1.

    Raises:
        InvalidSettingsError: the kind is unknown, or a number is out of its range.
    """

    kind: str = "linear"
    beta: float = 1.0
    rounds: int = 1

    def __post_init__(self) -> None:
        if self.kind not in MIXING_SCHEDULES:
            raise InvalidSettingsError(f"beta_schedule: expected one of {MIXING_SCHEDULES}, got {self.kind!r}")
        if self.rounds < 1:
            raise InvalidSettingsError(f"beta_rounds: expected at least 1, got {self.rounds}")
        if not 0.0 <= self.beta <= 1.0:
            raise InvalidSettingsError(f"beta: expected a number from 0 to 1, got {self.beta}")

    def expert_probability(self, round_index: int) -> float:
        """Beta of a round, counted from 0."""
        if self.kind == "linear":
            return self.beta * max(0.0, 1.0 - round_index / self.rounds)
        if self.kind == "exponential":
            return float(self.beta**round_index)
        return self.beta
