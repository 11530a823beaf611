"""What discriminators are trained by. B rows, half of them an expert's.

One sign throughout: a logit is high where the discriminator takes a row for the expert's, so that
D = sigmoid(logit) is the probability that it is. (Ho and Ermon 2016, arXiv:1606.03476, have it the other way round.)
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus


def discriminator_loss(
    logits_expert_is_high: Tensor, targets: Tensor, entropy_coefficient: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Binary cross-entropy less an entropy bonus, and its slope by each logit.

        L = mean(softplus(z) - y z) - c mean(H(sigmoid(z))),  dL/dz = (sigmoid(z) - y + c z D (1 - D)) / B

    with H of a bit, in nats: H = softplus(z) - z D. (Goodfellow et al. 2014, arXiv:1406.2661, equation 1, in logits.)

    Args:
        logits_expert_is_high: [B], z.
        targets: [B], y: 1 for an expert's row and 0 for a policy's, or less far apart where labels are smoothed.
        entropy_coefficient: c; keeps the discriminator from being certain.

    Returns:
        The loss, a scalar, and [B] slopes.
    """
    z, chances = logits_expert_is_high, torch.sigmoid(logits_expert_is_high)
    log_partition = softplus(z)
    loss = (log_partition - targets * z).mean()
    slopes = chances - targets
    if entropy_coefficient:
        loss = loss - entropy_coefficient * (log_partition - z * chances).mean()
        slopes = slopes + entropy_coefficient * z * chances * (1.0 - chances)
    return loss, slopes / z.shape[0]


def discriminator_entropy(logits_expert_is_high: Tensor) -> Tensor:
    """Mean entropy of D, in nats: log 2 where it can't tell at all, 0 where it is certain. `logits` [B]."""
    z = logits_expert_is_high
    return (softplus(z) - z * torch.sigmoid(z)).mean()


def smoothed_targets(is_expert: Tensor, label_smoothing: float) -> Tensor:
    """[B] 1 - s for the expert's rows and s for the others, of `is_expert` [B] in 0 and 1."""
    return is_expert * (1.0 - 2.0 * label_smoothing) + label_smoothing


def airl_logits(shaped_rewards: Tensor, log_probs: Tensor) -> Tensor:
    """[B] f - log pi(a|s): the logit of D = exp(f) / (exp(f) + pi(a|s)), arXiv:1710.11248, section 4.

    Args:
        shaped_rewards: [B], f.
        log_probs: [B], of the policy that is being trained, as it is now, of the expert's actions too.
    """
    return shaped_rewards - log_probs
