from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from protocol.completion import Completion
from tests.trainer_process.experience_builder import SegmentData, make_batch, random_segment
from trainer_process.data.returns import generalized_advantages
from trainer_process.data.rollout import assemble_rollout


def numbered_segment(length: int, first: int, **fields: object) -> SegmentData:
    """A segment whose every value is the number of its step, so that mixing shows."""
    numbers = np.arange(first, first + length, dtype=np.float32)
    segment = SegmentData(
        observations=numbers[:, None],
        actions=numbers[:, None] + 0.25,
        rewards=numbers + 0.5,
        log_probs=numbers + 0.75,
        final_observation=np.array([first + length], np.float32),
    )
    return replace(segment, **fields)


def test_every_step_keeps_what_belongs_to_it():
    batches = [
        (1, make_batch([numbered_segment(3, 30, agent_id=5), numbered_segment(2, 10, agent_id=2)])),
        (0, make_batch([numbered_segment(4, 50, agent_id=9)])),
    ]
    rollout = assemble_rollout(batches)
    np.testing.assert_array_equal(rollout.observations[:, 0], [50, 51, 52, 53, 10, 11, 30, 31, 32])
    np.testing.assert_array_equal(rollout.actions[:, 0], rollout.observations[:, 0] + 0.25)
    np.testing.assert_array_equal(rollout.rewards, rollout.observations[:, 0] + 0.5)
    np.testing.assert_array_equal(rollout.log_probs, rollout.observations[:, 0] + 0.75)
    np.testing.assert_array_equal(rollout.final_observations[:, 0], [54, 12, 33])
    assert rollout.lane_keys == [(0, 9), (1, 2), (1, 5)]


def full_segment(length: int, first: int, **fields: object) -> SegmentData:
    """The same with images, memories and modifiers; what was seen last is 200 more."""
    numbers = np.arange(first, first + length)
    return numbered_segment(
        length,
        first,
        images=np.stack([numbers, numbers + 100], 1).astype(np.uint8),
        final_image=np.array([first + length, first + length + 100], np.uint8),
        memory=numbers[:, None] + np.float32(0.125),
        final_memory=np.array([first + length + 0.125], np.float32),
        action_modifiers=np.stack([numbers, -numbers], 1).astype(np.float32),
        **fields,
    )


def test_images_memories_and_modifiers_stay_with_their_steps():
    head, tail = full_segment(5, 30, agent_id=5).cut(2)
    batches = [(1, make_batch([tail, full_segment(2, 10, agent_id=2)])), (1, make_batch([head], batch_id=2))]
    rollout = assemble_rollout([*batches, (0, make_batch([full_segment(4, 50, agent_id=9)]))])
    numbers = np.array([50, 51, 52, 53, 10, 11, 30, 31, 32, 33, 34])
    np.testing.assert_array_equal(rollout.observations[:, 0], numbers)
    np.testing.assert_array_equal(rollout.images, np.stack([numbers, numbers + 100], 1))
    assert rollout.images.dtype == np.uint8
    np.testing.assert_array_equal(rollout.memory[:, 0], numbers + 0.125)
    np.testing.assert_array_equal(rollout.action_modifiers, np.stack([numbers, -numbers], 1))
    np.testing.assert_array_equal(rollout.final_images, [[54, 154], [12, 112], [32, 132], [35, 135]])
    np.testing.assert_array_equal(rollout.final_memory[:, 0], [54.125, 12.125, 32.125, 35.125])


def test_what_a_behavior_lacks_is_of_no_width():
    rollout = assemble_rollout([(0, make_batch([numbered_segment(3, 0)]))])
    for array in (rollout.images, rollout.memory, rollout.action_modifiers):
        assert array.shape == (3, 0)
    assert (rollout.final_images.shape, rollout.final_memory.shape) == ((1, 0), (1, 0))


def test_a_host_that_modifies_no_actions_leaves_all_free_beside_one_that_does():
    free = replace(full_segment(1, 20), action_modifiers=None)
    rollout = assemble_rollout([(0, make_batch([full_segment(2, 10)])), (1, make_batch([free]))])
    np.testing.assert_array_equal(rollout.action_modifiers, [[10, -10], [11, -11], [0, 0]])


