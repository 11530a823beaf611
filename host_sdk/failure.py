"""Why a training ended before its time: facts for the engine's log and its user interface."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FailureCode(StrEnum):
    """What went wrong, one code a cause."""

    LAUNCH_FAILED = "LAUNCH_FAILED"
    """The trainer process could not be started, or ended before it took the first call."""
    CONNECT_TIMEOUT = "CONNECT_TIMEOUT"
    """No trainer answered within `connect_timeout_s`."""
    REFUSED = "REFUSED"
    """The trainer answered and declined: another protocol version, a wrong token, another schema."""
    INVALID_SETTINGS = "INVALID_SETTINGS"
    """The trainer declined the training settings."""
    TIMEOUT = "TIMEOUT"
    """The trainer was there and fell silent: stopped, swapped out, or cut off."""
    STUCK = "STUCK"
    """The trainer's process lives and its learner no longer moves."""
    CRASHED = "CRASHED"
    """The trainer process ended by itself or was killed."""
    STOPPED = "STOPPED"
    """The trainer was asked to stop by somebody else than this host."""
    DIVERGED = "DIVERGED"
    """A loss or a weight was no longer finite; the last good weights are kept."""
    LEARNER_ERROR = "LEARNER_ERROR"
    """The learner raised an error; its log has the traceback."""
    PROTOCOL_ERROR = "PROTOCOL_ERROR"
    """One side sent what the other can't read."""


@dataclass(frozen=True)
class TrainingFailure:
    """One failure, in words that a person can act on.

    Attributes:
        code: the cause.
        reason: what happened, in a sentence.
        remedy: what to do about it.
        exit_code: of the trainer process where it ended; negative is a signal's number (POSIX).
        stderr_tail: the last lines that the trainer process wrote to its standard error.
    """

    code: FailureCode
    reason: str
    remedy: str
    exit_code: int | None = None
    stderr_tail: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """What happened, without what to do."""
        lines = [f"{self.code}: {self.reason}"]
        if self.exit_code is not None:
            lines.append(f"exit code: {self.exit_code}")
        if self.stderr_tail:
            lines.append("the trainer's last words:")
            lines.extend(f"    {line}" for line in self.stderr_tail)
        return "\n".join(lines)

    def __str__(self) -> str:
        return f"{self.account}\nwhat to do: {self.remedy}"
