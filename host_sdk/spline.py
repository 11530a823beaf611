"""Paths through points: straight from one to the next, or smooth. Queries take any number of places at once.

Distances are arc lengths from the first point on. On an open path one outside is taken for the nearest end; on a closed
loop, whose end joins its beginning, distances go round.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.errors import ValueMismatchError
from host_sdk.geometry import as_vectors, normalized

Float64Array: TypeAlias = npt.NDArray[np.float64]

# Chords that stand for one segment of a smooth path: on a quarter of a circle they leave it by 0.12 % of its radius.
_CHORDS_PER_SEGMENT = 16
# Locations x chords that are compared at a time: a few arrays of 2 MiB each, which a cache still holds.
_COMPARED_AT_ONCE = 262_144
# Gauss-Legendre quadrature of five points is exact to the ninth power, far beyond float32 on one chord.
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(5)


class Path(ABC):
    """A way through space, as chords between samples of it.

    Attributes:
        length: of the whole path.
        is_closed_loop: whether its end joins its beginning.
    """

    def __init__(self, samples: Float64Array, distances: Float64Array, is_closed_loop: bool) -> None:
        """
        Args:
            samples: float64[M + 1, 3], where the chords begin, and the last one's end.
            distances: float64[M + 1], of the samples along the path, ascending from 0.
            is_closed_loop: whether the last sample is the first.
        """
        self.is_closed_loop = is_closed_loop
        self.length = float(distances[-1])
        self._distances = distances
        # Taking the middle away keeps the squares of large coordinates from swallowing small differences.
        self._middle = samples.mean(axis=0)
        starts = samples[:-1] - self._middle
        chords = np.diff(samples, axis=0)
        self._chord_lengths = np.sqrt(np.einsum("mi,mi->m", chords, chords))
        self._chord_directions = normalized(chords)
        self._starts = starts
        self._start_squares = np.einsum("mi,mi->m", starts, starts)
        self._start_projections = np.einsum("mi,mi->m", starts, self._chord_directions)

    def location_at(self, distances: npt.ArrayLike) -> Float64Array:
        """Where the path is at these distances, [...]: float64[..., 3]."""
        return self._location_on(*self._place_of(distances))

    def direction_at(self, distances: npt.ArrayLike) -> Float64Array:
        """Where the path goes at these distances, [...]: unit vectors, float64[..., 3]."""
        return self._direction_on(*self._place_of(distances))

    def proportion_at(self, distances: npt.ArrayLike) -> Float64Array:
        """The part of the path that lies before these distances, [...]: float64[...] in 0..1."""
        return np.asarray(self._on_path(distances) / self.length)

    def nearest_distance(self, locations: npt.ArrayLike) -> Float64Array:
        """How far along the path the place nearest to each location is.

        Args:
            locations: [..., 3].

        Returns:
            float64[...], NaN for locations that are not finite. Of a smooth path the chords are compared.
        """
        array = as_vectors(locations, 3, "locations")
        flat = array.reshape(-1, 3).astype(np.float64) - self._middle
        nearest = np.empty(len(flat))
        rows = max(1, _COMPARED_AT_ONCE // len(self._starts))
        for first in range(0, len(flat), rows):
            nearest[first : first + rows] = self._nearest(flat[first : first + rows])
        return nearest.reshape(array.shape[:-1])

    def _nearest(self, locations: Float64Array) -> Float64Array:
        with np.errstate(invalid="ignore", over="ignore"):
            along = locations @ self._chord_directions.T - self._start_projections
            nearest_along = np.clip(along, 0.0, self._chord_lengths)
            # |q − a − t d|² = |q − a|² − 2 t (q − a)·d + t², less |q|², which is the same for all chords.
            squares = self._start_squares - 2.0 * (locations @ self._starts.T)
            squares += nearest_along * (nearest_along - 2.0 * along)
        chords = squares.argmin(axis=1)
        parts = nearest_along[np.arange(len(locations)), chords] / self._chord_lengths[chords]
        spans = self._distances[chords + 1] - self._distances[chords]
        distances = self._distances[chords] + parts * spans
        return np.where(np.isfinite(locations).all(axis=1), distances, np.nan)

    def _on_path(self, distances: npt.ArrayLike) -> Float64Array:
        array = np.asarray(distances, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            return np.mod(array, self.length) if self.is_closed_loop else np.clip(array, 0.0, self.length)

    def _place_of(self, distances: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], Float64Array]:
        """The chord of each distance, and how much of it lies before, in 0..1."""
        array = self._on_path(distances)
        chords = np.clip(np.searchsorted(self._distances, array, side="right") - 1, 0, len(self._starts) - 1)
        first, last = self._distances[chords], self._distances[chords + 1]
        return chords, (array - first) / (last - first)

    @abstractmethod
    def _location_on(self, chords: npt.NDArray[np.int64], parts: Float64Array) -> Float64Array: ...

    @abstractmethod
    def _direction_on(self, chords: npt.NDArray[np.int64], parts: Float64Array) -> Float64Array: ...


class Polyline(Path):
    """Straight lines from each point to the next."""

    def __init__(self, points: npt.ArrayLike, is_closed_loop: bool = False) -> None:
        """
        Args:
            points: [K, 3], at least two, none like the one before it.
            is_closed_loop: whether a line leads from the last point back to the first.

        Raises:
            ValueMismatchError: other points.
        """
        samples = _checked(points, is_closed_loop)
        lengths = np.sqrt(np.square(np.diff(samples, axis=0)).sum(axis=1))
        super().__init__(samples, np.concatenate([[0.0], np.cumsum(lengths)]), is_closed_loop)

    def _location_on(self, chords: npt.NDArray[np.int64], parts: Float64Array) -> Float64Array:
        starts = self._starts[chords] + self._middle
        along = (parts * self._chord_lengths[chords])[..., np.newaxis]
        return np.asarray(starts + along * self._chord_directions[chords])

    def _direction_on(self, chords: npt.NDArray[np.int64], parts: Float64Array) -> Float64Array:
        # Where a distance is NaN, so is the direction.
        return np.asarray(self._chord_directions[chords] + 0.0 * parts[..., np.newaxis])


class Spline(Path):
    """A smooth path through points: uniform Catmull-Rom segments (Catmull and Rom 1974).

    The tangent at a point is half the way from the point before to the one after; at an open end, the way to its
    neighbour.
    """

    def __init__(self, points: npt.ArrayLike, is_closed_loop: bool = False) -> None:
        """
        Args:
            points: [K, 3], at least two, and three for a closed loop, none like the one before it.
            is_closed_loop: whether the path leads on from the last point to the first.

        Raises:
            ValueMismatchError: other points.
        """
        knots = _checked(points, is_closed_loop)
        self._coefficients = _catmull_rom(knots, is_closed_loop)
        chord_count = _CHORDS_PER_SEGMENT * (len(knots) - 1)
        edges = np.arange(chord_count + 1) / _CHORDS_PER_SEGMENT
        chords = np.arange(chord_count)
        speeds = [
            np.sqrt(np.square(self._derivative(chords, np.full(chord_count, (1 + node) / 2))).sum(axis=1))
            for node in _NODES
        ]
        lengths = np.einsum("n,nm->m", _NODE_WEIGHTS, speeds) / (2 * _CHORDS_PER_SEGMENT)
        samples = self._polynomial(np.minimum(edges.astype(np.int64), len(knots) - 2), edges)
        super().__init__(samples, np.concatenate([[0.0], np.cumsum(lengths)]), is_closed_loop)

    def _location_on(self, chords: npt.NDArray[np.int64], parts: Float64Array) -> Float64Array:
        segments, offsets = np.divmod(chords, _CHORDS_PER_SEGMENT)
        return self._polynomial(segments, segments + (offsets + parts) / _CHORDS_PER_SEGMENT)

    def _direction_on(self, chords: npt.NDArray[np.int64], parts: Float64Array) -> Float64Array:
        return np.asarray(normalized(self._derivative(chords, parts)), dtype=np.float64)

    def _polynomial(self, segments: npt.NDArray[np.int64], places: Float64Array) -> Float64Array:
        """Locations at `places`, counted in segments from the beginning."""
        u = (places - segments)[..., np.newaxis]
        a, b, c, d = (self._coefficients[segments, power] for power in range(4))
        return np.asarray(a + u * (b + u * (c + u * d)))

    def _derivative(self, chords: npt.NDArray[np.int64], parts: Float64Array) -> Float64Array:
        """How locations change with the place, in segments."""
        segments, offsets = np.divmod(chords, _CHORDS_PER_SEGMENT)
        u = ((offsets + parts) / _CHORDS_PER_SEGMENT)[..., np.newaxis]
        _, b, c, d = (self._coefficients[segments, power] for power in range(4))
        return np.asarray(b + u * (2.0 * c + u * (3.0 * d)))


def _checked(points: npt.ArrayLike, is_closed_loop: bool) -> Float64Array:
    """The points as float64[K, 3], with the first one again behind them where the path is a loop."""
    array = as_vectors(points, 3, "points").astype(np.float64)
    if array.ndim != 2 or len(array) < 2 + is_closed_loop or not np.isfinite(array).all():
        least = "three" if is_closed_loop else "two"
        raise ValueMismatchError("points", f"at least {least} finite points of shape [K, 3]", f"shape {array.shape}")
    if is_closed_loop:
        array = np.concatenate([array, array[:1]])
    same = np.flatnonzero((np.diff(array, axis=0) == 0.0).all(axis=1))
    if same.size:
        raise ValueMismatchError("points", "points that differ from the ones before", f"point {same[0]} twice")
    return array


def _catmull_rom(knots: Float64Array, is_closed_loop: bool) -> Float64Array:
    """float64[segments, 4, 3], the coefficients of 1, u, u² and u³ of each segment, u in 0..1."""
    if is_closed_loop:
        before, after = knots[-2:-1], knots[1:2]
    else:
        before, after = 2 * knots[:1] - knots[1:2], 2 * knots[-1:] - knots[-2:-1]
    padded = np.concatenate([before, knots, after])
    tangents = (padded[2:] - padded[:-2]) / 2
    p0, p1, m0, m1 = knots[:-1], knots[1:], tangents[:-1], tangents[1:]
    return np.stack([p0, m0, 3 * (p1 - p0) - 2 * m0 - m1, 2 * (p0 - p1) + m0 + m1], axis=1)
