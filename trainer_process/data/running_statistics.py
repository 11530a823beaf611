"""Mean and variance of a stream of vectors, merged batch by batch in float64. F features, B rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from protocol.experience import Float64Array


class RunningStatistics:
    """Count, mean and summed squared deviations of all rows so far.

    Merging is Chan, Golub and LeVeque's pairwise formula (1983), so that the order in which hosts come does not
    matter beyond float64 rounding. Features that are not active keep mean 0 and variance 1.
    """

    def __init__(self, size: int, active: npt.NDArray[np.bool_] | None = None) -> None:
        """Statistics of `size` features; `active` bool[F] names the ones that are counted, all by default."""
        self._active = np.ones(size, dtype=np.bool_) if active is None else active.copy()
        self.count = 0.0
        self.mean: Float64Array = np.zeros(size)
        self.squared_deviations: Float64Array = np.zeros(size)

    @property
    def active(self) -> npt.NDArray[np.bool_]:
        """bool[F], the features that are counted."""
        return self._active

    @property
    def variance(self) -> Float64Array:
        """float64[F], of the population; 1 before the first row and where a feature is not active."""
        if self.count == 0:
            return np.ones_like(self.mean)
        return np.where(self._active, self.squared_deviations / self.count, 1.0)

    def add(self, rows: npt.NDArray[np.floating]) -> None:
        """Merges [B, F] rows in."""
        if len(rows) == 0:
            return
        mean = rows.mean(axis=0, dtype=np.float64)
        deviations = rows - mean
        self.merge(float(len(rows)), mean, np.einsum("bf,bf->f", deviations, deviations))

    def merge(self, count: float, mean: Float64Array, squared_deviations: Float64Array) -> None:
        """Merges the statistics of other rows in."""
        total = self.count + count
        difference = mean - self.mean
        mean = self.mean + difference * (count / total)
        squares = self.squared_deviations + squared_deviations + difference**2 * (self.count * count / total)
        self.mean = np.where(self._active, mean, 0.0)
        self.squared_deviations = np.where(self._active, squares, 0.0)
        self.count = total

    def load(self, count: float, mean: Float64Array, variance: Float64Array) -> None:
        """Goes on from a count, a mean and a variance, as a warm start brings them."""
        self.count = float(count)
        self.mean = np.where(self._active, mean, 0.0).astype(np.float64)
        self.squared_deviations = np.where(self._active, variance * count, 0.0).astype(np.float64)

    def arrays(self, prefix: str) -> dict[str, npt.NDArray[np.generic]]:
        """Copies of all three, by names that begin with `prefix` and a dot, as a file holds them."""
        return {
            f"{prefix}.count": np.array([self.count]),
            f"{prefix}.mean": self.mean.copy(),
            f"{prefix}.squared_deviations": self.squared_deviations.copy(),
        }

    def load_arrays(self, prefix: str, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Goes on from what `arrays` gave.

        Raises:
            KeyError: a part is missing.
            ValueError: a part is of another size.
        """
        mean, squared = arrays[f"{prefix}.mean"], arrays[f"{prefix}.squared_deviations"]
        if not mean.shape == squared.shape == self.mean.shape:
            raise ValueError(f"{prefix}: expected {self.mean.shape}, got {mean.shape} and {squared.shape}")
        self.count = float(arrays[f"{prefix}.count"].astype(np.float64)[0])
        self.mean, self.squared_deviations = mean.astype(np.float64), squared.astype(np.float64)
