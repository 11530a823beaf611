"""The losses of behavioural cloning, one free function each, as autograd differentiates them.

These are what cloning means; `cloning_step` computes their gradient faster and is tested against them. B minibatch.
"""

from __future__ import annotations

import torch
from torch import Tensor


def negative_log_likelihood(log_probs: Tensor, is_valid: Tensor | None = None) -> Tensor:
    """How surprising the expert's actions are to the policy: -mean(log pi(a|s)) (Pomerleau 1991).

    Args:
        log_probs: [B], of the expert's actions.
        is_valid: [B], 1 for those that are to count and 0 for padding; None counts all.
    """
    return -_mean(log_probs, is_valid)


def l2_loss(weights: Tensor) -> Tensor:
    """Half the sum of squares of all weights [n], as `imitation` has it."""
    return 0.5 * weights.square().sum()


def cloning_loss(
    log_probs: Tensor,
    entropy: Tensor,
    weights: Tensor,
    *,
    entropy_coefficient: float,
    l2_coefficient: float,
    is_valid: Tensor | None = None,
) -> Tensor:
    """What cloning minimises: -mean(log pi(a|s)) - c_H mean(H) + c_2 sum(w^2) / 2.

    Args:
        log_probs: [B], of the expert's actions.
        entropy: [B], of the policy where the expert acted.
        weights: [n], all trainable ones.
        entropy_coefficient: c_H.
        l2_coefficient: c_2.
        is_valid: [B], as of `negative_log_likelihood`.
    """
    surprise = negative_log_likelihood(log_probs, is_valid)
    return surprise - entropy_coefficient * _mean(entropy, is_valid) + l2_coefficient * l2_loss(weights)


def _mean(values: Tensor, is_valid: Tensor | None) -> Tensor:
    return values.mean() if is_valid is None else torch.sum(values * is_valid) / is_valid.sum()
