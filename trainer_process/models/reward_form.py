"""What of a discriminator's logit is a reward. B rows."""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import Tensor
from torch.nn.functional import softplus

RewardForm: TypeAlias = Literal["logit", "positive", "negative"]


def gail_rewards(logits_expert_is_high: Tensor, form: RewardForm) -> Tensor:
    """[B] rewards of a discriminator.

    logit     log D - log(1 - D) = z        of either sign
    positive  -log(1 - D) = softplus(z)     never below 0: every further step pays, so that long episodes are liked
    negative  log D = -softplus(-z)         never above 0: every further step costs, so that short episodes are liked

    Where all episodes have one length the three have the same best policies; where they end early, or late, by what the
    agent does, their sign is a reward of its own for surviving or for ending (Kostrikov et al. 2019, arXiv:1809.02925).
    """
    if form == "positive":
        return softplus(logits_expert_is_high)
    if form == "negative":
        return -softplus(-logits_expert_is_high)
    return logits_expert_is_high