def test_policy_versions_follow_their_steps():
    batch = make_batch(
        [numbered_segment(4, 0, agent_id=1, versions=[3, 3, 4, 4]), numbered_segment(2, 9, versions=[5])]
    )
    np.testing.assert_array_equal(assemble_rollout([(0, batch)]).versions, [5, 5, 3, 3, 4, 4])


def test_parts_of_an_episode_are_joined_even_out_of_order_and_over_batches():
    head, tail = numbered_segment(6, 0, episode=7, completion=Completion.TERMINATION).cut(4)
    rollout = assemble_rollout([(0, make_batch([tail])), (0, make_batch([head], batch_id=2))])
    np.testing.assert_array_equal(rollout.observations[:, 0], np.arange(6))
    np.testing.assert_array_equal(rollout.follows_previous, [False, True])
    np.testing.assert_array_equal(rollout.followed_by_next(), [True] * 5 + [False])


@pytest.mark.parametrize(
    "change",
    [
        {"episode": 8},
        {"agent_id": 1},
        {"first_step": 5},
        {"first_step": 3},
    ],
)
def test_what_does_not_go_on_exactly_is_not_joined(change):
    head, tail = numbered_segment(6, 0, episode=7).cut(4)
    rollout = assemble_rollout([(0, make_batch([head, replace(tail, **change)]))])
    assert not rollout.follows_previous.any()


def test_a_truncated_segment_is_not_joined_to_what_follows():
    head, tail = numbered_segment(6, 0).cut(4)
    rollout = assemble_rollout([(0, make_batch([replace(head, completion=Completion.TRUNCATION), tail]))])
    assert not rollout.follows_previous.any()


def test_equal_agents_and_episodes_of_two_hosts_are_not_joined():
    head, tail = numbered_segment(6, 0).cut(4)
    rollout = assemble_rollout([(0, make_batch([head])), (1, make_batch([tail]))])
    assert not rollout.follows_previous.any()


@pytest.mark.parametrize(
    ("completion", "bootstrap"),
    [(Completion.TERMINATION, 0.0), (Completion.TRUNCATION, 40.0), (Completion.RUNNING, 40.0)],
)
def test_only_a_termination_is_not_bootstrapped_from_the_final_observation(completion, bootstrap):
    rollout = assemble_rollout([(0, make_batch([numbered_segment(3, 0, completion=completion)]))])
    following = rollout.next_values(np.array([10, 20, 30], np.float32), np.array([40], np.float32))
    np.testing.assert_array_equal(following, [20.0, 30.0, bootstrap])


@pytest.mark.parametrize("completion", list(Completion))
@pytest.mark.parametrize("at", range(1, 12))
def test_a_batch_cut_at_any_step_gives_the_targets_of_the_whole(at, completion):
    generator = np.random.default_rng(at)
    weights = generator.standard_normal(3).astype(np.float32)
    whole = random_segment(generator, 12, 3, 1, completion=completion)
    other = random_segment(generator, 5, 3, 1, agent_id=1, completion=Completion.TRUNCATION)

    def targets(segments):
        rollout = assemble_rollout([(0, make_batch(segments))])
        return generalized_advantages(
            rollout.rewards,
            rollout.observations @ weights,
            rollout.next_values(rollout.observations @ weights, rollout.final_observations @ weights),
            rollout.followed_by_next().astype(np.float32),
            discount_factor=0.97,
            gae_lambda=0.9,
        )

    expected, received = targets([whole, other]), targets([*whole.cut(at), other])
    np.testing.assert_allclose(received.advantages, expected.advantages, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(received.returns, expected.returns, rtol=1e-5, atol=1e-6)


def test_stretches_of_an_episode_are_counted_from_its_first_step():
    generator = np.random.default_rng(0)
    segments = [
        random_segment(generator, 5, 1, 1, agent_id=0, first_step=0),
        random_segment(generator, 4, 1, 1, agent_id=1, first_step=2),
    ]
    rollout = assemble_rollout([(0, make_batch(segments))])
    assert rollout.ends_stretch(3).tolist() == [False, False, True, False, False, True, False, False, True]
