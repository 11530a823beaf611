"""The images of a minibatch, from the bytes that all of them are kept as. B minibatch, P images, I bytes of each."""

from __future__ import annotations

import torch
from torch import Tensor


class ImageBuffers:
    """The images of a minibatch, which stay bytes until here.

    Attributes:
        numbers: float32[B, I], what networks read.
    """

    def __init__(self, example: Tensor, size: int) -> None:
        """For `size` rows as wide as the example, uint8[P, I]."""
        self._bytes = example.new_zeros(size, example.shape[1])
        self.numbers = self._bytes.float()

    def read(self, images: Tensor, rows: Tensor) -> None:
        """Gathers B rows out of all images uint8[P, I]."""
        torch.index_select(images, 0, rows, out=self._bytes)
        self.numbers.copy_(self._bytes)
