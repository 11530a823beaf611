"""Discounted sums over flat steps, without a Python loop over the steps. S steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from protocol.experience import Float64Array, FloatArray

_NEGLIGIBLE = 1e-18


class AdvantageEstimate(NamedTuple):
    """float32[S] advantages, and float32[S] value targets (the TD(lambda) returns)."""

    advantages: FloatArray
    returns: FloatArray


def backward_discounted_sums(values: Float64Array, decays: Float64Array) -> Float64Array:
    """float64[S]: sum[t] = values[t] + decays[t] * sum[t + 1], where the last decay must be 0.

    Recursive doubling: after the k-th pass sum[t] holds 2^k terms, so log2(longest unbroken run) passes are enough; a
    run is broken where a decay is 0. A product of decays below 1e-18 counts as 0, since it is lost in float64.
    """
    sums, products, scratch = np.empty((3, len(values)))
    sums[:], products[:] = values, decays
    _sum_in_place(sums, products, scratch)
    return sums


def _sum_in_place(sums: Float64Array, products: Float64Array, scratch: Float64Array) -> None:
    """`sums` holds the values and `products` the decays; the latter and `scratch` are overwritten."""
    stride = 1
    while stride < len(sums):
        ahead = scratch[:-stride]
        np.multiply(products[:-stride], sums[stride:], out=ahead)
        sums[:-stride] += ahead
        np.multiply(products[:-stride], products[stride:], out=ahead)
        products[:-stride] = ahead
        products[-stride:] = 0.0
        if np.abs(products, out=scratch).max() < _NEGLIGIBLE:
            break
        stride *= 2


def generalized_advantages(
    rewards: FloatArray,
    values: FloatArray,
    next_values: FloatArray,
    continues: FloatArray,
    *,
    discount_factor: float,
    gae_lambda: float,
) -> AdvantageEstimate:
    """Generalised advantage estimation (Schulman et al. 2016, arXiv:1506.02438, eq. 16) over flat steps.

        delta[t] = r[t] + gamma * V'[t] - V[t]
        A[t]     = delta[t] + gamma * lambda * continues[t] * A[t + 1]
        R[t]     = A[t] + V[t]

    Args:
        rewards: [S].
        values: [S], V of what the agent saw before each step.
        next_values: [S], V' of what it saw after; 0 where the step terminated the episode.
        continues: [S], 1 where step t + 1 of the arrays is the next step of the same trajectory, else 0; the last is 0.
        discount_factor: gamma.
        gae_lambda: lambda.
    """
    # One block: the system takes small ones back at every call, and touching them anew takes longer than the sums.
    values64, advantages, decays, scratch = np.empty((4, len(values)))
    values64[:] = values
    np.multiply(next_values, discount_factor, out=advantages, dtype=np.float64)
    advantages += rewards
    advantages -= values64
    np.multiply(continues, discount_factor * gae_lambda, out=decays, dtype=np.float64)
    _sum_in_place(advantages, decays, scratch)
    returns = np.add(advantages, values64, out=values64)
    # What float32 can't hold becomes infinite, and the update that meets it is taken back as diverged.
    with np.errstate(over="ignore"):
        return AdvantageEstimate(advantages.astype(np.float32), returns.astype(np.float32))


def forward_discounted_sums(values: Float64Array, decays: Float64Array) -> Float64Array:
    """float64[S]: sum[t] = values[t] + decays[t] * sum[t - 1], where the first decay must be 0."""
    return backward_discounted_sums(values[::-1], decays[::-1])[::-1]
