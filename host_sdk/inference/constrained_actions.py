"""Actions of which not all is free: options of unions that were not chosen, given numbers, masked options.

What isn't free adds nothing to log-probabilities and entropies. To that end the blocks, which know nothing of it, get a
distribution under which it is certain: a number of mean 0 and standard deviation 1 that came out as 0 (less its
constant), a choice that always takes its first option, a bit that is always 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from host_sdk.inference.action_block import LOG_TWO_PI, ActionBlock
from host_sdk.inference.discrete_block import ABSENT_LOGIT, ExclusiveBlock, InclusiveBlock
from protocol.action_layout import NO_GATE, ActionLayout
from protocol.vector_array import BoolArray, FloatArray

MOST_NOISE = 1e20
"""A larger noise scale could lift a masked option above the others, and makes all those alike anyway."""


class ConstrainedActions:
    """Sampling, log-probabilities and entropies under gates and modifiers; shapes as in `ActionDistribution`."""

    def __init__(self, layout: ActionLayout, blocks: Sequence[ActionBlock], max_batch: int) -> None:
        self._blocks = blocks
        self._size = layout.continuous_size
        self._levels = layout.gated_levels
        self._masked = np.zeros((max_batch, layout.distribution_size), dtype=np.float32)
        self._certain = np.zeros((max_batch, layout.distribution_size), dtype=np.float32)
        self._actions = np.zeros((max_batch, layout.vector_size), dtype=np.float32)
        # One float more than the vector has, a 1, is the gate of what has none.
        self._gates = np.where(layout.gates == NO_GATE, layout.vector_size, layout.gates)
        self._open = np.ones((max_batch, layout.vector_size + 1), dtype=np.float32)
        self._certain_logits = np.full(layout.exclusive_total + layout.inclusive_size, ABSENT_LOGIT)
        firsts = np.cumsum([0, *layout.exclusive_sizes[:-1]], dtype=np.intp)[: len(layout.exclusive_sizes)]
        self._certain_logits[firsts] = 0.0
        # The floats that stand for a number, a choice or a bit each, block by block.
        starts = (
            range(self._size),
            self._size + firsts,
            range(layout.vector_size - layout.inclusive_size, layout.vector_size),
        )
        self._places = [np.asarray(places, dtype=np.intp) for places in starts if len(places)]

    def sample(
        self,
        distribution: FloatArray,
        generator: np.random.Generator,
        noise_scale: float,
        out_actions: FloatArray,
        out_log_probs: FloatArray,
        modifiers: FloatArray | None,
    ) -> None:
        """See `ActionDistribution.sample`."""
        masked = self._with_masks(distribution, modifiers)
        for block in self._blocks:
            block.draw(masked, generator, min(noise_scale, MOST_NOISE), out_actions)
        if modifiers is not None:
            size = self._size
            np.copyto(out_actions[:, :size], modifiers[:, :size], where=_flags(modifiers, size, 2 * size))
        for floats, gates in self._levels:
            out_actions[:, floats] *= out_actions.take(gates, 1)
        out_log_probs[...] = self._log_prob(masked, out_actions, modifiers)

    def log_prob(self, distribution: FloatArray, actions: FloatArray, modifiers: FloatArray | None) -> FloatArray:
        """float32[count]."""
        return self._log_prob(self._with_masks(distribution, modifiers), actions, modifiers)

    def entropy(self, distribution: FloatArray, modifiers: FloatArray | None) -> FloatArray:
        """float32[count]: Σ P(acted) · H over numbers, choices and bits, exact since they are drawn independently."""
        masked, size = self._with_masks(distribution, modifiers), self._size
        reach = np.ones((len(masked), self._gates.size), dtype=np.float32)
        if self._levels:
            chances = np.ones_like(reach)
            for block in self._blocks:
                if isinstance(block, ExclusiveBlock | InclusiveBlock):
                    block.probabilities(masked, chances)
            for floats, gates in self._levels:
                reach[:, floats] = reach.take(gates, 1) * chances.take(gates, 1)
        if modifiers is not None:
            reach[:, :size][_flags(modifiers, size, 2 * size)] = 0.0
        total = np.zeros(len(masked), dtype=np.float32)
        for block, places in zip(self._blocks, self._places, strict=True):
            total += (block.entropies(masked) * reach[:, places]).sum(axis=1)
        return total

    def _with_masks(self, distribution: FloatArray, modifiers: FloatArray | None) -> FloatArray:
        """float32[count, D] in which masked options and bits are as good as absent."""
        if modifiers is None:
            return distribution
        masked, start = self._masked[: len(distribution)], 2 * self._size
        masked[...] = distribution
        np.copyto(masked[:, start:], ABSENT_LOGIT, where=_flags(modifiers, start, None))
        return masked

    def _log_prob(self, masked: FloatArray, actions: FloatArray, modifiers: FloatArray | None) -> FloatArray:
        count, size = len(masked), self._size
        certain, free_actions, free = self._certain[:count], self._actions[:count], self._open[:count]
        # Canonical actions tell by themselves which of their leaves are acted.
        free[:, :-1] = actions
        free = free.take(self._gates, 1)
        np.copyto(certain, masked)
        np.copyto(certain[:, 2 * size :], self._certain_logits, where=free[:, size:] == 0)
        free_actions[...] = actions
        constant = 0.0
        if size:
            numbers = free[:, :size]
            if modifiers is not None:
                numbers[_flags(modifiers, size, 2 * size)] = 0.0
            certain[:, :size] *= numbers
            certain[:, size : 2 * size] *= numbers
            free_actions[:, :size] *= numbers
            constant = np.float32(0.5 * LOG_TWO_PI) * (size - numbers.sum(axis=1))
        total = np.full(count, constant, dtype=np.float32)
        for block in self._blocks:
            total += block.log_prob(certain, free_actions)
        return total


def _flags(modifiers: FloatArray, start: int, stop: int | None) -> BoolArray:
    return modifiers[:, start:stop] > 0.5
