"""The completion library, value by value."""

from __future__ import annotations

import numpy as np

from host_sdk import completions
from protocol.completion import Completion

ALL = np.array([0, 1, 2], dtype=np.uint8)


def test_kinds_are_told_apart() -> None:
    assert completions.is_completion_running(ALL).tolist() == [True, False, False]
    assert completions.is_completion_completed(ALL).tolist() == [False, True, True]
    assert completions.is_completion_truncation(ALL).tolist() == [False, True, False]
    assert completions.is_completion_termination(ALL).tolist() == [False, False, True]
    assert completions.make_completion(count=2).tolist() == [2, 2]


def test_or_takes_the_stronger_and_and_the_weaker_and_not_turns_round() -> None:
    first, second = np.repeat(ALL, 3), np.tile(ALL, 3)
    assert completions.completion_or(first, second).tolist() == [0, 1, 2, 1, 1, 2, 2, 2, 2]
    assert completions.completion_and(first, second).tolist() == [0, 0, 0, 0, 1, 1, 0, 1, 2]
    assert completions.completion_not(ALL).tolist() == [2, 0, 0]
    assert completions.completion_not(ALL, Completion.TRUNCATION).tolist() == [1, 0, 0]


def test_conditions_end_episodes_at_their_defaults() -> None:
    assert completions.on_condition([True, False]).tolist() == [2, 0]
    assert completions.on_time_elapsed([9.9, 10.0]).tolist() == [0, 1]
    assert completions.on_episode_steps_recorded([63, 64]).tolist() == [0, 1]
    here, there = np.zeros((2, 3)), np.array([[0.0, 0.0, 99.0], [0.0, 101.0, 0.0]])
    assert completions.on_location_difference_below_threshold(here, there).tolist() == [2, 0]
    assert completions.on_location_difference_above_threshold(here, there).tolist() == [0, 2]
    assert completions.on_location_outside_bounds(there).tolist() == [0, 2]
    assert completions.on_location_outside_bounds(there, [-1, -1, -1], [1, 200, 1]).tolist() == [2, 0]


def test_a_single_agent_gives_a_single_completion() -> None:
    completion = completions.on_time_elapsed(11.0)
    assert Completion(int(completion)) is Completion.TRUNCATION
    assert completion.dtype == np.uint8
