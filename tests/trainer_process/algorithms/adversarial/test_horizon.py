from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from protocol.completion import Completion
from tests.contracts.algorithm_contract import BEHAVIOR
from tests.trainer_process.acted_experience import acted_segment
from tests.trainer_process.experience_builder import make_batch
from tests.trainer_process.recorded_episode import recorded_episode
from trainer_process.algorithms.base import Algorithm
from trainer_process.algorithms.registry import make_algorithm
from trainer_process.errors import ExperienceError


def make(**settings: object) -> Algorithm:
    return make_algorithm(BEHAVIOR, "gail", {"steps_per_update": 16, **settings})


def test_demonstrations_of_several_lengths_are_refused_by_name():
    with pytest.raises(ExperienceError, match=r"gail: .*demonstrations of 9, 12 steps; .*allow_variable_horizon"):
        make().add_demonstrations([recorded_episode(BEHAVIOR, 1, 12), recorded_episode(BEHAVIOR, 2, 9)], is_last=True)


def test_lengths_are_compared_with_those_that_came_before():
    algorithm = make()
    algorithm.add_demonstrations([recorded_episode(BEHAVIOR, 1, 12)], is_last=False)
    with pytest.raises(ExperienceError, match="demonstrations of 9, 12 steps"):
        algorithm.add_demonstrations([recorded_episode(BEHAVIOR, 2, 9)], is_last=True)


def test_of_many_lengths_some_are_named():
    episodes = [recorded_episode(BEHAVIOR, length, length) for length in range(3, 14)]
    with pytest.raises(ExperienceError, match="of 3, 4, 5, 6, 7, 8, 9, 10 and 3 more steps"):
        make().add_demonstrations(episodes, is_last=True)


def test_demonstrations_that_terminated_are_refused():
    ended = recorded_episode(BEHAVIOR, 1, 12, completion=Completion.TERMINATION)
    with pytest.raises(ExperienceError, match="1 of 2 demonstrations that terminated"):
        make().add_demonstrations([recorded_episode(BEHAVIOR, 1, 12), ended], is_last=True)


def test_experience_that_terminated_is_refused_and_not_taken_in():
    algorithm = make()
    algorithm.add_demonstrations([recorded_episode(BEHAVIOR, 1, 32)], is_last=True)
    ended = acted_segment(BEHAVIOR, 0, 16, completion=Completion.TERMINATION, first_step=4)
    with pytest.raises(ExperienceError, match="episodes of experience that terminated after 20 steps"):
        algorithm.add_experience(make_batch([ended]), 0)
    assert not algorithm.is_ready([0])


def test_episodes_of_another_length_than_the_demonstrations_are_refused():
    algorithm = make()
    algorithm.add_demonstrations([recorded_episode(BEHAVIOR, 1, 32)], is_last=True)
    batch = make_batch([acted_segment(BEHAVIOR, 0, 16)], episode_returns=(1.0,))
    with pytest.raises(ExperienceError, match="demonstrations of 32 steps and episodes of 10"):
        algorithm.add_experience(batch, 0)


def test_an_agent_that_was_reset_in_the_middle_is_no_episode_of_another_length():
    algorithm = make()
    algorithm.add_demonstrations([recorded_episode(BEHAVIOR, 1, 10)], is_last=True)
    cut = acted_segment(BEHAVIOR, 0, 16, completion=Completion.TRUNCATION)
    algorithm.add_experience(make_batch([cut], episode_returns=(1.0,)), 0)
    assert algorithm.is_ready([0])


def test_any_length_will_do_where_that_is_allowed():
    algorithm = make(allow_variable_horizon=True)
    episodes = [recorded_episode(BEHAVIOR, 1, 12), recorded_episode(BEHAVIOR, 2, 9, completion=Completion.TERMINATION)]
    algorithm.add_demonstrations(episodes, is_last=True)
    ended = replace(acted_segment(BEHAVIOR, 0, 16), completion=Completion.TERMINATION)
    algorithm.add_experience(make_batch([ended], episode_returns=(1.0,)), 0)
    assert np.isfinite(algorithm.update(lambda: None).metrics["steps"])
