"""What gradient steps read of an agent's steps, one row per step, whatever is learnt from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

_NO_COLUMNS = ("images", "window_size")


@dataclass(frozen=True, kw_only=True)
class StepRows:
    """S steps; a minibatch is of the same form.

    For a policy with memory the rows are windows of L steps of one trajectory each, one window after the other, some of
    them padded with rows that are not to count. In a minibatch they are in the order of time: the first steps of all of
    its windows, then the second ones, and so on.

    Attributes:
        observations: [S, O], normalised.
        actions: [S, A], as sampled.
        memory: [S, H], before each evaluation; None without memory, as with what follows.
        modifiers: [S, M], of the actions.
        is_valid: [S], 1 for steps and 0 for padding; None where no row is padding.
        image_rows: int64[S], the row of `images` that belongs to each step.
        images: uint8[P, I], of all steps, which minibatches share rather than copy.
        window_size: L; 1 where every row stands for itself.
    """

    observations: Tensor
    actions: Tensor
    memory: Tensor | None = None
    modifiers: Tensor | None = None
    is_valid: Tensor | None = None
    image_rows: Tensor | None = None
    images: Tensor | None = None
    window_size: int = 1

    @property
    def step_count(self) -> int:
        """S."""
        return self.actions.shape[0]

    @property
    def columns(self) -> dict[str, Tensor]:
        """What has a row for each step, by name."""
        present = ((name, getattr(self, name)) for name in self.__dataclass_fields__ if name not in _NO_COLUMNS)
        return {name: column for name, column in present if column is not None}

    def minibatch_rows(self, step_count: int) -> int:
        """Rows of a minibatch that shall have `step_count` steps.

        In windows these are as many as hold that many steps on average, padding aside, and at least one.
        """
        if self.is_valid is None:
            return step_count
        windows = self.step_count // self.window_size
        return max(1, round(step_count * windows / float(self.is_valid.sum()))) * self.window_size

    def valid_rows(self) -> Tensor | None:
        """int64 indices of the rows that are not padding; None for all."""
        return None if self.is_valid is None else torch.nonzero(self.is_valid).squeeze(1)

    def targets(self) -> Self:
        """The same steps without what the networks read."""
        return replace(self, observations=self.observations[:, :0], memory=None, image_rows=None, images=None)

    def taken(self, rows: Tensor) -> Self:
        """The rows in another order, copied once so that minibatches are views of contiguous memory."""
        return self._with({name: column.index_select(0, rows) for name, column in self.columns.items()})

    def blank(self, step_count: int) -> Self:
        """Zeros of the same widths."""
        columns = self.columns.items()
        return self._with({name: column.new_zeros(step_count, *column.shape[1:]) for name, column in columns})

    def minibatches(self, size: int) -> Iterator[Self]:
        """Consecutive views of `size` rows, the last one of what is left."""
        columns = self.columns
        parts = zip(*(torch.split(column, size) for column in columns.values()), strict=True)
        return (self._with(dict(zip(columns, part, strict=True))) for part in parts)

    def _with(self, columns: dict[str, Tensor]) -> Self:
        """The same with other columns, which `replace` would take ten times as long to put in; once a minibatch."""
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        vars(other).update(columns)
        return other
