"""What the gradient steps of one update read, one row per step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from trainer_process.data.step_rows import StepRows


@dataclass(frozen=True, kw_only=True)
class TrainingData(StepRows):
    """S steps with what PPO holds against them; its memories were recorded.

    Attributes:
        old_log_probs: [S], that the ratio is taken against, without the terms that depend on the action alone.
        advantages: [S].
        returns: [S], targets of the critic.
        old_values: [S], of the critic before the update.
        behavior_weights: [S], of the decoupled objective; ones elsewhere.
        is_newest: bool[S], whether the policy as it is before the update chose the action; None where it chose all, or
            where nobody asks.
    """

    old_log_probs: Tensor
    advantages: Tensor
    returns: Tensor
    old_values: Tensor
    behavior_weights: Tensor
    is_newest: Tensor | None = None


def joined(parts: Sequence[TrainingData]) -> TrainingData:
    """The rows of all parts, one after the other; of a single part, itself."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, Any] = {name: torch.cat([part.columns[name] for part in parts]) for name in parts[0].columns}
    return replace(parts[0], **columns)
