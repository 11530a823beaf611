"""Actions as learned rewards read them: as the game gets them, and within bounds wherever they have some.

What a policy samples, u, isn't fit for that: of a squashed number u may be anything where tanh(u) has long come to 1,
and two numbers beyond a clip's bound are one to the game; a discriminator that could tell them apart would tell expert
from policy by what makes no difference. So a number with two bounds is put as -1 to 1 between them. One that has less
is as the game gets it, and normalised like an observation. One-hots and bits stay as they are.

B rows, A action, C continuous numbers.
"""

from __future__ import annotations

import numpy as np

from protocol.action_layout import ActionLayout
from protocol.experience import FloatArray
from protocol.vector_array import BoolArray


class BoundedAction:
    """Knows an action layout.

    Attributes:
        size: A.
        unbounded: bool[A], of numbers without two bounds.
    """

    def __init__(self, layout: ActionLayout) -> None:
        self.size = layout.vector_size
        self._layout = layout
        has_bounds = np.isfinite(layout.low) & np.isfinite(layout.high)
        self._is_rescaled = layout.clipped & has_bounds
        self.unbounded: BoolArray = np.zeros(self.size, np.bool_)
        self.unbounded[: layout.continuous_size] = ~(layout.squashed | self._is_rescaled)
        low = np.where(has_bounds, layout.low, -1.0).astype(np.float64)
        high = np.where(has_bounds, layout.high, 1.0).astype(np.float64)
        self._middle = (0.5 * (low + high)).astype(np.float32)
        self._half_span = np.maximum(0.5 * (high - low), 1e-30).astype(np.float32)

    def of(self, actions: FloatArray) -> FloatArray:
        """float32[B, A] of actions float32[B, A] as they were sampled.

        squash: tanh(u); clip: u · scale within the bounds, as -1 to 1 where there are both; none: u · scale. What is
        not acted, below options that were not chosen, is 0.
        """
        layout, size = self._layout, self._layout.continuous_size
        read = actions.copy()
        if not size:
            return read
        numbers = actions[:, :size] * layout.scale
        clipped = np.clip(numbers, layout.low, layout.high)
        rescaled = (clipped - self._middle) / self._half_span
        read[:, :size] = np.select(
            [layout.squashed, self._is_rescaled, layout.clipped],
            [np.tanh(actions[:, :size]), rescaled, clipped],
            numbers,
        )
        if layout.is_gated:
            gates = layout.gates
            is_gated = gates >= 0
            read[:, is_gated] *= actions[:, gates[is_gated]] > 0.5
        return read
