"""The losses of PPO, one free function each, as autograd differentiates them.

These are what PPO means; `closed_form` computes their gradient faster and is tested against them. B minibatch.
"""

from __future__ import annotations

import torch
from torch import Tensor


def clipped_surrogate_loss(log_probs: Tensor, old_log_probs: Tensor, advantages: Tensor, clip_range: float) -> Tensor:
    """The clipped surrogate, negated (Schulman et al. 2017, arXiv:1707.06347, eq. 7).

        L = -mean(min(r * A, clip(r, 1 - eps, 1 + eps) * A)),  r = exp(log pi - log pi_old)

    Args:
        log_probs: [B], of the actions under the policy being learnt.
        old_log_probs: [B], under the policy that the ratio is taken against.
        advantages: [B].
        clip_range: eps.
    """
    ratio = torch.exp(log_probs - old_log_probs)
    clipped = ratio.clamp(1.0 - clip_range, 1.0 + clip_range)
    return -torch.min(ratio * advantages, clipped * advantages).mean()


def decoupled_surrogate_loss(
    log_probs: Tensor,
    proximal_log_probs: Tensor,
    behavior_weights: Tensor,
    advantages: Tensor,
    clip_range: float,
) -> Tensor:
    """The decoupled surrogate, negated (Hilton et al. 2022, arXiv:2110.00641, eq. 3).

        L = -mean(w * min(r * A, clip(r, 1 - eps, 1 + eps) * A)),  r = pi / pi_prox,  w = pi_prox / pi_behavior

    Clips against a recent policy, and corrects for the older one that acted by a weight.

    Args:
        log_probs: [B].
        proximal_log_probs: [B], under the newest policy before the update.
        behavior_weights: [B], w, see `behavior_weights`.
        advantages: [B].
        clip_range: eps.
    """
    return clipped_surrogate_loss(log_probs, proximal_log_probs, behavior_weights * advantages, clip_range)


def behavior_weights(proximal_log_probs: Tensor, behavior_log_probs: Tensor, maximum: float) -> Tensor:
    """[B] probability ratio of the proximal policy to the one that acted, cut off at `maximum`."""
    return torch.exp(proximal_log_probs - behavior_log_probs).clamp(max=maximum)


def value_loss(values: Tensor, returns: Tensor) -> Tensor:
    """Mean squared error of the values [B] against the TD(lambda) returns [B]."""
    return torch.mean((values - returns) ** 2)


def clipped_values(values: Tensor, old_values: Tensor, value_clip_range: float) -> Tensor:
    """[B] values kept within `value_clip_range` of the old ones, as OpenAI's baselines and Stable-Baselines3 do.

    V_clip = V_old + clip(V - V_old, -eps, eps); outside the range no gradient is left.
    """
    return old_values + (values - old_values).clamp(-value_clip_range, value_clip_range)


def entropy_loss(entropy: Tensor) -> Tensor:
    """The mean entropy [B], negated: minimised, it keeps the policy exploring (Williams and Peng 1991)."""
    return -entropy.mean()


def normalized_advantages(advantages: Tensor, is_valid: Tensor | None = None) -> Tensor:
    """Advantages [..., B] moved to mean 0 and unbiased standard deviation 1 along the last dimension.

    One advantage alone stays as it is: it has no deviation.

    Args:
        advantages: [..., B].
        is_valid: [..., B], 1 for those that are to count and 0 for padding; None counts all.
    """
    if is_valid is not None:
        return _normalized_valid_advantages(advantages, is_valid)
    if advantages.shape[-1] < 2:
        return advantages
    centred = advantages - advantages.mean(-1, keepdim=True)
    return centred / (advantages.std(-1, keepdim=True) + 1e-8)


def _normalized_valid_advantages(advantages: Tensor, is_valid: Tensor) -> Tensor:
    count = is_valid.sum(-1, keepdim=True)
    centred = advantages - (advantages * is_valid).sum(-1, keepdim=True) / count
    variance = (centred.square() * is_valid).sum(-1, keepdim=True) / (count - 1.0).clamp_min(1.0)
    return torch.where(count < 2.0, advantages, centred / (variance.sqrt() + 1e-8))


def approximate_kl(log_ratios: Tensor, is_valid: Tensor | None = None) -> Tensor:
    """KL(old || new) estimated from samples of old: mean((r - 1) - log r), with `log_ratios` log r [B].

    Unbiased and never negative (Schulman 2020, joschu.net/blog/kl-approx.html, k3). Of padding, where `is_valid` [B] is
    0, nothing counts.
    """
    estimates = (torch.exp(log_ratios) - 1.0) - log_ratios
    return estimates.mean() if is_valid is None else (estimates * is_valid).sum() / is_valid.sum()


def clip_fraction(log_ratios: Tensor, clip_range: float) -> Tensor:
    """The share of the ratios that lie outside the clip range, in [0, 1]; `log_ratios` [B]."""
    return ((torch.exp(log_ratios) - 1.0).abs() > clip_range).float().mean()


def explained_variance(values: Tensor, returns: Tensor) -> Tensor:
    """1 - Var(returns - values) / Var(returns): 1 is perfect, 0 as good as a constant; NaN for constant returns."""
    variance = returns.var()
    unexplained = (returns - values).var() / variance
    return torch.where(variance > 0, 1.0 - unexplained, torch.nan)
