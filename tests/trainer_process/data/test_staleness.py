from __future__ import annotations

import numpy as np

from tests.trainer_process.experience_builder import make_batch, random_segment
from trainer_process.data.rollout import assemble_rollout
from trainer_process.data.staleness import judge_staleness


def judged(version: int, max_policy_lag: int, **fields: object):
    segment = random_segment(np.random.default_rng(0), 6, 2, 1, **fields)
    return judge_staleness(assemble_rollout([(0, make_batch([segment]))]), version, max_policy_lag)


def test_steps_within_the_lag_are_learnt_from_and_older_ones_counted():
    report = judged(6, 2, versions=[2, 3, 4, 5, 6, 6])
    np.testing.assert_array_equal(report.is_trainable, [False, False, True, True, True, True])
    assert (report.dropped_lag, report.dropped_off_policy) == (2, 0)
    np.testing.assert_array_equal(report.is_newest, [False, False, False, False, True, True])
    assert (report.lag_mean, report.lag_max) == (10 / 6, 4)


def test_versions_that_were_never_published_are_not_learnt_from():
    assert judged(3, 4, versions=[5]).dropped_lag == 6


def test_off_policy_steps_are_counted_once_even_when_they_are_old():
    report = judged(9, 1, is_on_policy=False)
    assert (report.dropped_off_policy, report.dropped_lag) == (6, 0)
    assert not report.is_trainable.any()
