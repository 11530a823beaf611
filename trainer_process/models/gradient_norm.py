"""The length of a gradient, kept within bounds."""

from __future__ import annotations

import torch
from torch import Tensor


def clip_norm(gradient: Tensor, maximum: float) -> None:
    """Scales a gradient in place so that its norm is at most `maximum`, as torch's clip_grad_norm_ does."""
    norm = torch.linalg.vector_norm(gradient)
    gradient.mul_(norm.add_(1e-6).reciprocal_().mul_(maximum).clamp_max_(1.0))
