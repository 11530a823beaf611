"""Copies of an environment end, stay ended and begin anew only when they are told to."""

from __future__ import annotations

from collections.abc import Iterator

import gymnasium
import numpy as np
import pytest

from host_sdk.action_object import ActionObject
from host_sdk.adapters.gymnasium.space_schema import action_element
from host_sdk.adapters.gymnasium.world import GymnasiumWorld
from host_sdk.interaction.action_decoder import ActionDecoder
from protocol.completion import Completion
from tests.host_sdk.adapters.telling_environment import TellingEnvironment


@pytest.fixture
def world() -> Iterator[GymnasiumWorld]:
    TellingEnvironment.made = 0
    made = GymnasiumWorld(TellingEnvironment, 2, seed=40)
    yield made
    made.close()


def _step(world: GymnasiumWorld, rows: list[int]) -> None:
    chosen = np.tile(np.float32([0.0, 1.0]), (len(rows), 1))
    world.actions.read(ActionObject(), ActionDecoder(action_element(world.action_space)).decode(chosen))
    world.step(rows)


def _seen(world: GymnasiumWorld) -> list[list[float]]:
    return [world.observations.load(row).tolist() for row in range(world.copy_count)]


def test_each_copy_starts_with_a_seed_of_its_own_and_is_not_seeded_again(world: GymnasiumWorld) -> None:
    _step(world, [0, 1])
    world.reset([0, 1])
    assert [copy.seeds for copy in world.copies] == [[40, None], [41, None]]


def test_a_seed_is_for_the_next_reset_of_each_copy_even_of_one_that_has_not_moved(world: GymnasiumWorld) -> None:
    world.seed(900)
    _step(world, [1])
    world.reset([0, 1])
    _step(world, [0, 1])
    world.reset([0, 1])
    assert [copy.seeds for copy in world.copies] == [[40, 900, None], [41, 901, None]]


def test_a_finished_copy_keeps_its_final_observation_until_it_is_reset(world: GymnasiumWorld) -> None:
    for _ in range(3):
        _step(world, [0, 1])
    assert _seen(world) == [[0, 0, 3], [1, 0, 3]]
    assert world.completions.tolist() == [Completion.TERMINATION] * 2
    world.reset([1])
    assert _seen(world) == [[0, 0, 3], [1, 1, 0]]
    assert world.completions.tolist() == [Completion.TERMINATION, Completion.RUNNING]


def test_a_finished_copy_is_not_stepped(world: GymnasiumWorld) -> None:
    for _ in range(5):
        _step(world, [0, 1])
    assert _seen(world) == [[0, 0, 3], [1, 0, 3]]


def test_truncation_is_not_taken_for_termination(world: GymnasiumWorld) -> None:
    for _ in range(3):
        _step(world, [0])
    world.reset([0])
    for _ in range(3):
        _step(world, [0])
    assert world.completions[0] == Completion.TRUNCATION


def test_terminated_and_truncated_at_once_is_a_termination() -> None:
    environment = gymnasium.wrappers.TimeLimit(TellingEnvironment(), max_episode_steps=3)
    world = GymnasiumWorld(lambda: environment, 1)
    for _ in range(3):
        _step(world, [0])
    assert world.completions[0] == Completion.TERMINATION


def test_rewards_belong_to_the_copy_that_earned_them(world: GymnasiumWorld) -> None:
    _step(world, [1])
    assert world.rewards.tolist() == [0.0, 101.0]
    _step(world, [0, 1])
    assert world.rewards.tolist() == [1.0, 102.0]


def test_a_copy_that_has_not_moved_is_not_reset_twice(world: GymnasiumWorld) -> None:
    world.reset([0, 1])
    assert _seen(world) == [[0, 0, 0], [1, 0, 0]]


def test_options_of_a_reset_reach_the_copy_also_one_that_has_not_moved(world: GymnasiumWorld) -> None:
    world.reset([0, 1], lambda row: {"length": 5.0} if row else {})
    assert _seen(world) == [[0, 0, 0], [1, 1, 0]]
    _step(world, [0, 1])
    world.reset([0, 1])
    assert [copy.options for copy in world.copies] == [[None, None], [None, {"length": 5.0}, None]]


def test_no_copies_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 copy, got 0"):
        GymnasiumWorld(TellingEnvironment, 0)
