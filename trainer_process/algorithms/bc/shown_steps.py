"""Demonstrations as gradient steps read them. S rows, W windows, L steps of a window, H memory."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from protocol.experience import Int64Array
from protocol.recording import FlatEpisodes
from trainer_process.algorithms.bc.cloned_policy import ClonedPolicy
from trainer_process.data.step_rows import StepRows
from trainer_process.data.trajectory_window import cut_windows


@dataclass(frozen=True)
class ShownSteps:
    """Steps of whole episodes.

    Attributes:
        rows: the steps, in windows for a policy with memory.
        ranks: int64[W], of each window its place in its episode, from 0; empty without memory. Windows of an episode
            lie one after the other.
    """

    rows: StepRows
    ranks: Int64Array

    @property
    def step_count(self) -> int:
        """Steps, padding aside."""
        return self.rows.step_count if self.rows.is_valid is None else int(self.rows.is_valid.sum())


def show_steps(episodes: FlatEpisodes, policy: ClonedPolicy, window_size: int) -> ShownSteps:
    """Puts episodes on the policy's device, normalised as it normalises.

    Args:
        episodes: at least one.
        policy: to be cloned into.
        window_size: L, for a policy with memory; where no episode is as long, windows are as long as the longest.
    """
    device, spec = policy.device, policy.network.spec
    images = _unless_empty(episodes.images, device)
    rows = StepRows(
        observations=policy.network.normalize(torch.from_numpy(episodes.observations).to(device)),
        actions=torch.from_numpy(episodes.actions).to(device),
        modifiers=_unless_empty(episodes.action_modifiers, device),
        image_rows=None if images is None else torch.arange(episodes.step_count, device=device),
        images=images,
    )
    memory_size = dict(spec.inputs).get("memory", 0)
    if memory_size == 0:
        return ShownSteps(rows, np.zeros(0, np.int64))
    return _in_windows(rows, episodes.lengths, min(window_size, int(episodes.lengths.max())), memory_size)


def _in_windows(rows: StepRows, lengths: Int64Array, window_size: int, memory_size: int) -> ShownSteps:
    """The steps window after window; every memory is zeros as yet."""
    continues = np.ones(rows.step_count, np.bool_)
    continues[np.cumsum(lengths) - 1] = False
    windows = cut_windows(continues, window_size)
    device = rows.actions.device
    taken = rows.taken(torch.from_numpy(windows.steps.reshape(-1)).to(device))
    counts = -(-lengths // window_size)
    ranks: Int64Array = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    in_windows = replace(
        taken,
        memory=rows.actions.new_zeros(taken.step_count, memory_size),
        is_valid=torch.from_numpy(windows.is_valid.reshape(-1)).to(device, torch.float32),
        window_size=window_size,
    )
    return ShownSteps(in_windows, ranks)


def _unless_empty(rows: npt.NDArray[np.generic], device: torch.device) -> Tensor | None:
    """Rows as a tensor; None where they hold nothing."""
    return torch.from_numpy(rows).to(device) if rows.shape[1] else None
