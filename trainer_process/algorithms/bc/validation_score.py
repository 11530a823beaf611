"""How well a policy does on episodes that it didn't learn from: what the best weights are told by. Lower is better.

The likelihood itself would tell it badly. A policy that is fitted to an expert who always does the same grows surer
than its mistakes elsewhere allow, and the few steps where it is far off then outweigh all others, though its mode still
gets better on the rest. So the spread is set right first, for all logits and for each number, and numbers are judged by
their mean distance, as under a Laplace distribution. S steps, D distribution, C continuous numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from protocol.action_layout import ActionLayout
from trainer_process.data.step_rows import StepRows
from trainer_process.models import ActionDensity
from trainer_process.models.constrained_actions import fixed_part

TEMPERATURES = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
"""Tried on logits (Guo et al. 2017, arXiv:1706.04599); 1 leaves them as they are."""
_LEAST_DISTANCE = 1e-3
"""Smaller mistakes are as good as none."""


@torch.no_grad()
def validation_score(layout: ActionLayout, distribution: Tensor, rows: StepRows) -> float:
    """Mean surprise at what an expert did, whatever the spread: choices' + sum over numbers of log(mean distance).

    Args:
        layout: of the actions.
        distribution: [S, D].
        rows: what the expert did; padding doesn't count, nor what it was not free to do.
    """
    valid = rows.valid_rows()
    targets = rows.targets()
    if valid is not None:
        targets, distribution = targets.taken(valid), distribution.index_select(0, valid)
    size = layout.continuous_size
    score = _surprise_of_choices(layout, distribution, targets) if layout.vector_size > size else 0.0
    if size:
        is_free = ~fixed_part(layout, targets.actions, targets.modifiers).numbers
        distances = (distribution[:, :size] - targets.actions[:, :size]).abs() * is_free
        counts = is_free.sum(0)
        logs = torch.log(distances.sum(0) / counts.clamp_min(1) + _LEAST_DISTANCE)
        score += float((logs * counts).sum()) / targets.step_count
    return score


def _surprise_of_choices(layout: ActionLayout, distribution: Tensor, rows: StepRows) -> float:
    """Mean -log pi of choices and bits at the best temperature; numbers add nothing."""
    size = layout.continuous_size
    numbers = torch.cat((rows.actions[:, :size], torch.zeros_like(rows.actions[:, :size])), 1)
    logits = distribution[:, 2 * size :]
    density, slopes = ActionDensity(layout, logits.device), torch.empty_like(distribution)
    return min(
        -float(density.evaluate(torch.cat((numbers, logits / each), 1), rows.actions, slopes, rows.modifiers).mean())
        for each in TEMPERATURES
    )
