"""Log-probabilities and entropies of actions in torch, with gradients; the same numbers as the host's numpy ones.

Shapes: distribution [B, D] and actions [B, A], laid out as `protocol.action_layout` says; results [B].
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import groupby

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own name for it)
from torch import Tensor

from protocol.action_layout import ActionLayout

LOG_TWO_PI = math.log(2 * math.pi)


def log_prob(layout: ActionLayout, distribution: Tensor, actions: Tensor) -> Tensor:
    """log π(a) of actions as sampled; of tanh(u) where squashed.

    continuous  Σ −z²/2 − log σ − log(2π)/2 with z = (u − μ)/σ, less log(1 − tanh²u) where squashed
    exclusive   Σ log softmax(logits) at the one
    inclusive   Σ log sigmoid((2b − 1) · logit)
    """
    parts: list[Tensor] = []
    if layout.continuous_size:
        parts.append(_continuous_log_prob(layout, distribution, actions))
    for start, choice_count, size in _choice_groups(layout):
        log_probs = _log_softmax(layout, distribution, start, choice_count, size)
        one_hots = actions[:, start : start + choice_count * size].reshape(-1, choice_count, size)
        parts.append((log_probs * one_hots).sum(dim=(1, 2)))
    if layout.inclusive_size:
        logits, bits = distribution[:, -layout.inclusive_size :], actions[:, -layout.inclusive_size :]
        parts.append(F.logsigmoid((2 * bits - 1) * logits).sum(dim=1))
    return _sum(parts)


def entropy(layout: ActionLayout, distribution: Tensor) -> Tensor:
    """Entropy in nats; of continuous numbers before squashing, which has no closed form afterwards."""
    parts: list[Tensor] = []
    size = layout.continuous_size
    if size:
        parts.append(distribution[:, size : 2 * size].sum(dim=1) + 0.5 * size * (1 + LOG_TWO_PI))
    for start, choice_count, option_count in _choice_groups(layout):
        log_probs = _log_softmax(layout, distribution, start, choice_count, option_count)
        parts.append(-(log_probs.exp() * log_probs).sum(dim=(1, 2)))
    if layout.inclusive_size:
        logits = distribution[:, -layout.inclusive_size :]
        # H = log(1 + exp(l)) − l · sigmoid(l).
        parts.append((F.softplus(logits) - logits * torch.sigmoid(logits)).sum(dim=1))
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


def _log_softmax(layout: ActionLayout, distribution: Tensor, start: int, choice_count: int, size: int) -> Tensor:
    """[B, choices, options] of the choices whose one-hots begin at `start` in the action vector."""
    first = start + layout.continuous_size
    logits = distribution[:, first : first + choice_count * size]
    return F.log_softmax(logits.reshape(-1, choice_count, size), dim=2)


def _sum(parts: list[Tensor]) -> Tensor:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


@lru_cache(maxsize=256)
def _choice_groups(layout: ActionLayout) -> tuple[tuple[int, int, int], ...]:
    """(first float in the action vector, choices, options) of neighbouring choices with equally many options."""
    groups: list[tuple[int, int, int]] = []
    start = layout.continuous_size
    for option_count, choices in groupby(layout.exclusive_sizes):
        choice_count = len(list(choices))
        groups.append((start, choice_count, option_count))
        start += choice_count * option_count
    return tuple(groups)


@lru_cache(maxsize=256)
def _squash_mask(layout: ActionLayout, device: torch.device) -> Tensor | None:
    """float32[C], 1 where squashed; None where nothing is."""
    if not layout.squashed.any():
        return None
    return torch.tensor(layout.squashed, dtype=torch.float32, device=device)
