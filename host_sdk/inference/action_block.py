"""The blocks of an action vector, and the first of them, its continuous numbers: how they are sampled, how probable.

A block knows its columns in the distribution and action vectors. All work happens in buffers made once; row counts are
at most `max_batch`. Noise scale s samples from a policy with standard deviations · s and logits / s; 0 is the mode.
Log-probabilities are always of the policy itself (s = 1).
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np

from protocol.action_layout import ActionLayout
from protocol.vector_array import FloatArray

LOG_TWO_PI = math.log(2 * math.pi)

# An array without axes: numpy takes twice as long over a number of its own type.
MINUS_TWO = np.array(-2, dtype=np.float32)


class ActionBlock(Protocol):
    """One kind of numbers; shapes: distribution [count, D], actions [count, A], results [count]."""

    def sample(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> FloatArray:
        """Write this block's columns of `actions`; their `log_prob`."""
        ...

    def draw(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> None:
        """The same without their `log_prob`."""
        ...

    def log_prob(self, distribution: FloatArray, actions: FloatArray) -> FloatArray:
        """float32[count], a buffer that the next call overwrites."""
        ...

    def entropies(self, distribution: FloatArray) -> FloatArray:
        """float32[count, n] in nats, of each number, choice or bit."""
        ...


class _ContinuousRows(NamedTuple):
    """The rows in use of a continuous block's buffers, float32[count, …]; taken anew when their number changes."""

    work: FloatArray
    stds: FloatArray
    terms: FloatArray
    squares: FloatArray
    log_stds: FloatArray


class ContinuousBlock(ActionBlock):
    """C independent normal numbers, some of them squashed by tanh when delivered.

    log p(u) = Σ −z²/2 − log σ − log(2π)/2 with z = (u − μ)/σ, and for squashed numbers the density of tanh(u): minus
    log(1 − tanh²u) = 2 (log 2 − |u| − log(1 + exp(−2|u|))) (Haarnoja et al. 2018, arXiv:1812.05905, appendix C).
    """

    def __init__(self, layout: ActionLayout, max_batch: int) -> None:
        size = self._size = layout.continuous_size
        self._is_squashed = bool(layout.squashed.any())
        self._slope_weights = -2 * layout.squashed.astype(np.float32)
        self._work = np.zeros((max_batch, size), dtype=np.float32)
        self._stds = np.zeros((max_batch, size), dtype=np.float32)
        # z², log σ and 1 side by side, so that one product with their weights sums the density up.
        self._terms = np.ones((max_batch, 2 * size + 1), dtype=np.float32)
        self._weights = np.repeat(np.array([-0.5, -1, -0.5 * size * LOG_TWO_PI], np.float32), [size, size, 1])
        self._rows: _ContinuousRows | None = None

    def sample(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> FloatArray:
        return self._density(*self._draw(distribution, generator, noise_scale, actions))

    def draw(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> None:
        self._draw(distribution, generator, noise_scale, actions)

    def _draw(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, _ContinuousRows]:
        """Means, log standard deviations, what was drawn, and the rows in use, with σ in them."""
        size = self._size
        means, log_stds, u = distribution[:, :size], distribution[:, size : 2 * size], actions[:, :size]
        rows = self._rows_for(len(distribution))
        np.exp(log_stds, rows.stds)
        if noise_scale == 0:
            u[...] = means
            return means, log_stds, u, rows
        noise = rows.work
        generator.standard_normal(dtype=np.float32, out=noise)
        np.multiply(noise, rows.stds, noise)
        if noise_scale != 1:
            np.multiply(noise, np.float32(noise_scale), noise)
        np.add(means, noise, u)
        return means, log_stds, u, rows

    def log_prob(self, distribution: FloatArray, actions: FloatArray) -> FloatArray:
        size = self._size
        log_stds, rows = distribution[:, size : 2 * size], self._rows_for(len(distribution))
        np.exp(log_stds, rows.stds)
        return self._density(distribution[:, :size], log_stds, actions[:, :size], rows)

    def _density(self, means: FloatArray, log_stds: FloatArray, u: FloatArray, rows: _ContinuousRows) -> FloatArray:
        """float32[count], log-probabilities of `u`, float32[count, C], with σ standing in its rows."""
        z = rows.work
        np.subtract(u, means, z)
        np.divide(z, rows.stds, z)
        np.multiply(z, z, rows.squares)
        rows.log_stds[...] = log_stds
        total: FloatArray = rows.terms.dot(self._weights)
        if self._is_squashed:
            total += self._half_log_slope(u, z).dot(self._slope_weights)
        return total

    def _rows_for(self, count: int) -> _ContinuousRows:
        rows = self._rows
        if rows is None or len(rows.work) != count:
            size, work, stds, terms = self._size, self._work[:count], self._stds[:count], self._terms[:count]
            rows = self._rows = _ContinuousRows(work, stds, terms, terms[:, :size], terms[:, size : 2 * size])
        return rows

    def _half_log_slope(self, u: FloatArray, work: FloatArray) -> FloatArray:
        """log(1 − tanh²u) / 2, float32[count, C] in `work`."""
        magnitude = np.abs(u)
        np.multiply(magnitude, MINUS_TWO, work)
        np.exp(work, work)
        np.log1p(work, work)
        np.add(work, magnitude, work)
        np.subtract(np.float32(math.log(2)), work, work)
        return work

    def entropies(self, distribution: FloatArray) -> FloatArray:
        """Of the numbers before squashing, which has no closed form afterwards: log σ + (1 + log 2π)/2."""
        return distribution[:, self._size : 2 * self._size] + np.float32(0.5 * (1 + LOG_TWO_PI))
