"""Log-probabilities and entropies of actions in torch, with gradients; the same numbers as the host's numpy ones.

Shapes: distribution [B, D], actions [B, A] and modifiers [B, M], laid out as `protocol.action_layout` says; results
[B]. Modifiers of width 0, or None, for none.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import groupby

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor

from protocol.action_layout import ActionLayout
from trainer_process.models.constrained_actions import LOG_TWO_PI, fixed_part, is_constrained, reach, with_masks


def log_prob(layout: ActionLayout, distribution: Tensor, actions: Tensor, modifiers: Tensor | None = None) -> Tensor:
    """log π(a) of actions as sampled; of tanh(u) where squashed.

    continuous  Σ −z²/2 − log σ − log(2π)/2 with z = (u − μ)/σ, less log(1 − tanh²u) where squashed
    exclusive   Σ log softmax(logits) at the one
    inclusive   Σ log sigmoid((2b − 1) · logit)

    Only what is acted counts, and is neither given nor masked.
    """
    if not is_constrained(layout, modifiers):
        return _log_prob(layout, distribution, actions)
    fixed = fixed_part(layout, actions, modifiers)
    certain = _log_prob(layout, fixed.certain_distribution(distribution), fixed.certain_actions(actions))
    return certain + fixed.constants


def entropy(layout: ActionLayout, distribution: Tensor, modifiers: Tensor | None = None) -> Tensor:
    """Entropy in nats; of continuous numbers before squashing, which has no closed form afterwards.

    Σ P(acted) · H over numbers, choices and bits, which is exact since they are drawn independently.
    """
    if not is_constrained(layout, modifiers):
        log_probs = _choice_log_probs(layout, distribution)
        return _sum([part.sum(dim=1) for part in _entropies(layout, distribution, log_probs)])
    distribution = with_masks(layout, distribution, modifiers)
    log_probs = _choice_log_probs(layout, distribution)
    parts = _entropies(layout, distribution, log_probs)
    size = layout.continuous_size
    if size and modifiers is not None and modifiers.shape[1]:
        parts[0] = parts[0].masked_fill(modifiers[:, size : 2 * size] > 0.5, 0.0)
    total = torch.cat(parts, dim=1)
    if layout.is_gated:
        chances = [torch.ones_like(distribution[:, :size]), *(part.exp().flatten(1) for part in log_probs)]
        if layout.inclusive_size:
            chances.append(torch.sigmoid(distribution[:, -layout.inclusive_size :]))
        total = total * reach(layout, torch.cat(chances, dim=1))
    return total.sum(dim=1)


def _entropies(layout: ActionLayout, distribution: Tensor, log_probs: list[Tensor]) -> list[Tensor]:
    """[B, n] of the numbers, of the choices group by group, and of the bits, where there are any."""
    size, parts = layout.continuous_size, []
    if size:
        parts.append(distribution[:, size : 2 * size] + 0.5 * (1 + LOG_TWO_PI))
    parts += [-(part.exp() * part).sum(dim=2) for part in log_probs]
    if layout.inclusive_size:
        logits = distribution[:, -layout.inclusive_size :]
        # H = log(1 + exp(l)) − l · sigmoid(l).
        parts.append(F.softplus(logits) - logits * torch.sigmoid(logits))
    return parts


def _log_prob(layout: ActionLayout, distribution: Tensor, actions: Tensor) -> Tensor:
    parts: list[Tensor] = []
    if layout.continuous_size:
        parts.append(_continuous_log_prob(layout, distribution, actions))
    start = layout.continuous_size
    for log_probs in _choice_log_probs(layout, distribution):
        stop = start + log_probs.shape[1] * log_probs.shape[2]
        parts.append((log_probs.flatten(1) * actions[:, start:stop]).sum(dim=1))
        start = stop
    if layout.inclusive_size:
        logits, bits = distribution[:, -layout.inclusive_size :], actions[:, -layout.inclusive_size :]
        parts.append(F.logsigmoid((2 * bits - 1) * logits).sum(dim=1))
    return _sum(parts)


def _continuous_log_prob(layout: ActionLayout, distribution: Tensor, actions: Tensor) -> Tensor:
    size = layout.continuous_size
    means, log_stds, u = distribution[:, :size], distribution[:, size : 2 * size], actions[:, :size]
    z = (u - means) * torch.exp(-log_stds)
    per_number = z.square().mul_(0.5).add_(log_stds)
    squashed = _squash_mask(layout, u.device)
    if squashed is not None:
        per_number = per_number + squashed * (2 * (math.log(2) - u - F.softplus(-2 * u)))
    return -per_number.sum(dim=1) - 0.5 * size * LOG_TWO_PI


def _choice_log_probs(layout: ActionLayout, distribution: Tensor) -> list[Tensor]:
    """[B, choices, options] of each group of neighbouring choices with equally many options."""
    parts: list[Tensor] = []
    start = 2 * layout.continuous_size
    for option_count, choice_count in _choice_groups(layout):
        stop = start + choice_count * option_count
        logits = distribution[:, start:stop].reshape(-1, choice_count, option_count)
        parts.append(F.log_softmax(logits, dim=2))
        start = stop
    return parts


def _sum(parts: list[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


@lru_cache(maxsize=256)
def _choice_groups(layout: ActionLayout) -> tuple[tuple[int, int], ...]:
    """(options, choices that have so many) of neighbouring choices."""
    return tuple((count, len(list(choices))) for count, choices in groupby(layout.exclusive_sizes))


@lru_cache(maxsize=256)
def _squash_mask(layout: ActionLayout, device: torch.device) -> Tensor | None:
    """float32[C], 1 where squashed; None where nothing is."""
    if not layout.squashed.any():
        return None
    return torch.tensor(layout.squashed, dtype=torch.float32, device=device)
