"""A policy evaluated on demonstrations without gradients: what it would do, and what it remembers.

S rows, W windows, L steps of a window, H memory, D distribution.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from trainer_process.algorithms.bc.cloned_policy import ClonedPolicy
from trainer_process.algorithms.bc.shown_steps import ShownSteps
from trainer_process.data.step_rows import StepRows
from trainer_process.models import forward_windows

_ROWS = 2048
"""Rows of one forward pass: they stay in the cache."""
_FLOATS = 4_000_000
"""Numbers that one may write down, so that those of images don't fill the memory."""


@torch.no_grad()
def distributions(policy: ClonedPolicy, shown: ShownSteps) -> Tensor:
    """[S, D] action distributions; a policy with memory remembers each episode from its first step on, with zeros."""
    if len(shown.ranks):
        return _unrolled(policy, shown, is_all_wanted=True)[0]
    parts: list[Tensor] = []
    for rows in shown.rows.minibatches(_rows_at_once(policy)):
        parts.append(policy.network.forward_normalized(*_read(policy, rows, rows.memory))[0])
    return torch.cat(parts)


@torch.no_grad()
def starting_memories(policy: ClonedPolicy, shown: ShownSteps) -> Tensor:
    """[S, H] in which the first step of each window has the memory that the policy, as it is, comes to it with."""
    return _unrolled(policy, shown, is_all_wanted=False)[1]


def _unrolled(policy: ClonedPolicy, shown: ShownSteps, *, is_all_wanted: bool) -> tuple[Tensor, Tensor]:
    """Distributions [S, D] and memories [S, H]: all first windows of episodes, then all second ones, and so on.

    Unless all is wanted, windows that nothing follows are passed over, and have no distributions.
    """
    rows, size = shown.rows, shown.rows.window_size
    assert rows.memory is not None
    memory = torch.zeros_like(rows.memory)
    found = rows.actions.new_zeros(rows.step_count, policy.network.spec.output_size("distribution"))
    is_followed = np.append(shown.ranks[1:] > 0, False)
    at_once = max(1, _rows_at_once(policy) // size)
    for rank in range(int(shown.ranks.max()) + 1):
        wanted = np.flatnonzero((shown.ranks == rank) & (is_followed | is_all_wanted))
        for part in np.split(wanted, range(at_once, len(wanted), at_once)):
            if len(part) == 0:
                continue
            firsts = torch.from_numpy(size * part).to(memory.device)
            in_time = (firsts + torch.arange(size, device=memory.device).unsqueeze(1)).reshape(-1)
            read = rows.taken(in_time)
            outputs = forward_windows(policy.network, size, *_read(policy, read, memory.index_select(0, firsts)))
            found.index_copy_(0, in_time, outputs[0])
            following = torch.from_numpy(is_followed[part]).to(memory.device)
            memory.index_copy_(0, firsts[following] + size, outputs[1][-len(part) :][following])
    return found, memory


def _read(policy: ClonedPolicy, rows: StepRows, memory: Tensor | None) -> tuple[Tensor, ...]:
    images = None
    if rows.images is not None and rows.image_rows is not None:
        images = rows.images.index_select(0, rows.image_rows).float()
    return policy.inputs_of(rows.observations, images, memory)


def _rows_at_once(policy: ClonedPolicy) -> int:
    return max(1, min(_ROWS, _FLOATS // policy.floats_per_row))
