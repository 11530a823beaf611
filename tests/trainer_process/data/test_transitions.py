from __future__ import annotations

import numpy as np

from protocol.completion import Completion
from tests.trainer_process.experience_builder import SegmentData, make_batch
from trainer_process.data.rollout import assemble_rollout
from trainer_process.data.transitions import Transitions, joined_transitions


def segment(first: float, length: int, **fields: object) -> SegmentData:
    """What is seen counts up from `first`; the final observation is 0.5 more than the next would be."""
    seen = first + np.arange(length, dtype=np.float32)[:, None]
    images = np.arange(length, dtype=np.uint8)[:, None]
    return SegmentData(
        observations=seen,
        actions=np.zeros((length, 1), np.float32),
        rewards=np.zeros(length, np.float32),
        log_probs=np.zeros(length, np.float32),
        final_observation=np.array([first + length + 0.5], np.float32),
        images=images,
        final_image=np.array([99], np.uint8),
        **fields,
    )


def transitions() -> Transitions:
    ended = segment(0.0, 3, completion=Completion.TERMINATION)
    cut, rest = segment(10.0, 4, completion=Completion.TRUNCATION, agent_id=1).cut(2)
    running = segment(20.0, 2, agent_id=2)
    return Transitions.of_rollout(assemble_rollout([(0, make_batch([ended, cut, rest, running]))]))


def test_each_step_is_followed_by_what_the_agent_saw_next():
    steps = transitions()
    assert steps.next_observations[:, 0].tolist() == [1, 2, 3.5, 11, 12, 13, 14.5, 21, 22.5]
    assert steps.next_images[:, 0].tolist() == [1, 2, 99, 1, 2, 3, 99, 1, 99]


def test_only_a_termination_leaves_nothing_to_follow():
    assert np.flatnonzero(transitions().is_terminated).tolist() == [2]


def test_rows_are_taken_and_joined_in_the_order_that_is_asked_for():
    steps = transitions()
    joined = joined_transitions([steps.taken(np.array([4, 0])), steps.taken(np.array([2]))])
    assert joined.count == 3
    assert joined.observations[:, 0].tolist() == [11, 0, 2]
    assert joined.is_terminated.tolist() == [False, False, True]
