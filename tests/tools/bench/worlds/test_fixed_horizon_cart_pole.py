from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from tools.bench.worlds.fixed_horizon_cart_pole import ENV_ID, EPISODE_STEP_COUNT, FixedHorizonCartPole


def test_it_moves_as_gymnasiums_cart_pole_does():
    ours, theirs = FixedHorizonCartPole(), gymnasium.make("CartPole-v1")
    np.testing.assert_array_equal(ours.reset(seed=3)[0], theirs.reset(seed=3)[0])
    is_over = False
    for step in range(EPISODE_STEP_COUNT):
        action = np.int64(step % 3 == 0)
        seen, _, is_over, *_ = theirs.step(action)
        np.testing.assert_allclose(ours.step(action)[0], seen, atol=1e-6)
        if is_over:
            break
    assert is_over


def test_every_episode_is_truncated_after_500_steps_and_a_fall_only_costs_reward():
    world = FixedHorizonCartPole()
    world.reset(seed=0)
    outcomes = [world.step(np.int64(1))[1:4] for _ in range(EPISODE_STEP_COUNT)]
    rewards = [reward for reward, *_ in outcomes]
    assert rewards[0] == 1.0
    assert rewards[-1] == 0.0
    assert not any(terminated for _, terminated, _ in outcomes)
    assert [truncated for *_, truncated in outcomes] == [False] * (EPISODE_STEP_COUNT - 1) + [True]


def test_a_reset_begins_another_episode():
    world = FixedHorizonCartPole()
    world.reset(seed=0)
    for _ in range(EPISODE_STEP_COUNT):
        world.step(np.int64(0))
    assert np.abs(world.reset()[0]).max() <= 0.05
    assert world.step(np.int64(0))[1:4] == (1.0, False, False)


@pytest.mark.parametrize("prefix", ["", "tools.bench.worlds.fixed_horizon_cart_pole:"])
def test_gymnasium_makes_it_by_name(prefix):
    assert isinstance(gymnasium.make(f"{prefix}{ENV_ID}").unwrapped, FixedHorizonCartPole)
