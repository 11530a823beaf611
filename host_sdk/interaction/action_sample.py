"""From numbers as the game gets them back to those that a policy would have sampled: the opposite of delivering."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from protocol.action_layout import ActionLayout
from protocol.vector_array import FloatArray

SQUASH_LIMIT = 1.0 - 1e-6
"""Numbers at the bounds of a squashed one would come from an infinite u; of these u, |u| is 7.25 at most."""


def samples_of(layout: ActionLayout, columns: slice, numbers: npt.NDArray[np.float64]) -> FloatArray:
    """The u that are delivered as these numbers, but for rounding.

    Args:
        layout: of the action.
        columns: which continuous numbers.
        numbers: float64[n, size], within their bounds, in the game's own units.

    Returns:
        float32[n, size]; not finite where a number divided by its scale is more than float32 holds.
    """
    with np.errstate(all="ignore"):
        samples = numbers / layout.scale[columns]
        if layout.squashed[columns].any():
            low, high = layout.low[columns].astype(np.float64), layout.high[columns].astype(np.float64)
            proportions = 2.0 * (numbers - low) / (high - low) - 1.0
            samples = np.arctanh(np.clip(proportions, -SQUASH_LIMIT, SQUASH_LIMIT))
        return samples.astype(np.float32)
