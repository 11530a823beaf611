"""What the gradient steps of one update read, one row per step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True)
class TrainingData:
    """S steps; a minibatch is of the same form.

    Attributes:
        observations: [S, O], normalised.
        actions: [S, A], as sampled.
        old_log_probs: [S], that the ratio is taken against, without the terms that depend on the action alone.
        advantages: [S].
        returns: [S], targets of the critic.
        old_values: [S], of the critic before the update.
        behavior_weights: [S], of the decoupled objective; ones elsewhere.
    """

    observations: Tensor
    actions: Tensor
    old_log_probs: Tensor
    advantages: Tensor
    returns: Tensor
    old_values: Tensor
    behavior_weights: Tensor

    @property
    def step_count(self) -> int:
        """S."""
        return self.returns.shape[0]

    def taken(self, rows: Tensor) -> TrainingData:
        """The rows in another order, copied once so that minibatches are views of contiguous memory."""
        return TrainingData(*(getattr(self, field.name).index_select(0, rows) for field in fields(self)))

    def blank(self, step_count: int) -> TrainingData:
        """Zeros of the same widths."""
        columns = (getattr(self, field.name) for field in fields(self))
        return TrainingData(*(column.new_zeros(step_count, *column.shape[1:]) for column in columns))

    def minibatches(self, size: int) -> Iterator[TrainingData]:
        """Consecutive views of `size` rows, the last one of what is left."""
        columns = [torch.split(getattr(self, field.name), size) for field in fields(self)]
        return (TrainingData(*column) for column in zip(*columns, strict=True))


def joined(parts: Sequence[TrainingData]) -> TrainingData:
    """The rows of all parts, one after the other; of a single part, itself."""
    if len(parts) == 1:
        return parts[0]
    return TrainingData(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(TrainingData)))
