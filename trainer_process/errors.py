"""The errors of the trainer process.

BridgeError (protocol)
└── TrainerError
    ├── SettingsError                a setting is wrong; names its path, what was expected and what came
    ├── ConfigurationError           a run's configuration can't be used; tells all that is wrong with it
    ├── ExperienceError              a batch doesn't fit the behavior that it was sent for
    ├── DivergedError                learning left the finite numbers; the last good weights were kept
    ├── CheckpointError              a checkpoint can't be written, read or used
    ├── RewardFileError              a learned reward's file can't be used
    ├── ExportError                  a policy can't be given in the form that was asked for
    ├── MetricsError                 metrics can't be written where they shall go
    ├── RunFolderError               a run folder can't be made or used
    └── ConfigurationRefusedError    a host's Configure can't be accepted; carries the answer
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from protocol.errors import BridgeError

if TYPE_CHECKING:  # the command line loads this module before numpy may be loaded
    from protocol.messages import Refused


class TrainerError(BridgeError):
    """Root of the errors that the trainer process raises on purpose."""


class SettingsError(TrainerError):
    """A setting is wrong.

    Attributes:
        path: where, as `$.settings.learning_rate`.
        expected: what would have been right.
        received: what came.
    """

    def __init__(self, path: str, expected: str, received: str) -> None:
        super().__init__(f"{path}: expected {expected}, got {received}")
        self.path = path
        self.expected = expected
        self.received = received


class ConfigurationError(TrainerError):
    """A run's configuration can't be used.

    Attributes:
        problems: all that is wrong, a sentence each, as `config.yaml:12:5: $.behaviors.Walker: expected …, got …`.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class ExperienceError(TrainerError):
    """A batch doesn't fit the behavior that it was sent for."""


class DivergedError(TrainerError):
    """Learning left the finite numbers; the weights from before the update were kept.

    Attributes:
        what: the quantity, as `policy weights`.
        where: the place in the run, as `behavior 'Walker', iteration 12`.
    """

    def __init__(self, what: str, where: str) -> None:
        super().__init__(
            f"{where}: {what} became non-finite; the last good weights were kept. A lower learning_rate, a "
            "max_grad_norm, observations and rewards of order one, or reward_scaling usually help"
        )
        self.what = what
        self.where = where


class CheckpointError(TrainerError):
    """A checkpoint can't be written, read or used; the message names its folder."""


class RewardFileError(TrainerError):
    """A learned reward's file can't be read, or is of other schemas; the message names it."""


class ExportError(TrainerError):
    """A policy can't be given in the form that was asked for, or what came of it doesn't agree with the policy."""


class MetricsError(TrainerError):
    """Metrics can't be written where they shall go: there is no such writer, or its library is missing."""


class RunFolderError(TrainerError):
    """A run folder can't be made or used; the message names it."""


class ConfigurationRefusedError(TrainerError):
    """A host's Configure can't be accepted.

    Attributes:
        answer: what to tell the host.
    """

    def __init__(self, answer: Refused) -> None:
        super().__init__(
            f"behavior {answer.behavior!r}: {answer.code} at {answer.where}: "
            f"expected {answer.expected}, got {answer.received}"
        )
        self.answer = answer
