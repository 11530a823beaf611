from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from protocol.schema import ContinuousAction, ContinuousObservation, StructObservation
from protocol.vector_layout import ActionLayout, ObservationLayout
from tests.trainer_process.experience_builder import make_batch, random_segment
from trainer_process.data.batch_check import check_batch
from trainer_process.errors import ExperienceError

OBSERVATION = ObservationLayout.of(
    StructObservation((("position", ContinuousObservation(2)), ("velocity", ContinuousObservation(1))))
)
ACTION = ActionLayout.of(ContinuousAction(2))


def good_batch():
    generator = np.random.default_rng(0)
    return make_batch([random_segment(generator, 4, 3, 2, agent_id=agent) for agent in (3, 7)])


def check(batch):
    check_batch(batch, OBSERVATION, ACTION)


def with_segments(batch, **columns):
    return replace(batch, segments=replace(batch.segments, **columns))


def test_a_batch_whose_unused_cells_hold_nan_is_fine():
    batch = make_batch([random_segment(np.random.default_rng(0), length, 3, 2, agent_id=length) for length in (2, 5)])
    assert np.isnan(batch.observations).any()
    check(batch)


def test_another_size_of_observation_is_refused_with_both_shapes():
    batch = good_batch()
    with pytest.raises(ExperienceError, match=r"observations must have the shape \(4, 2, 3\), got \(4, 2, 1\)"):
        check(replace(batch, observations=batch.observations[:, :, :1]))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"lane": [0, 2]}, r"segments\[1\].lane must be in \[0, 2\), got 2"),
        ({"lane": [-1, 0]}, r"segments\[0\].lane"),
        ({"length": [4, 0]}, r"segments\[1\].length must be at least 1, got 0"),
        ({"length": [5, 4]}, r"segments\[0\].first_row must be with its length within 4 rows"),
        ({"first_row": [0, -1]}, r"segments\[1\].first_row"),
        ({"completion": [0, 3]}, r"segments\[1\].completion must be 0, 1 or 2, got 3"),
    ],
)
def test_segments_that_leave_their_lanes_are_refused(columns, message):
    batch = good_batch()
    arrays = {name: np.array(values, getattr(batch.segments, name).dtype) for name, values in columns.items()}
    with pytest.raises(ExperienceError, match=message):
        check(with_segments(batch, **arrays))


@pytest.mark.parametrize(
    "runs",
    [
        [[0, 0, 0]],
        [[0, 0, 0], [1, 1, 0]],
        [[1, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 4, 1], [1, 0, 0]],
        [[0, 0, -1], [1, 0, 0]],
        [[0, 0, 0], [2, 0, 0]],
    ],
)
def test_version_runs_that_do_not_cover_the_segments_are_refused(runs):
    with pytest.raises(ExperienceError, match="version_runs"):
        check(replace(good_batch(), version_runs=np.array(runs, np.int64)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_number_that_is_not_finite_is_named_with_agent_and_element(bad):
    batch = good_batch()
    batch.observations[2, 1, 2] = bad
    with pytest.raises(ExperienceError, match=r"observations of agent 7, element \$\.velocity must be finite"):
        check(batch)


@pytest.mark.parametrize("name", ["rewards", "log_probs", "actions", "final_observations"])
def test_no_array_may_hold_nan(name):
    batch = good_batch()
    getattr(batch, name)[1, 0] = np.nan
    with pytest.raises(ExperienceError, match=r"agent \d"):
        check(batch)


def test_large_finite_numbers_whose_sum_overflows_are_fine():
    batch = good_batch()
    batch.rewards[:] = 3e38
    check(batch)


def test_segments_may_not_name_more_steps_than_there_are():
    batch = good_batch()
    doubled = {name: np.repeat(getattr(batch.segments, name), 2) for name in vars(batch.segments)}
    grown = replace(
        with_segments(batch, **doubled),
        final_observations=np.repeat(batch.final_observations, 2, axis=0),
        version_runs=np.array([[k, 0, 0] for k in range(4)], np.int64),
    )
    with pytest.raises(ExperienceError, match="name 16 steps, but the lanes hold 8"):
        check(grown)
