from __future__ import annotations

import numpy as np

from tests.trainer_process.experience_builder import make_batch, random_segment
from trainer_process.data.pending_batches import PendingBatches


def pending(*hosts_and_steps: tuple[int, int]) -> PendingBatches:
    batches = PendingBatches()
    for batch_id, (host, steps) in enumerate(hosts_and_steps, start=1):
        batches.add(host, make_batch([random_segment(np.random.default_rng(0), steps, 1, 1)], batch_id))
    return batches


def test_the_oldest_batches_are_taken_until_there_are_enough_steps():
    batches = pending((0, 10), (1, 10), (0, 10))
    assert [(host, batch.batch_id) for host, batch in batches.take_steps(15)] == [(0, 1), (1, 2)]
    assert batches.step_count == 10


def test_too_few_steps_are_all_taken():
    assert len(pending((0, 10)).take_steps(100)) == 1


def test_one_of_each_host_is_told_from_many_of_one():
    batches = pending((0, 10), (0, 10), (2, 10))
    assert batches.has_one_of_each([0, 2])
    assert not batches.has_one_of_each([0, 1])


def test_taking_all_leaves_nothing():
    batches = pending((0, 10), (1, 10))
    assert len(batches.take_all()) == 2
    assert (len(batches), batches.step_count) == (0, 0)
