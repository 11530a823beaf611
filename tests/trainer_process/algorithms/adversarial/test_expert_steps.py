from __future__ import annotations

import numpy as np
import pytest

from protocol.completion import Completion
from tests.contracts.algorithm_contract import BEHAVIOR
from tests.trainer_process.recorded_episode import recorded_episode
from trainer_process.algorithms.adversarial import expert_steps
from trainer_process.algorithms.adversarial.expert_steps import ExpertSteps
from trainer_process.data.transitions import TRANSITION_FIELDS, Transitions


def drawn(steps: ExpertSteps, count: int = 400, seed: int = 0) -> Transitions:
    return steps.draw(count, np.random.default_rng(seed))


def test_a_drawn_step_is_followed_by_what_was_seen_next():
    episodes = [
        recorded_episode(BEHAVIOR, 1, 3, completion=Completion.TERMINATION),
        recorded_episode(BEHAVIOR, 2, 5),
    ]
    steps = ExpertSteps()
    steps.add(episodes)
    assert steps.step_count == 8
    rows = drawn(steps)
    seen = {}
    for episode in episodes:
        following = [*episode.observations[1:], episode.final_observation]
        for index, observation in enumerate(episode.observations):
            is_end = episode.is_terminated and index == episode.step_count - 1
            seen[observation.tobytes()] = following[index].tobytes(), episode.actions[index].tobytes(), is_end
    drawn_keys = [row.tobytes() for row in rows.observations]
    assert set(drawn_keys) == set(seen)
    for index, key in enumerate(drawn_keys):
        found = rows.next_observations[index].tobytes(), rows.actions[index].tobytes(), rows.is_terminated[index]
        assert found == seen[key]


def test_demonstrations_that_are_too_large_for_memory_give_the_same_rows(monkeypatch: pytest.MonkeyPatch):
    steps = ExpertSteps()
    steps.add([recorded_episode(BEHAVIOR, index, 4 + index, has_modifiers=index == 1) for index in range(3)])
    in_memory = drawn(steps)
    monkeypatch.setattr(expert_steps, "FLAT_BYTES", 0)
    for name in TRANSITION_FIELDS:
        np.testing.assert_array_equal(getattr(drawn(steps), name), getattr(in_memory, name))


def test_episodes_that_come_later_are_drawn_too():
    steps = ExpertSteps()
    steps.add([recorded_episode(BEHAVIOR, 1, 3)])
    drawn(steps)
    steps.add([])
    steps.add([recorded_episode(BEHAVIOR, 2, 3)])
    assert len(np.unique(drawn(steps).observations[:, 0])) == 6
