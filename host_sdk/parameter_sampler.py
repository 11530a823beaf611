"""Draws the values of one environment parameter from a stream of random numbers of its own."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from protocol.environment_sampler import ConstantSampler, EnvironmentSampler, GaussianSampler, UniformSampler
from protocol.experience import Float64Array


class ParameterSampler:
    """One parameter's values, one after the other.

    The stream follows from the sampler's seed, the host's index, the parameter's name, and the seed of the episodes
    where there is one: hosts draw differently, a change of one parameter moves no other, and a run that is gone on with
    draws what it would have drawn.

    Attributes:
        sampler: what is drawn from.
    """

    def __init__(self, name: str, sampler: EnvironmentSampler, *, host_index: int = 0) -> None:
        """
        Args:
            name: the parameter's.
            sampler: what to draw from.
            host_index: which host of the run this is.
        """
        self.sampler = sampler
        self._key = f"{host_index}/{name}"
        self._random = self._stream("")

    def seed_episodes(self, seed: int) -> None:
        """Begins another stream, which follows from this seed too."""
        self._random = self._stream(f"/{seed}")

    def draw(self, count: int) -> Float64Array:
        """float64[count], the next values."""
        sampler, random = self.sampler, self._random
        if isinstance(sampler, ConstantSampler):
            return np.full(count, sampler.value)
        if isinstance(sampler, UniformSampler):
            return sampler.min_value + random.random(count) * (sampler.max_value - sampler.min_value)
        if isinstance(sampler, GaussianSampler):
            return sampler.mean + random.standard_normal(count) * sampler.st_dev
        return _draw_from_intervals(np.array(sampler.intervals), random.random(count))

    def _stream(self, episodes: str) -> np.random.Generator:
        seed = 0 if isinstance(self.sampler, ConstantSampler) else self.sampler.seed
        digest = blake2b(f"{seed}/{self._key}{episodes}".encode(), digest_size=16).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))


def _draw_from_intervals(intervals: Float64Array, shares: Float64Array) -> Float64Array:
    """float64[n], the values at `shares` float64[n] in [0, 1) of the intervals float64[K, 2], laid end to end."""
    lows, lengths = intervals[:, 0], intervals[:, 1] - intervals[:, 0]
    ends = np.cumsum(lengths)
    if ends[-1] == 0.0:  # single values, each as likely
        values: Float64Array = lows[(shares * len(lows)).astype(np.int64)]
        return values
    along = shares * ends[-1]
    # The one whose end comes first behind the place; those without length end where they begin, and are passed over.
    chosen = np.minimum(np.searchsorted(ends, along, side="right"), np.flatnonzero(lengths)[-1])
    within = along - (ends[chosen] - lengths[chosen])
    drawn: Float64Array = np.clip(lows[chosen] + within, lows[chosen], intervals[chosen, 1])
    return drawn
