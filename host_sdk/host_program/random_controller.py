"""Somebody who does anything that can be done: the least that every policy must beat."""

from __future__ import annotations

import numpy as np

from host_sdk.controller import Controller
from host_sdk.interaction.action_sample import samples_of
from host_sdk.interaction.agent_selection import AgentIds
from protocol.action_layout import ActionLayout
from protocol.vector_array import BoolArray, FloatArray


class RandomController(Controller):
    """Takes every number between its bounds and every option that isn't masked alike.

    Numbers without bounds are drawn from a normal distribution of their scale.
    """

    def __init__(self, seed: int = 0) -> None:
        """
        Args:
            seed: of the draws.
        """
        super().__init__()
        self._random = np.random.default_rng(seed)

    def label_actions(self, agent_ids: AgentIds) -> FloatArray:
        """float32[n, A], new draws."""
        layout = self.interactor.action_layout
        count, numbers = len(agent_ids), layout.continuous_size
        vectors: FloatArray = np.zeros((count, layout.vector_size), np.float32)
        modifiers = self.interactor.buffer.modifiers_of(agent_ids, "evaluate_controller")
        masked = np.zeros((count, layout.vector_size - numbers), np.bool_)
        if modifiers is not None:
            masked = modifiers[:, 2 * numbers :] > 0.5
        vectors[:, :numbers] = self._numbers(layout, count)
        if modifiers is not None:
            np.copyto(vectors[:, :numbers], modifiers[:, :numbers], where=modifiers[:, numbers : 2 * numbers] > 0.5)
        self._choose(layout, vectors[:, numbers:], masked)
        for floats, gates in layout.gated_levels:
            vectors[:, floats] *= vectors[:, gates]
        return vectors

    def _numbers(self, layout: ActionLayout, count: int) -> FloatArray:
        is_bounded = np.isfinite(layout.low) & np.isfinite(layout.high)
        low, high = (np.where(is_bounded, bound, 0.0).astype(np.float64) for bound in (layout.low, layout.high))
        drawn = self._random.uniform(low, high, (count, layout.continuous_size))
        normal = self._random.standard_normal((count, layout.continuous_size), np.float32)
        return np.where(is_bounded, samples_of(layout, slice(0, layout.continuous_size), drawn), normal)

    def _choose(self, layout: ActionLayout, out: FloatArray, masked: BoolArray) -> None:
        """One-hots and bits [n, …] of what isn't masked."""
        offset, rows = 0, np.arange(len(out))
        for size in layout.exclusive_sizes:
            options = slice(offset, offset + size)
            chances = np.where(masked[:, options], -1.0, self._random.random((len(out), size)))
            out[rows, offset + chances.argmax(axis=1)] = 1.0
            offset += size
        bits = slice(offset, out.shape[1])
        out[:, bits] = (self._random.random((len(out), out.shape[1] - offset)) < 0.5) & ~masked[:, bits]
