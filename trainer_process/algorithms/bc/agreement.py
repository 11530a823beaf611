"""How well a policy agrees with what an expert did, as numbers for the record.

S steps, A action, D distribution, C continuous numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from protocol.action_layout import ActionLayout
from trainer_process.data.step_rows import StepRows
from trainer_process.models import entropy, log_prob
from trainer_process.models.constrained_actions import FixedPart, fixed_part, with_masks

_ROWS = 8192
"""Rows that are summed up at a time."""


@torch.no_grad()
def agreement(layout: ActionLayout, distribution: Tensor, rows: StepRows) -> dict[str, float]:
    """Means over all steps that are not padding.

    neg_log_prob and prob_true_action are of the expert's actions, action_error is the mean distance of the policy's
    mode from the numbers that the expert was free to give, in the units in which policies sample, and accuracy the
    share of its free choices and bits that the mode has too.

    Args:
        layout: of the actions.
        distribution: [S, D].
        rows: what the expert did.
    """
    valid = rows.valid_rows()
    targets = rows.targets()
    if valid is not None:
        targets, distribution = targets.taken(valid), distribution.index_select(0, valid)
    sums = distribution.new_zeros(7, dtype=torch.float64)
    for part, at in zip(targets.minibatches(_ROWS), torch.split(distribution, _ROWS), strict=True):
        sums += _sums(layout, at, part)
    surprise, probability, total_entropy, errors, numbers, hits, choices = sums.tolist()
    count = targets.step_count
    metrics = {
        "neg_log_prob": surprise / count,
        "prob_true_action": probability / count,
        "entropy": total_entropy / count,
    }
    if numbers > 0:
        metrics["action_error"] = errors / numbers
    if choices > 0:
        metrics["accuracy"] = hits / choices
    return metrics


def _sums(layout: ActionLayout, distribution: Tensor, rows: StepRows) -> Tensor:
    """[7] -log pi, pi, entropy, |mode - number| and how many numbers, choices that the mode has too and how many."""
    log_probs = log_prob(layout, distribution, rows.actions, rows.modifiers)
    fixed = fixed_part(layout, rows.actions, rows.modifiers)
    is_free = ~fixed.numbers
    size = layout.continuous_size
    errors = (distribution[:, :size] - rows.actions[:, :size]).abs()
    hits, choices = _choices(layout, with_masks(layout, distribution, rows.modifiers), rows.actions, fixed)
    return torch.stack(
        [
            -log_probs.double().sum(),
            log_probs.double().exp().sum(),
            entropy(layout, distribution, rows.modifiers).double().sum(),
            (errors * is_free).double().sum(),
            is_free.double().sum(),
            hits,
            choices,
        ]
    )


def _choices(layout: ActionLayout, distribution: Tensor, actions: Tensor, fixed: FixedPart) -> tuple[Tensor, Tensor]:
    """Of all free choices and bits, how many the mode has too, and how many there are."""
    action_start, logit_start = layout.continuous_size, 2 * layout.continuous_size
    hits = counted = actions.new_zeros((), dtype=torch.float64)
    at = 0
    for size, is_bit in [*((size, False) for size in layout.exclusive_sizes), *[(1, True)] * layout.inclusive_size]:
        logits = distribution[:, logit_start + at : logit_start + at + size]
        chosen = actions[:, action_start + at : action_start + at + size]
        open_options = (~fixed.logits[:, at : at + size]).sum(1)
        is_free = open_options > (0 if is_bit else 1)
        agrees = (logits[:, 0] > 0) == (chosen[:, 0] > 0.5) if is_bit else logits.argmax(1) == chosen.argmax(1)
        hits = hits + (agrees & is_free).double().sum()
        counted = counted + is_free.double().sum()
        at += size
    return hits, counted
