"""What episodes came to: returns and lengths, named as `imitation` names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.experience import Int64Array
from protocol.recording.episode import Episode

Float64Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RolloutStatistics:
    """Of E episodes.

    Attributes:
        returns: float64[E], undiscounted; NaN of episodes without rewards.
        lengths: int64[E], in steps.
    """

    returns: Float64Array
    lengths: Int64Array

    @classmethod
    def of(cls, episodes: Iterable[Episode]) -> RolloutStatistics:
        """Looks at each episode once, and keeps none."""
        rows = [(episode.episode_return, episode.step_count) for episode in episodes]
        return cls(
            np.array([each for each, _ in rows], dtype=np.float64),
            np.array([length for _, length in rows], dtype=np.int64),
        )

    @property
    def known_returns(self) -> Float64Array:
        """The returns of the episodes that have rewards."""
        return self.returns[~np.isnan(self.returns)]

    def figures(self) -> dict[str, float | int]:
        """`n_traj`, then min, mean, std and max of `return_` and `len_`; what nothing is known of is left out.

        The standard deviation is that of the episodes themselves, not an estimate for others (no Bessel correction).
        """
        figures: dict[str, float | int] = {"n_traj": len(self.lengths)}
        return figures | _summary("return", self.known_returns) | _summary("len", self.lengths)


def describe_figures(figures: Mapping[str, float | int]) -> list[str]:
    """One line for each figure, for people."""
    return [
        f"{name:<12}{value:.3f}" if isinstance(value, float) else f"{name:<12}{value}"
        for name, value in figures.items()
    ]


def _summary(name: str, values: Float64Array | Int64Array) -> dict[str, float | int]:
    if not len(values):
        return {}
    kind = int if values.dtype.kind == "i" else float
    return {
        f"{name}_min": kind(values.min()),
        f"{name}_mean": float(values.mean()),
        f"{name}_std": float(values.std()),
        f"{name}_max": kind(values.max()),
    }
