"""What a gradient step reads, on buffers that stay the same. B minibatch."""

from __future__ import annotations

from typing import Generic, TypeVar

import torch
from torch import Tensor

from trainer_process.data.step_rows import StepRows
from trainer_process.models import ImageBuffers

Rows = TypeVar("Rows", bound=StepRows)


class MinibatchInputs(Generic[Rows]):
    """Buffers for minibatches of B steps.

    Attributes:
        rows: the minibatch; to be filled by `read`.
        pixels: float32[B, I], its images; None where it has none.
    """

    def __init__(self, example: Rows, size: int) -> None:
        """
        Args:
            example: of any number of rows, for its widths.
            size: B.
        """
        self.rows = example.blank(size)
        self._images = None if example.images is None else ImageBuffers(example.images, size)
        self.pixels = None if self._images is None else self._images.numbers
        self._names = [name for name in self.rows.columns if name != "image_rows"]
        self._columns: list[Tensor] = [getattr(self.rows, name) for name in self._names]

    def read(self, minibatch: Rows) -> None:
        """Copies a minibatch of B steps in."""
        torch._foreach_copy_(self._columns, [getattr(minibatch, name) for name in self._names])
        if self._images is not None and minibatch.images is not None and minibatch.image_rows is not None:
            self._images.read(minibatch.images, minibatch.image_rows)
