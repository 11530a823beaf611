"""The choices and the bits of an action vector: how they are sampled, and how probable they are."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.inference.action_block import MINUS_TWO, ActionBlock
from protocol.action_layout import ActionLayout
from protocol.vector_array import FloatArray

ABSENT_LOGIT = np.float32(-1e30)
"""Stands for options that there are not: probability 0, and 0 · log 0 comes to 0 rather than NaN."""

# Arrays without axes: numpy takes twice as long over a number of its own type.
SMALLEST = np.array(1e-30, dtype=np.float32)
"""Keeps the logarithm of a drawn zero finite."""
ZERO, ONE = (np.array(value, dtype=np.float32) for value in (0, 1))

Places: TypeAlias = npt.NDArray[np.intp]


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
        chosen = self._choose(logits, generator, noise_scale)
        self._write_one_hots(chosen, actions)
        return self._log_prob_of(chosen, logits, len(distribution))

    def draw(
        self, distribution: FloatArray, generator: np.random.Generator, noise_scale: float, actions: FloatArray
    ) -> None:
        logits = self._gather(distribution, self._start, self._logits)
        self._write_one_hots(self._choose(logits, generator, noise_scale), actions)

    def _choose(self, logits: FloatArray, generator: np.random.Generator, noise_scale: float) -> Places:
        """[R], the option of each choice."""
        scores = logits if noise_scale == 0 else self._with_noise(logits, generator, noise_scale)
        chosen: Places = scores.argmax(1)
        return chosen

    def _with_noise(self, logits: FloatArray, generator: np.random.Generator, noise_scale: float) -> FloatArray:
        scores = self._work[: len(logits)]
        generator.standard_exponential(dtype=np.float32, out=scores)
        np.maximum(scores, SMALLEST, out=scores)
        np.log(scores, scores)
        if noise_scale != 1:
            np.multiply(scores, np.float32(noise_scale), scores)
        np.subtract(logits, scores, scores)
        return scores

    def log_prob(self, distribution: FloatArray, actions: FloatArray) -> FloatArray:
        chosen = self._gather(actions, self._action_start, self._one_hots).argmax(1)
        return self._log_prob_of(chosen, self._gather(distribution, self._start, self._logits), len(distribution))

    def entropies(self, distribution: FloatArray) -> FloatArray:
        """−Σ p log p."""
        log_probs = self._log_probs(distribution)
        of_choices: FloatArray = -(np.exp(log_probs) * log_probs).sum(axis=1)
        return of_choices.reshape(len(distribution), -1)

    def probabilities(self, distribution: FloatArray, out: FloatArray) -> None:
        """Write how probable a 1 is into this block's columns of `out`, float32[count, A]."""
        self._write_columns(np.exp(self._log_probs(distribution)), out)

    def _log_probs(self, distribution: FloatArray) -> FloatArray:
        """[R, E]."""
        logits = self._gather(distribution, self._start, self._logits)
        log_sums = self._log_sums(logits)[:, np.newaxis]  # which shifts the logits
        return logits - log_sums

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
        one_hots = self._one_hots[: len(chosen)]
        self._one_hot_of.take(chosen, 0, one_hots, "clip")
        self._write_columns(one_hots, actions)

    def _write_columns(self, rows: FloatArray, actions: FloatArray) -> None:
        """Writes [R, E] into this block's columns."""
        count = len(actions)
        block = actions[:, self._action_start : self._action_start + self._width]
        if self._is_even:
            block[...] = rows.reshape(count, self._width)
            return
        table = rows.reshape(count, self._choice_count, self._option_count)
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
        self.draw(distribution, generator, noise_scale, actions)
        return self.log_prob(distribution, actions)

    def draw(
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
        np.subtract(ONE, noise, work)
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
        np.multiply(bits, MINUS_TWO, noise)
        np.add(noise, ONE, noise)
        np.multiply(noise, logits, noise)
        np.logaddexp(noise, ZERO, work)
        total: FloatArray = np.add.reduce(work, 1)
        return np.negative(total, total)

    def entropies(self, distribution: FloatArray) -> FloatArray:
        """With a = |logit|: log(1 + exp(−a)) + a · exp(−a) / (1 + exp(−a))."""
        magnitude = np.abs(distribution[:, self._start :])
        decayed = np.exp(-magnitude)
        of_bits: FloatArray = np.log1p(decayed) + magnitude * decayed / (1 + decayed)
        return of_bits

    def probabilities(self, distribution: FloatArray, out: FloatArray) -> None:
        """Write how probable a 1 is into this block's columns of `out`, float32[count, A]."""
        # exp(−log(1 + exp(−logit))) overflows nowhere.
        out[:, self._action_start :] = np.exp(-np.logaddexp(ZERO, -distribution[:, self._start :]))
