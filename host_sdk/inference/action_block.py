"""The three kinds of numbers in an action vector: how each is sampled and how probable it is.

A block knows its columns in the distribution and action vectors. All work happens in buffers made once; row counts are
at most `max_batch`. Noise scale s samples from a policy with standard deviations · s and logits / s; 0 is the mode.
Log-probabilities are always of the policy itself (s = 1).
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.action_layout import ActionLayout
from protocol.vector_array import FloatArray

LOG_TWO_PI = math.log(2 * math.pi)
ABSENT_LOGIT = np.float32(-1e30)
"""Stands for options that a choice doesn't have: probability 0, and 0 · log 0 comes to 0 rather than NaN."""

# Arrays without axes: numpy takes twice as long over a number of its own type.
SMALLEST = np.array(1e-30, dtype=np.float32)
"""Keeps the logarithm of a drawn zero finite."""
ZERO, ONE, MINUS_TWO = (np.array(value, dtype=np.float32) for value in (0, 1, -2))

Places: TypeAlias = npt.NDArray[np.intp]


class ActionBlock(Protocol):
    """One kind of numbers; shapes: distribution [count, D], actions [count, A], results [count]."""

    def sample(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> FloatArray:
        """Write this block's columns of `actions`; their `log_prob`."""
        ...

    def log_prob(self, distribution: FloatArray, actions: FloatArray) -> FloatArray:
        """float32[count], a buffer that the next call overwrites."""
        ...

    def entropy(self, distribution: FloatArray) -> FloatArray:
        """float32[count] in nats."""
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
        size = self._size
        means, log_stds, u = distribution[:, :size], distribution[:, size : 2 * size], actions[:, :size]
        rows = self._rows_for(len(distribution))
        np.exp(log_stds, rows.stds)
        if noise_scale == 0:
            u[...] = means
            return self._density(means, log_stds, u, rows)
        noise = rows.work
        generator.standard_normal(dtype=np.float32, out=noise)
        np.multiply(noise, rows.stds, noise)
        if noise_scale != 1:
            np.multiply(noise, np.float32(noise_scale), noise)
        np.add(means, noise, u)
        return self._density(means, log_stds, u, rows)

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

    def entropy(self, distribution: FloatArray) -> FloatArray:
        """Of the numbers before squashing, which has no closed form afterwards: Σ log σ + (1 + log 2π)/2."""
        size = self._size
        total: FloatArray = distribution[:, size : 2 * size].sum(axis=1)
        total += np.float32(0.5 * size * (1 + LOG_TWO_PI))
        return total


class ExclusiveBlock(ActionBlock):
    """K choices of one option each; shorter ones are padded to the most options, E.

    log p(i) = logitᵢ − log Σ exp(logit). Sampling takes the largest logit + s · Gumbel noise.

    All choices of all rows stand below each other, R = count · K of them, and an option is named by its place in that
    table as one run of numbers: numpy takes numbers by place several times faster than it reduces short rows.
    """

    def __init__(self, layout: ActionLayout, max_batch: int) -> None:
        self._sizes = layout.exclusive_sizes
        self._choice_count, self._option_count = len(self._sizes), max(self._sizes)
        self._is_even = min(self._sizes) == self._option_count
        self._action_start = layout.continuous_size
        self._start = 2 * layout.continuous_size
        self._width = layout.exclusive_total
        rows = max_batch * self._choice_count
        self._logits = np.full((rows, self._option_count), ABSENT_LOGIT)
        self._one_hots = np.zeros((rows, self._option_count), dtype=np.float32)
        self._work = np.zeros((rows, self._option_count), dtype=np.float32)
        self._totals = np.zeros(rows, dtype=np.float32)
        self._row_places = np.arange(rows) * self._option_count
        self._one_hot_of = np.eye(self._option_count, dtype=np.float32)
        self._ones = np.ones(max(self._option_count, self._choice_count), dtype=np.float32)

    def sample(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> FloatArray:
        logits = self._gather(distribution, self._start, self._logits)
        if noise_scale == 0:
            chosen = logits.argmax(1)
        else:
            scores = self._work[: len(logits)]
            generator.standard_exponential(dtype=np.float32, out=scores)
            np.maximum(scores, SMALLEST, out=scores)
            np.log(scores, scores)
            if noise_scale != 1:
                np.multiply(scores, np.float32(noise_scale), scores)
            np.subtract(logits, scores, scores)
            chosen = scores.argmax(1)
        self._write_one_hots(chosen, actions)
        return self._log_prob_of(chosen, logits, len(distribution))

    def log_prob(self, distribution: FloatArray, actions: FloatArray) -> FloatArray:
        chosen = self._gather(actions, self._action_start, self._one_hots).argmax(1)
        return self._log_prob_of(chosen, self._gather(distribution, self._start, self._logits), len(distribution))

    def entropy(self, distribution: FloatArray) -> FloatArray:
        """−Σ p log p."""
        logits = self._gather(distribution, self._start, self._logits)
        log_probs = logits - self._log_sums(logits)[:, np.newaxis]  # the logits are shifted by then
        total: FloatArray = -(np.exp(log_probs) * log_probs).reshape(len(distribution), -1).sum(axis=1)
        return total

    def _log_prob_of(self, chosen: Places, logits: FloatArray, count: int) -> FloatArray:
        """float32[count], of the options chosen, [R]; shifts the logits."""
        log_sums = self._log_sums(logits)
        total: FloatArray = logits.reshape(-1).take(chosen + self._row_places[: len(logits)]) - log_sums
        return total if self._choice_count == 1 else total.reshape(count, -1).dot(self._ones[: self._choice_count])

    def _log_sums(self, logits: FloatArray) -> FloatArray:
        """log Σ exp(logit) of each row, float32[R] in a buffer, after the logits were shifted to be 0 at the most."""
        rows = len(logits)
        exps, totals = self._work[:rows], self._totals[:rows]
        peaks = logits.reshape(-1).take(logits.argmax(1) + self._row_places[:rows])
        np.subtract(logits, peaks[:, np.newaxis], logits)
        np.exp(logits, exps)
        exps.dot(self._ones[: self._option_count], totals)
        return np.log(totals, totals)

    def _gather(self, vectors: FloatArray, first: int, padded: FloatArray) -> FloatArray:
        """This block's columns from `first` on as [R, E], in `padded`."""
        count = len(vectors)
        rows = padded[: count * self._choice_count]
        if self._is_even:
            rows.reshape(count, self._width)[...] = vectors[:, first : first + self._width]
            return rows
        rows.fill(padded.dtype.type(ABSENT_LOGIT if padded is self._logits else 0))
        table = rows.reshape(count, self._choice_count, self._option_count)
        stop = first
        for index, size in enumerate(self._sizes):
            start, stop = stop, stop + size
            table[:, index, :size] = vectors[:, start:stop]
        return rows

    def _write_one_hots(self, chosen: Places, actions: FloatArray) -> None:
        count = len(actions)
        one_hots = self._one_hots[: len(chosen)]
        self._one_hot_of.take(chosen, 0, one_hots, "clip")
        block = actions[:, self._action_start : self._action_start + self._width]
        if self._is_even:
            block[...] = one_hots.reshape(count, self._width)
            return
        table = one_hots.reshape(count, self._choice_count, self._option_count)
        stop = 0
        for index, size in enumerate(self._sizes):
            start, stop = stop, stop + size
            block[:, start:stop] = table[:, index, :size]


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
    ) -> FloatArray:
        count = len(distribution)
        logits, out = distribution[:, self._start :], actions[:, self._action_start :]
        if noise_scale == 0:
            np.copyto(out, logits > 0)
            return self.log_prob(distribution, actions)
        noise, work = self._noise[:count], self._work[:count]
        # Log-odds of a uniform number are logistic; both it and its complement stay above 0.
        generator.random(dtype=np.float32, out=noise)
        np.subtract(ONE, noise, work)
        np.maximum(noise, SMALLEST, out=noise)
        np.divide(noise, work, noise)
        np.log(noise, noise)
        np.multiply(noise, np.float32(noise_scale), noise)
        np.add(noise, logits, noise)
        np.copyto(out, noise > 0)
        return self.log_prob(distribution, actions)

    def log_prob(self, distribution: FloatArray, actions: FloatArray) -> FloatArray:
        count = len(distribution)
        logits, bits = distribution[:, self._start :], actions[:, self._action_start :]
        noise, work = self._noise[:count], self._work[:count]
        # (1 − 2b) · logit is minus the log-odds of what was drawn.
        np.multiply(bits, MINUS_TWO, noise)
        np.add(noise, ONE, noise)
        np.multiply(noise, logits, noise)
        np.logaddexp(noise, ZERO, work)
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
