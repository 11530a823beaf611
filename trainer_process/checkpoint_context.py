"""What a checkpoint says beside the state of its algorithm: where the run stood, and what it had learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from trainer_process.errors import CheckpointError


@dataclass(frozen=True)
class CheckpointContext:
    """Where a run stood at a checkpoint.

    Attributes:
        steps: agent-steps consumed.
        version: of the policy's weights; hosts may have seen later ones, of a time that is undone.
        created: seconds since 1970, when it was written.
        return_mean: of the last episodes; None before the first ended.
        evaluation_return_mean: of the last evaluation; None without one.
        consumed: for each session, by its id, the highest batch id up to which all were learnt from, or thrown away.
        run: the state of what belongs to the whole run, as the curriculum; whatever JSON holds.
    """

    steps: int = 0
    version: int = 0
    created: float = 0.0
    return_mean: float | None = None
    evaluation_return_mean: float | None = None
    consumed: Mapping[int, int] = field(default_factory=dict)
    run: Mapping[str, object] = field(default_factory=dict)

    def to_plain(self) -> dict[str, object]:
        """As JSON holds it."""
        return {**asdict(self), "consumed": {str(session): batch for session, batch in self.consumed.items()}}

    @classmethod
    def from_plain(cls, data: object) -> CheckpointContext:
        """What `to_plain` made.

        Raises:
            CheckpointError: it is something else.
        """
        try:
            values: dict[str, Any] = dict(data)  # type: ignore[call-overload]
            consumed = {int(session): int(batch) for session, batch in values.pop("consumed").items()}
            return cls(**values, consumed=consumed)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"checkpoint: expected the context of a run, got {error!r}") from error
