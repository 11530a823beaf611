"""The losses of Unreal Learning Agents' PPO, which differ from Schulman's in every term.

Source: `train_ppo.py` of the LearningAgents plugin, 5.5 and 5.6. B minibatch, A action dimensions, D distribution.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def positive_advantages(advantages: Tensor, minimum: float, maximum: float, valid_rows: Tensor | None = None) -> Tensor:
    """[B] advantages divided by their standard deviation, not centred, and clipped.

    With a minimum of 0 only actions that went better than predicted are reinforced. The deviation is that of
    `valid_rows`, int64 indices, where there are others that are padding.
    """
    counted = advantages if valid_rows is None else advantages[valid_rows]
    deviation = counted.std() if counted.shape[0] > 1 else torch.ones_like(counted[0])
    return (advantages / (deviation + 1e-8)).clamp(minimum, maximum)


def log_surrogate_loss(
    log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, clip_range: float, action_size: int
) -> Tensor:
    """The surrogate on log-ratios, negated: unlike Schulman's, its gradient doesn't grow with the ratio.

        L = -mean(min(d * A, clip(d, log(1 - eps), log(1 + eps)) * A)) / action_size,  d = log pi - log pi_old

    Args:
        log_probs: [B].
        old_log_probs: [B].
        advantages: [B].
        clip_range: eps, below 1.
        action_size: A.
    """
    log_ratios = log_probs - old_log_probs
    clipped = log_ratios.clamp(math.log1p(-clip_range), math.log1p(clip_range))
    return -torch.min(log_ratios * advantages, clipped * advantages).mean() / action_size


def critic_loss(values: Tensor, returns: Tensor, return_regularization_weight: float) -> Tensor:
    """mean|R - V| + w * mean|V|: robust to the scale of rewards; `values` and `returns` [B]."""
    return (returns - values).abs().mean() + return_regularization_weight * values.abs().mean()


def action_regularization_loss(distribution: Tensor, action_size: int) -> Tensor:
    """Mean over B of sum(|means|) + sum(|log deviations|) + sum(|logits|), over A; `distribution` [B, D]."""
    return distribution.abs().sum(-1).mean() / action_size
