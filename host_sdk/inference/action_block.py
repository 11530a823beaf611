"""The three kinds of numbers in an action vector: how each is sampled and how probable it is.

A block knows its columns in the distribution and action vectors. All work happens in buffers made once; row counts are
at most `max_batch`. Noise scale s samples from a policy with standard deviations · s and logits / s; 0 is the mode.
Log-probabilities are always of the policy itself (s = 1).
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from protocol.vector_layout import ActionLayout, FloatArray

LOG_TWO_PI = math.log(2 * math.pi)
ABSENT_LOGIT = np.float32(-1e30)
"""Stands for options that a choice doesn't have: probability 0, and 0 · log 0 comes to 0 rather than NaN."""
SMALLEST = np.float32(1e-30)
"""Keeps the logarithm of a drawn zero finite."""


class ActionBlock(Protocol):
    """One kind of numbers; shapes: distribution [count, D], actions [count, A], results [count]."""

    def sample(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> None:
        """Write this block's columns of `actions`."""
        ...

    def log_prob(self, distribution: FloatArray, actions: FloatArray) -> FloatArray:
        """float32[count], a buffer that the next call overwrites."""
        ...

    def entropy(self, distribution: FloatArray) -> FloatArray:
        """float32[count] in nats."""
        ...


class ContinuousBlock(ActionBlock):
    """C independent normal numbers, some of them squashed by tanh when delivered.

    log p(u) = Σ −z²/2 − log σ − log(2π)/2 with z = (u − μ)/σ, and for squashed numbers the density of tanh(u):
    minus log(1 − tanh²u) = 2 (log 2 − |u| − log(1 + exp(−2|u|))) (Haarnoja et al. 2018, arXiv:1812.05905, appendix C).
    """

    def __init__(self, layout: ActionLayout, max_batch: int) -> None:
        size = self._size = layout.continuous_size
        self._constant = np.float32(-0.5 * size * LOG_TWO_PI)
        self._is_squashed = bool(layout.squashed.any())
        self._squashed = layout.squashed.astype(np.float32)
        self._noise = np.zeros((max_batch, size), dtype=np.float32)
        self._work = np.zeros((max_batch, size), dtype=np.float32)
        self._total = np.zeros(max_batch, dtype=np.float32)

    def sample(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> None:
        size, count = self._size, len(distribution)
        means, out = distribution[:, :size], actions[:, :size]
        if noise_scale == 0:
            out[...] = means
            return
        noise, work = self._noise[:count], self._work[:count]
        generator.standard_normal(dtype=np.float32, out=noise)
        np.exp(distribution[:, size : 2 * size], work)
        np.multiply(noise, work, noise)
        if noise_scale != 1:
            np.multiply(noise, np.float32(noise_scale), noise)
        np.add(means, noise, out)

    def log_prob(self, distribution: FloatArray, actions: FloatArray) -> FloatArray:
        size, count = self._size, len(distribution)
        log_stds, u = distribution[:, size : 2 * size], actions[:, :size]
        z, work, total = self._noise[:count], self._work[:count], self._total[:count]
        np.negative(log_stds, work)
        np.exp(work, work)
        np.subtract(u, distribution[:, :size], z)
        np.multiply(z, work, z)
        np.multiply(z, z, z)
        np.multiply(z, np.float32(-0.5), z)
        np.subtract(z, log_stds, z)
        if self._is_squashed:
            np.subtract(z, self._log_slope(u, work), z)
        np.add.reduce(z, axis=1, out=total)
        np.add(total, self._constant, total)
        return total

    def _log_slope(self, u: FloatArray, work: FloatArray) -> FloatArray:
        """log(1 − tanh²u) of the squashed numbers, 0 for the others; [count, C] in `work`."""
        magnitude = np.abs(u)
        np.multiply(magnitude, np.float32(-2), work)
        np.exp(work, work)
        np.log1p(work, work)
        np.add(work, magnitude, work)
        np.subtract(np.float32(math.log(2)), work, work)
        np.multiply(work, np.float32(2), work)
        np.multiply(work, self._squashed, work)
        return work

    def entropy(self, distribution: FloatArray) -> FloatArray:
        """Of the numbers before squashing, which has no closed form afterwards: Σ log σ + (1 + log 2π)/2."""
        size = self._size
        total: FloatArray = distribution[:, size : 2 * size].sum(axis=1)
        total += np.float32(0.5 * size * (1 + LOG_TWO_PI))
        return total


class ExclusiveBlock(ActionBlock):
    """K choices of one option each; shorter ones are padded to the most options, E.

    log p(i) = logitᵢ − log Σ exp(logit). Sampling takes the largest logit + s · Gumbel noise.
    """

    def __init__(self, layout: ActionLayout, max_batch: int) -> None:
        self._sizes = layout.exclusive_sizes
        choice_count, option_count = len(self._sizes), max(self._sizes)
        self._is_even = min(self._sizes) == option_count
        self._action_start = layout.continuous_size
        self._start = 2 * layout.continuous_size
        self._width = layout.exclusive_total
        shape = (max_batch, choice_count, option_count)
        self._logits = np.full(shape, ABSENT_LOGIT)
        self._one_hots = np.zeros(shape, dtype=np.float32)
        self._work = np.zeros(shape, dtype=np.float32)
        self._is_chosen = np.zeros(shape, dtype=np.bool_)
        self._options = np.arange(option_count)

    def sample(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> None:
        count = len(distribution)
        scores = self._gather(distribution, self._start, self._logits)
        if noise_scale != 0:
            work = self._work[:count]
            generator.standard_exponential(dtype=np.float32, out=work)
            np.maximum(work, SMALLEST, out=work)
            np.log(work, work)
            np.multiply(work, np.float32(-noise_scale), work)
            np.add(scores, work, work)
            scores = work
        is_chosen = self._is_chosen[:count]
        np.equal(scores.argmax(axis=2)[..., np.newaxis], self._options, is_chosen)
        block = actions[:, self._action_start : self._action_start + self._width]
        if self._is_even:
            block[...] = is_chosen.reshape(count, self._width)
            return
        stop = 0
        for index, size in enumerate(self._sizes):
            start, stop = stop, stop + size
            block[:, start:stop] = is_chosen[:, index, :size]

    def log_prob(self, distribution: FloatArray, actions: FloatArray) -> FloatArray:
        log_probs = self._log_softmax(distribution)
        np.multiply(log_probs, self._gather(actions, self._action_start, self._one_hots), log_probs)
        total: FloatArray = np.add.reduce(log_probs, (1, 2))
        return total

    def entropy(self, distribution: FloatArray) -> FloatArray:
        """−Σ p log p."""
        log_probs = self._log_softmax(distribution)
        total: FloatArray = -(np.exp(log_probs) * log_probs).sum(axis=(1, 2))
        return total

    def _log_softmax(self, distribution: FloatArray) -> FloatArray:
        """[count, K, E] in a buffer."""
        count = len(distribution)
        logits, work = self._gather(distribution, self._start, self._logits), self._work[:count]
        np.subtract(logits, np.maximum.reduce(logits, 2, keepdims=True), logits)
        np.exp(logits, work)
        np.subtract(logits, np.log(np.add.reduce(work, 2, keepdims=True)), logits)
        return logits

    def _gather(self, vectors: FloatArray, first: int, padded: FloatArray) -> FloatArray:
        """This block's columns from `first` on as [count, K, E], in `padded`."""
        count = len(vectors)
        rows = padded[:count]
        if self._is_even:
            rows.reshape(count, self._width)[...] = vectors[:, first : first + self._width]
            return rows
        rows.fill(padded.dtype.type(ABSENT_LOGIT if padded is self._logits else 0))
        stop = first
        for index, size in enumerate(self._sizes):
            start, stop = stop, stop + size
            rows[:, index, :size] = vectors[:, start:stop]
        return rows


class InclusiveBlock(ActionBlock):
    """I independent bits with the log-odds of being 1 as logits.

    log p(b) = −Σ log(1 + exp(−(2b − 1) · logit)). Sampling asks whether logit + s · logistic noise is above 0.
    """

    def __init__(self, layout: ActionLayout, max_batch: int) -> None:
        self._size = layout.inclusive_size
        self._action_start = layout.vector_size - layout.inclusive_size
        self._start = layout.distribution_size - layout.inclusive_size
        self._noise = np.zeros((max_batch, self._size), dtype=np.float32)
        self._work = np.zeros((max_batch, self._size), dtype=np.float32)

    def sample(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> None:
        count = len(distribution)
        logits, out = distribution[:, self._start :], actions[:, self._action_start :]
        if noise_scale == 0:
            np.copyto(out, logits > 0)
            return
        noise, work = self._noise[:count], self._work[:count]
        # Log-odds of a uniform number are logistic; both it and its complement stay above 0.
        generator.random(dtype=np.float32, out=noise)
        np.subtract(np.float32(1), noise, work)
        np.maximum(noise, SMALLEST, out=noise)
        np.divide(noise, work, noise)
        np.log(noise, noise)
        np.multiply(noise, np.float32(noise_scale), noise)
        np.add(noise, logits, noise)
        np.copyto(out, noise > 0)

    def log_prob(self, distribution: FloatArray, actions: FloatArray) -> FloatArray:
        count = len(distribution)
        logits, bits = distribution[:, self._start :], actions[:, self._action_start :]
        noise, work = self._noise[:count], self._work[:count]
        # (1 − 2b) · logit is minus the log-odds of what was drawn.
        np.multiply(bits, np.float32(-2), noise)
        np.add(noise, np.float32(1), noise)
        np.multiply(noise, logits, noise)
        np.logaddexp(noise, np.float32(0), work)
        total: FloatArray = np.add.reduce(work, 1)
        return np.negative(total, total)

    def entropy(self, distribution: FloatArray) -> FloatArray:
        """With a = |logit|: Σ log(1 + exp(−a)) + a · exp(−a) / (1 + exp(−a))."""
        magnitude = np.abs(distribution[:, self._start :])
        decayed = np.exp(-magnitude)
        total: FloatArray = (np.log1p(decayed) + magnitude * decayed / (1 + decayed)).sum(axis=1)
        return total


def make_blocks(layout: ActionLayout, max_batch: int) -> tuple[ActionBlock, ...]:
    """The blocks that this action vector has, in its order."""
    blocks: list[ActionBlock] = []
    if layout.continuous_size:
        blocks.append(ContinuousBlock(layout, max_batch))
    if layout.exclusive_sizes:
        blocks.append(ExclusiveBlock(layout, max_batch))
    if layout.inclusive_size:
        blocks.append(InclusiveBlock(layout, max_batch))
    return tuple(blocks)
