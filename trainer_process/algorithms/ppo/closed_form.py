"""The slope of PPO's surrogate, written out, so that autograd need not trace it. B minibatch."""

from __future__ import annotations

from torch import Tensor


def clipped_surrogate_slope(
    log_ratios: Tensor, advantages: Tensor, clip_range: float, behavior_weights: Tensor | None = None
) -> Tensor:
    """[B] slope of `clipped_surrogate_loss` by each log-probability: -w r A / B where the clip doesn't bind, else 0."""
    ratios = log_ratios.exp()
    surrogates = ratios * advantages
    binding = surrogates > ratios.clamp(1.0 - clip_range, 1.0 + clip_range).mul_(advantages)
    if behavior_weights is not None:
        surrogates = surrogates * behavior_weights
    return surrogates.masked_fill_(binding, 0.0).mul_(-1.0 / advantages.shape[0])
