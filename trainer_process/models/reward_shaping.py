"""Shaping a reward by a potential. B rows."""

from __future__ import annotations

from torch import Tensor


def shaped_reward(
    base_rewards: Tensor, potentials: Tensor, next_potentials: Tensor, continues: Tensor, discount_factor: float
) -> Tensor:
    """f = g + gamma h(s') - h(s), which leaves the best policies as they are (Ng, Harada and Russell 1999).

    The form of Fu, Luo and Levine 2018, arXiv:1710.11248, equation 4. What follows a termination has a potential of 0;
    anything else there would be a reward, or a punishment, for coming to an end.

    Args:
        base_rewards: [B], g.
        potentials: [B], h(s).
        next_potentials: [B], h(s').
        continues: [B], 0 where the step terminated its episode, else 1.
        discount_factor: gamma.
    """
    return base_rewards + discount_factor * continues * next_potentials - potentials
