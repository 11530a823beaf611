"""Paths tell where they are, where they go and what of them is nearest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_sdk.errors import ValueMismatchError
from host_sdk.spline import Path, Polyline, Spline

CORNER = [[0, 0, 0], [3, 0, 0], [3, 4, 0]]
CIRCLE = [[np.cos(angle), np.sin(angle), 0.0] for angle in np.arange(8) * np.pi / 4]
seeds = st.integers(0, 2**32 - 1)


def close(ours: np.ndarray, right: object, atol: float = 1e-12) -> None:
    np.testing.assert_allclose(ours, right, atol=atol)


def test_a_polyline_goes_straight_from_point_to_point() -> None:
    path = Polyline(CORNER)
    assert path.length == 7.0
    close(path.location_at([0.0, 1.0, 3.0, 5.0, 7.0]), [[0, 0, 0], [1, 0, 0], [3, 0, 0], [3, 2, 0], [3, 4, 0]])
    close(path.direction_at([0.0, 2.9, 3.0, 7.0]), [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]])
    close(path.proportion_at([0.0, 3.5, 7.0]), [0, 0.5, 1])


def test_an_open_path_ends_where_it_ends() -> None:
    path = Polyline(CORNER)
    close(path.location_at([-2.0, 9.0]), [[0, 0, 0], [3, 4, 0]])
    close(path.proportion_at([-2.0, 9.0]), [0, 1])


def test_a_closed_loop_goes_round() -> None:
    path = Polyline(CORNER, is_closed_loop=True)
    assert path.length == 12.0
    close(path.location_at([12.0, 13.0, -1.0]), [[0, 0, 0], [1, 0, 0], [0.6, 0.8, 0]])
    close(path.proportion_at([15.0, -3.0]), [0.25, 0.75])


def test_the_nearest_place_may_be_within_a_line_or_at_a_corner() -> None:
    path = Polyline(CORNER)
    close(path.nearest_distance([[1, 5, 0], [10, 2, 0], [1, 0.5, 7], [-3, -3, 0], [4, -1, 0]]), [7, 5, 1, 0, 3])
    loop = Polyline(CORNER, is_closed_loop=True)
    close(loop.nearest_distance([1.5, 2.0, 0.0]), 9.5)


def test_a_spline_through_points_on_a_line_is_the_line() -> None:
    path = Spline([[0, 0, 0], [1, 0, 0], [2, 0, 0]])
    close(np.array(path.length), 2.0)
    close(path.location_at([0.5, 1.3]), [[0.5, 0, 0], [1.3, 0, 0]])
    close(path.direction_at(0.4), [1, 0, 0])
    close(path.nearest_distance([1.27, 3, 3]), 1.27)


def test_a_spline_is_the_cubic_of_catmull_and_rom() -> None:
    points = np.array([[0, 0, 0], [1, 2, 0], [3, 1, 1], [4, 4, 0]], dtype=float)
    path = Spline(points)
    p0, p1, p2, p3 = points
    middle = (-p0 + 9 * p1 + 9 * p2 - p3) / 16
    start, end = path.nearest_distance(p1), path.nearest_distance(p2)
    places = path.location_at(np.linspace(start, end, 4001))
    assert np.sqrt(np.square(places - middle).sum(axis=1)).min() < 1e-3
    close(path.direction_at(start), (p2 - p0) / np.linalg.norm(p2 - p0))


def test_a_closed_spline_through_a_circle_is_almost_one() -> None:
    path = Spline(CIRCLE, is_closed_loop=True)
    distances = np.linspace(0.0, path.length, 100)
    places = path.location_at(distances)
    np.testing.assert_allclose(np.linalg.norm(places, axis=1), 1.0, rtol=0.02)
    np.testing.assert_allclose(path.length, 2 * np.pi, rtol=0.01)
    close(path.location_at(path.length / 4), [0, 1, 0], 1e-9)
    close(path.location_at(path.length * 1.25), [0, 1, 0], 1e-9)
    close(path.direction_at(0.0), [0, 1, 0], 1e-9)


@pytest.mark.parametrize("kind", [Polyline, Spline])
@given(seed=seeds, is_closed_loop=st.booleans())
def test_a_place_on_a_path_is_nearest_to_itself(kind: type[Polyline], seed: int, is_closed_loop: bool) -> None:
    generator = np.random.default_rng(seed)
    points = np.cumsum(generator.uniform(0.5, 1.5, (6, 3)), axis=0) * 1e4
    path = kind(points, is_closed_loop)
    distances = generator.uniform(0.0, path.length, 20)
    found = path.location_at(path.nearest_distance(path.location_at(distances)))
    chord = path.length / (16 * 5)
    close(found, path.location_at(distances), 0.1 * chord if kind is Spline else 1e-6)


@pytest.mark.parametrize("kind", [Polyline, Spline])
@given(seed=seeds)
def test_distances_are_lengths_of_the_way(kind: type[Polyline], seed: int) -> None:
    path: Path = kind(np.random.default_rng(seed).normal(size=(5, 3)))
    places = path.location_at(np.linspace(0.0, path.length, 20_001))
    walked = np.sqrt(np.square(np.diff(places, axis=0)).sum(axis=1))
    np.testing.assert_allclose(walked.sum(), path.length, rtol=1e-3)
    if kind is Spline:
        # Arc lengths are interpolated within a chord, where a spline may turn sharply.
        assert np.median(np.abs(walked / np.median(walked) - 1)) < 0.02


def test_queries_keep_their_axes_whatever_their_number() -> None:
    path = Polyline(CORNER)
    assert path.location_at(1.0).shape == (3,)
    assert path.location_at(np.zeros((2, 4))).shape == (2, 4, 3)
    assert path.nearest_distance(np.zeros((2, 4, 3))).shape == (2, 4)
    assert path.nearest_distance(np.zeros((0, 3))).shape == (0,)
    many = np.random.default_rng(0).normal(size=(200_000, 3))
    close(path.nearest_distance(many)[150_000:150_003], path.nearest_distance(many[150_000:150_003]))


def test_numbers_that_are_not_finite_have_no_place() -> None:
    for path in (Polyline(CORNER), Spline(CORNER, is_closed_loop=True)):
        assert np.isnan(path.location_at(np.nan)).all()
        assert np.isnan(path.direction_at([np.nan])).all()
        assert np.isnan(path.nearest_distance([[np.nan, 0, 0], [0, np.inf, 0]])).all()


@pytest.mark.parametrize(
    ("points", "is_closed_loop"),
    [
        ([[0, 0, 0]], False),
        ([[0, 0, 0], [1, 1, 1]], True),
        ([[0, 0, 0], [0, 0, 0], [1, 1, 1]], False),
        ([[0, 0, 0], [1, 1, 1], [0, 0, 0]], True),
        ([[0, 0, 0], [np.nan, 1, 1]], False),
        ([[0, 0], [1, 1]], False),
        ([0, 0, 0], False),
    ],
)
@pytest.mark.parametrize("kind", [Polyline, Spline])
def test_points_that_make_no_path_are_refused(kind: type[Polyline], points: object, is_closed_loop: bool) -> None:
    with pytest.raises(ValueMismatchError, match="points: expected"):
        kind(points, is_closed_loop)
