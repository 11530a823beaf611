"""Returns and lengths of the episodes that ended lately."""

from __future__ import annotations

import numpy as np

from protocol.experience import ExperienceStatistics, Float64Array


class EpisodeWindow:
    """The last episodes: all of the newest update's, and at least the last `size` where there were that many."""

    def __init__(self, size: int = 100) -> None:
        self._size = size
        self.returns: Float64Array = np.zeros(0)
        self.lengths: Float64Array = np.zeros(0)

    def add(self, statistics: list[ExperienceStatistics]) -> int:
        """Takes in what the hosts counted for one update; returns how many episodes ended in it."""
        new = sum(len(counted.episode_returns) for counted in statistics)
        kept = max(self._size, new)
        self.returns = np.concatenate([self.returns, *(counted.episode_returns for counted in statistics)])[-kept:]
        self.lengths = np.concatenate([self.lengths, *(counted.episode_lengths for counted in statistics)])[-kept:]
        return new

    def metrics(self) -> dict[str, float]:
        """Means, and a deviation, over the window; empty before the first episode ended."""
        if len(self.returns) == 0:
            return {}
        return {
            "return_mean": float(self.returns.mean()),
            "return_deviation": float(self.returns.std()),
            "episode_length_mean": float(self.lengths.mean()),
        }
