"""A Configure that can't be accepted, as an error that carries its answer."""

from __future__ import annotations

from protocol.messages import Refused
from trainer_process.errors import TrainerError


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
