from __future__ import annotations

from dataclasses import replace

import numpy as np

from protocol.completion import Completion
from tests.trainer_process.experience_builder import make_batch, random_segment
from trainer_process.data.reward_scaling import RewardScaling
from trainer_process.data.rollout import assemble_rollout


def rollout_of(*segments):
    return assemble_rollout([(0, make_batch(list(segments)))])


def plain_returns(rewards, discount_factor):
    total, returns = 0.0, []
    for reward in rewards:
        total = total * discount_factor + float(reward)
        returns.append(total)
    return np.array(returns)


def test_rewards_are_divided_by_the_deviation_of_the_discounted_return():
    segment = random_segment(np.random.default_rng(0), 50, 1, 1)
    scaled = RewardScaling(0.9, 10.0).scale(rollout_of(segment))
    deviation = plain_returns(segment.rewards, 0.9).std()
    np.testing.assert_allclose(scaled, segment.rewards / deviation, rtol=1e-5)


def test_an_episode_over_several_batches_counts_as_one():
    whole = random_segment(np.random.default_rng(0), 40, 1, 1, episode=3)
    parts = RewardScaling(0.9, 10.0)
    for part in whole.cut(25):
        parts.scale(rollout_of(part))
    once = RewardScaling(0.9, 10.0)
    once.scale(rollout_of(whole))
    np.testing.assert_allclose(parts.statistics.variance, once.statistics.variance, rtol=1e-10)


def test_a_new_episode_starts_from_nothing():
    generator = np.random.default_rng(0)
    scaling = RewardScaling(0.9, 10.0)
    first = random_segment(generator, 10, 1, 1, completion=Completion.TERMINATION)
    second = random_segment(generator, 10, 1, 1, episode=1)
    scaling.scale(rollout_of(first))
    scaling.scale(rollout_of(second))
    returns = np.concatenate([plain_returns(first.rewards, 0.9), plain_returns(second.rewards, 0.9)])
    np.testing.assert_allclose(scaling.statistics.variance[0], returns.var(), rtol=1e-9)


def test_scaled_rewards_are_clipped():
    segment = random_segment(np.random.default_rng(0), 50, 1, 1)
    segment = replace(segment, rewards=np.append(np.zeros(49), 1e6).astype(np.float32))
    assert RewardScaling(0.9, 2.0).scale(rollout_of(segment)).max() == 2.0


def test_what_is_saved_goes_on_in_the_middle_of_an_episode():
    whole = random_segment(np.random.default_rng(0), 40, 1, 1, episode=3, agent_id=7)
    head, tail = whole.cut(25)
    first, resumed = RewardScaling(0.9, 10.0), RewardScaling(0.9, 10.0)
    first.scale(rollout_of(head))
    resumed.load_arrays("rewards", first.arrays("rewards"))
    np.testing.assert_array_equal(resumed.scale(rollout_of(tail)), first.scale(rollout_of(tail)))
    saved, expected = resumed.arrays("rewards"), first.arrays("rewards")
    assert saved["rewards.carries"].tolist() == [[0, 7, 3, 40]]
    for name, array in expected.items():
        np.testing.assert_array_equal(saved[name], array)


def test_constant_rewards_of_zero_stay_zero():
    segment = replace(random_segment(np.random.default_rng(0), 5, 1, 1), rewards=np.zeros(5, np.float32))
    np.testing.assert_array_equal(RewardScaling(0.9, 2.0).scale(rollout_of(segment)), np.zeros(5))
