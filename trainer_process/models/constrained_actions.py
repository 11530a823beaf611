"""Actions of which not all is free: options of unions that were not chosen, given numbers, masked options.

What isn't free adds nothing to log-probabilities and entropies, and gets a gradient of exactly 0. To that end it is put
in place of by numbers under which it is certain: a mean of 0 and a log standard deviation of 0 for a number that came
out as 0 (less its constant), a choice that always takes its first option, a bit that is always 0.

Shapes: distribution and modifiers [B, D], actions [B, A]; modifiers of width 0, or None, for none.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from protocol.action_layout import NO_GATE, ActionLayout

LOG_TWO_PI = math.log(2 * math.pi)

ABSENT_LOGIT = -1e30
"""Stands for options that there are not: probability 0, and 0 * log 0 comes to 0 rather than NaN."""


class FixedPart(NamedTuple):
    """What is not free of actions.

    Attributes:
        numbers: bool[B, C].
        logits: bool[B, D - 2C].
        stand_ins: [B, D - 2C] or one row for all, logits under which those are certain.
    """

    numbers: Tensor
    logits: Tensor
    stand_ins: Tensor

    @property
    def constants(self) -> Tensor:
        """[B] to be added to a log-probability in which each number has brought in its -log(2 pi) / 2."""
        return self.numbers.sum(1) * (0.5 * LOG_TWO_PI)

    def of_distribution(self) -> Tensor:
        """bool[B, D]."""
        return torch.cat((self.numbers, self.numbers, self.logits), 1)

    def certain_distribution(self, distribution: Tensor) -> Tensor:
        """[B, D], certain where it isn't free; the gradient there is 0."""
        start = 2 * self.numbers.shape[1]
        numbers = distribution[:, :start].masked_fill(self.numbers.repeat(1, 2), 0.0)
        return torch.cat((numbers, torch.where(self.logits, self.stand_ins, distribution[:, start:])), 1)

    def certain_actions(self, actions: Tensor) -> Tensor:
        """[B, A], 0 for numbers that aren't free."""
        size = self.numbers.shape[1]
        return torch.cat((actions[:, :size].masked_fill(self.numbers, 0.0), actions[:, size:]), 1)


def is_constrained(layout: ActionLayout, modifiers: Tensor | None) -> bool:
    """Whether there are gates or modifiers."""
    return layout.is_gated or (modifiers is not None and modifiers.shape[1] > 0)


def fixed_part(layout: ActionLayout, actions: Tensor, modifiers: Tensor | None) -> FixedPart:
    """What gates and modifiers don't leave free of actions."""
    size, places = layout.continuous_size, places_of(layout, actions.device)
    # One float more than the vector has, a 1, is the gate of what has none.
    gates = torch.cat((actions, actions.new_ones(actions.shape[0], 1)), 1)
    is_inactive = gates.index_select(1, places.gates) < 0.5
    numbers, logits = is_inactive[:, :size], is_inactive[:, size:]
    if modifiers is None or not modifiers.shape[1]:
        return FixedPart(numbers, logits, places.certain_logits)
    is_flagged = modifiers[:, size:] > 0.5
    stand_ins = torch.where(logits, places.certain_logits, ABSENT_LOGIT)
    return FixedPart(numbers | is_flagged[:, :size], logits | is_flagged[:, size:], stand_ins)


def with_masks(layout: ActionLayout, distribution: Tensor, modifiers: Tensor | None) -> Tensor:
    """[B, D] in which masked options and bits are as good as absent."""
    start = 2 * layout.continuous_size
    if modifiers is None or not modifiers.shape[1] or start == layout.distribution_size:
        return distribution
    logits = distribution[:, start:].masked_fill(modifiers[:, start:] > 0.5, ABSENT_LOGIT)
    return torch.cat((distribution[:, :start], logits), 1)


def reach(layout: ActionLayout, chances: Tensor) -> Tensor:
    """How probable it is that each number, choice and bit is acted.

    Args:
        layout: of the actions.
        chances: [B, A], how probable a 1 is in each float that is acted.

    Returns:
        [B, n], the numbers, then the choices, then the bits.
    """
    places = places_of(layout, chances.device)
    reached = torch.ones_like(chances)
    for floats, gates in places.levels:
        product = reached.index_select(1, gates) * chances.index_select(1, gates)
        reached = reached.index_copy(1, floats, product)
    return reached.index_select(1, places.owners)


class Places(NamedTuple):
    """Indices of floats of the action vector, and logits under which every choice and bit is certain."""

    gates: Tensor
    certain_logits: Tensor
    owners: Tensor
    levels: tuple[tuple[Tensor, Tensor], ...]


@lru_cache(maxsize=256)
def places_of(layout: ActionLayout, device: torch.device) -> Places:
    """Those of a layout, made once: nothing may be copied to a device while a CUDA graph is captured there."""
    gates = torch.tensor([layout.vector_size if gate == NO_GATE else gate for gate in layout.gates.tolist()])
    size, certain = layout.continuous_size, torch.full((layout.vector_size,), ABSENT_LOGIT)
    firsts = [size + sum(layout.exclusive_sizes[:index]) for index in range(len(layout.exclusive_sizes))]
    certain[firsts] = 0.0
    bits = range(layout.vector_size - layout.inclusive_size, layout.vector_size)
    owners = torch.tensor([*range(size), *firsts, *bits])
    levels = tuple(
        (torch.tensor(floats, device=device), torch.tensor(above, device=device))
        for floats, above in layout.gated_levels
    )
    return Places(gates.to(device), certain[size:].to(device), owners.to(device), levels)
