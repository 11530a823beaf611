"""Many carts at once move as Gymnasium's one does."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from protocol.completion import Completion
from tools.bench.worlds.cart_pole import CartPole


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_cart_moves_as_gymnasiums_does_to_the_end_of_its_episode(seed: int) -> None:
    theirs = gymnasium.make("CartPole-v1")
    start, _ = theirs.reset(seed=seed)
    ours = CartPole(2)
    ours.states[1] = start
    draws = np.random.default_rng(seed)
    is_over = False
    while not is_over:
        push = int(draws.integers(2))
        state, reward, terminated, truncated, _ = theirs.step(push)
        ours.step(np.array([False, push == 1]))
        np.testing.assert_allclose(ours.states[1], state, rtol=1e-4, atol=1e-6)
        assert ours.rewards[1] == reward
        is_over = terminated or truncated
        assert (ours.completions[1] == Completion.TERMINATION) == terminated


@pytest.mark.parametrize(("column", "value"), [(0, 2.41), (0, -2.41), (2, 0.21), (2, -0.21)])
def test_a_cart_out_of_bounds_or_a_pole_that_fell_ends_the_episode(column: int, value: float) -> None:
    world = CartPole(2)
    world.states[:] = 0.0
    world.states[0, column] = value
    world.step(np.array([True, True]))
    assert world.completions.tolist() == [Completion.TERMINATION, Completion.RUNNING]


def test_a_pole_that_stands_for_500_steps_is_truncated_and_one_that_falls_in_the_last_is_not() -> None:
    world = CartPole(2)
    world.episode_steps[:] = 499
    world.states[:] = 0.0
    world.states[1, 2] = 0.21
    world.step(np.array([True, True]))
    assert world.completions.tolist() == [Completion.TRUNCATION, Completion.TERMINATION]


def test_a_reset_places_only_the_carts_asked_for() -> None:
    world = CartPole(3, seed=4)
    world.step(np.array([True, False, True]))
    before = world.states.copy()
    world.reset(np.array([1]))
    assert (np.abs(world.states[1]) <= 0.05).all()
    assert world.episode_steps.tolist() == [1, 0, 1]
    assert np.array_equal(world.states[[0, 2]], before[[0, 2]])


def test_no_agents_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 agent, got 0"):
        CartPole(0)
