"""When cloning stops, and which weights it keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@dataclass
class EarlyStopping:
    """The best epoch so far.

    Attributes:
        patience: epochs without improvement after which there is no hope; None always has some.
        score: of the best epoch, lower is better; infinite before the first.
        weights: of that epoch; None before the first.
        epochs_since: how many epochs ago it was.
    """

    patience: int | None
    score: float = math.inf
    weights: FloatArray | None = None
    epochs_since: int = 0

    @property
    def has_run_out(self) -> bool:
        """Whether patience has."""
        return self.patience is not None and self.epochs_since >= self.patience

    def add(self, score: float, weights: FloatArray) -> None:
        """Takes an epoch's validation score and weights in; the weights are kept where it is the best, not copied."""
        if score < self.score:
            self.score, self.weights, self.epochs_since = score, weights, 0
        else:
            self.epochs_since += 1
