"""Trajectories cut into windows of equal length, for policies with memory. S steps, W windows, L steps of a window."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from protocol.experience import Int64Array
from trainer_process.data.rollout import BoolArray


class TrajectoryWindows(NamedTuple):
    """Every step is in one window, in its order; a window that a trajectory doesn't fill is padded.

    Attributes:
        steps: int64[W, L], indices of steps; padding repeats the window's last one.
        is_valid: bool[W, L], False for padding.
    """

    steps: Int64Array
    is_valid: BoolArray


def cut_windows(continues: BoolArray, window_size: int) -> TrajectoryWindows:
    """Windows of each trajectory from its first step on.

    Args:
        continues: bool[S], whether the next step of the arrays is the next one of the same trajectory.
        window_size: L.
    """
    starts = np.flatnonzero(np.append(True, ~continues[:-1]))
    lengths = np.diff(np.append(starts, len(continues)))
    counts = -(-lengths // window_size)
    offsets = window_size * (np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts))
    first = np.repeat(starts, counts) + offsets
    valid_counts = np.minimum(np.repeat(lengths, counts) - offsets, window_size)
    within = np.arange(window_size)
    return TrajectoryWindows(
        steps=first[:, None] + np.minimum(within, valid_counts[:, None] - 1),
        is_valid=within < valid_counts[:, None],
    )
