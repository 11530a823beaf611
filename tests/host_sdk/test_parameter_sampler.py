"""What comes out of each sampler: the first numbers, the distribution, and how streams differ."""

from __future__ import annotations

import numpy as np
import pytest

from host_sdk.parameter_sampler import ParameterSampler
from protocol.environment_sampler import (
    ConstantSampler,
    EnvironmentSampler,
    GaussianSampler,
    MultiRangeUniformSampler,
    UniformSampler,
)

UNIFORM = UniformSampler(7.0, 12.0, 3)
SAMPLERS: list[EnvironmentSampler] = [
    UNIFORM,
    GaussianSampler(1.0, 0.5, 3),
    MultiRangeUniformSampler(((7.0, 10.0), (15.0, 20.0)), 3),
]


@pytest.mark.parametrize(
    ("sampler", "first"),
    [
        (ConstantSampler(9.81), [9.81, 9.81, 9.81]),
        (SAMPLERS[0], [8.075723802712199, 10.28427971436287, 8.228957168039793]),
        (SAMPLERS[1], [1.3979140017613445, 1.3739080931559229, -0.1503319943813739]),
        (SAMPLERS[2], [8.72115808433952, 17.254847542980592, 8.966331468863668]),
    ],
)
def test_the_first_numbers_of_a_stream_never_change(sampler: EnvironmentSampler, first: list[float]) -> None:
    drawn = ParameterSampler("gravity", sampler, host_index=1).draw(3)
    np.testing.assert_allclose(drawn, first, rtol=1e-12)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_numbers_drawn_one_by_one_are_those_drawn_together(sampler: EnvironmentSampler) -> None:
    one_by_one = ParameterSampler("gravity", sampler)
    together = ParameterSampler("gravity", sampler).draw(5)
    assert [float(one_by_one.draw(1)[0]) for _ in range(5)] == together.tolist()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_another_seed_host_or_name_draws_other_numbers(sampler: EnvironmentSampler) -> None:
    other_seed = type(sampler)(**{**vars(sampler), "seed": 4})
    drawn = [
        ParameterSampler("gravity", sampler).draw(1),
        ParameterSampler("gravity", other_seed).draw(1),
        ParameterSampler("gravity", sampler, host_index=1).draw(1),
        ParameterSampler("drag", sampler).draw(1),
    ]
    assert len({float(each[0]) for each in drawn}) == 4


def test_a_uniform_sampler_covers_its_interval_evenly() -> None:
    drawn = ParameterSampler("gravity", UNIFORM).draw(20_000)
    assert 7.0 <= drawn.min() < 7.01
    assert 11.99 < drawn.max() <= 12.0
    shares, _ = np.histogram(drawn, bins=5, range=(7.0, 12.0))
    np.testing.assert_allclose(shares / 20_000, 0.2, atol=0.01)


def test_a_gaussian_sampler_has_its_mean_and_deviation() -> None:
    drawn = ParameterSampler("gravity", GaussianSampler(-3.0, 0.25, 1)).draw(20_000)
    assert drawn.mean() == pytest.approx(-3.0, abs=0.01)
    assert drawn.std() == pytest.approx(0.25, abs=0.005)
    within = (np.abs(drawn + 3.0) < 0.25).mean()
    assert within == pytest.approx(0.6827, abs=0.01)


def test_intervals_are_chosen_by_their_lengths() -> None:
    drawn = ParameterSampler("gravity", SAMPLERS[2]).draw(20_000)
    is_low = drawn <= 10.0
    assert is_low.mean() == pytest.approx(3.0 / 8.0, abs=0.01)
    assert ((drawn >= 7.0) & is_low | (drawn >= 15.0) & (drawn <= 20.0)).all()
    assert drawn[is_low].mean() == pytest.approx(8.5, abs=0.05)
    assert drawn[~is_low].mean() == pytest.approx(17.5, abs=0.05)


def test_intervals_without_length_are_passed_over_unless_all_are_so() -> None:
    points = ((1.0, 1.0), (2.0, 2.0), (4.0, 4.0))
    mixed = MultiRangeUniformSampler((*points[:1], (5.0, 6.0), *points[2:]), 1)
    assert ((ParameterSampler("x", mixed).draw(1000) >= 5.0) & (ParameterSampler("x", mixed).draw(1000) <= 6.0)).all()
    alike = ParameterSampler("x", MultiRangeUniformSampler(points, 1)).draw(3000)
    for value in (1.0, 2.0, 4.0):
        assert (alike == value).mean() == pytest.approx(1.0 / 3.0, abs=0.03)


def test_episodes_of_the_same_seed_draw_the_same_whatever_came_before() -> None:
    first, second = ParameterSampler("x", UNIFORM), ParameterSampler("x", UNIFORM)
    second.draw(17)
    for sampler in (first, second):
        sampler.seed_episodes(5)
    expected = first.draw(4).tolist()
    assert second.draw(4).tolist() == expected
    first.seed_episodes(6)
    assert first.draw(4).tolist() != expected
