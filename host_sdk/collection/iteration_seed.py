"""The random numbers of each iteration of a training that waits for its updates, so that any can be repeated."""

from __future__ import annotations

import numpy as np

_EPISODE_STREAM = 0x65706973
"""Tells the starts of episodes from the noise of actions."""

_EVALUATION_STREAM = 0x6576616C
"""Tells the episodes of evaluations from those of training."""


class IterationSeeds:
    """What a host seeds at the beginning of an iteration: by the host's seed and the iteration's number alone.

    So a training that goes on from a checkpoint, in another process too, plays what it would have played. An iteration
    that is played again in this process, since the trainer went back to a checkpoint, gets other numbers: the host
    may still have batches of the first time, and the same steps twice would be learnt from twice.
    """

    def __init__(self, random_seed: int) -> None:
        """
        Args:
            random_seed: from Welcome; the host's own.
        """
        self._random_seed = random_seed
        self._newest = -1
        self._repeats = 0
        self._key: tuple[int, ...] = (random_seed, 0)

    def begin(self, iteration: int) -> None:
        """An iteration is played from here on.

        Args:
            iteration: updates before it.
        """
        if iteration > self._newest:
            self._newest = iteration
            self._key = (self._random_seed, iteration)
        else:
            self._repeats += 1
            self._key = (self._random_seed, iteration, self._repeats)

    @property
    def noise(self) -> tuple[int, ...]:
        """What goes into numpy's SeedSequence for the policy's noise: seed, iteration, and which repetition."""
        return self._key

    @property
    def episodes(self) -> int:
        """0 to 2^32 − 1, the widest range that all simulators take: the first word of a SeedSequence of its own."""
        return _word(*self._key, _EPISODE_STREAM)

    @property
    def evaluation(self) -> int:
        """The same for all evaluations of this host, so that they differ by the policy alone."""
        return _word(self._random_seed, _EVALUATION_STREAM)

    def episodes_after_evaluation(self, version: int) -> int:
        """For training that doesn't wait for its updates, lest it goes on alike after each evaluation.

        Args:
            version: of the policy that was evaluated.
        """
        return _word(self._random_seed, version, _EVALUATION_STREAM)


def _word(*key: int) -> int:
    return int(np.random.SeedSequence(key).generate_state(1)[0])
