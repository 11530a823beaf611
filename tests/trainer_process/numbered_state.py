"""States whose every value is one number, so that a mixture of two shows."""

from __future__ import annotations

import numpy as np

from trainer_process.algorithms.base import AlgorithmState
from trainer_process.checkpoint import Checkpoint
from trainer_process.checkpoint_context import CheckpointContext


def numbered(iteration: int, number: int | None = None, size: int = 50, **context: object) -> Checkpoint:
    """A checkpoint of `number`, by default its iteration's."""
    number = iteration if number is None else number
    arrays = {"weights": np.full(size, number, np.float32), "moments": np.full((3, 2), number, np.float64)}
    values: dict[str, object] = {"number": number, "generator": {"state": 2**127 + number}}
    stood = CheckpointContext(steps=number, **context)  # type: ignore[arg-type]
    return Checkpoint(iteration, AlgorithmState(dict(arrays), values), stood)


def number_of(checkpoint: Checkpoint | None) -> int:
    """The one number that all of it is of."""
    assert checkpoint is not None
    numbers = {float(number) for array in checkpoint.state.arrays.values() for number in np.unique(array)}
    numbers |= {float(str(checkpoint.state.values["number"])), float(checkpoint.context.steps)}
    assert len(numbers) == 1, numbers
    return int(numbers.pop())
