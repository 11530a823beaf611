"""An episode is checked where it is made, and lies flat beside others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from protocol.completion import Completion
from protocol.errors import RecordingError
from protocol.recording import Episode, EpisodeSizes, flatten_episodes
from tests.protocol.recording.episode_builder import HEADER, assert_same_episode, make_episode


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("observations", np.zeros((3, 3), np.float64), r"observations: expected float32\[3, 3\], got float64\[3, 3\]"),
        ("actions", np.zeros((2, 5), np.float32), r"actions: expected float32\[3, 5\], got float32\[2, 5\]"),
        ("final_observation", np.zeros(4, np.float32), r"final_observation: expected float32\[3\], got float32\[4\]"),
        ("completion", Completion.RUNNING, r"expected TRUNCATION or TERMINATION, got <Completion.RUNNING"),
    ],
)
def test_an_array_of_another_shape_or_type_is_named(name: str, value: object, message: str) -> None:
    with pytest.raises(RecordingError, match=message):
        replace(make_episode(3), **{name: value})


def test_an_episode_has_a_step() -> None:
    with pytest.raises(RecordingError, match="at least one step"):
        make_episode(0)


def test_returns_are_sums_and_nothing_where_nobody_gave_rewards() -> None:
    episode = replace(make_episode(3), rewards=np.array([1.0, -0.5, 2.0], np.float32))
    assert episode.has_rewards
    assert episode.episode_return == 2.5
    silent = make_episode(3, has_rewards=False)
    assert not silent.has_rewards
    assert np.isnan(silent.episode_return)
    silent.check_finite()


def test_a_reward_that_is_missing_in_the_middle_is_named() -> None:
    episode = make_episode(3)
    episode.rewards[1] = np.nan
    with pytest.raises(RecordingError, match=r"rewards: .*got nan at \[1\]"):
        episode.check_finite()


def test_flat_episodes_are_the_same_episodes() -> None:
    episodes = [make_episode(count, seed=count, completion=Completion(1 + count % 2)) for count in (1, 4, 2)]
    flat = flatten_episodes(episodes, HEADER.sizes)
    assert flat.offsets.tolist() == [0, 1, 5, 7]
    assert flat.step_count == 7
    for received, expected in zip(flat, episodes, strict=True):
        assert_same_episode(received, expected)


def test_no_episodes_are_flat_too() -> None:
    flat = flatten_episodes([], HEADER.sizes)
    assert (flat.step_count, flat.episode_count, flat.offsets.tolist()) == (0, 0, [0])
    assert flat.observations.shape == (0, 3)


def test_episodes_without_modifiers_among_others_are_bound_by_nothing() -> None:
    sizes = EpisodeSizes(3, 5, 7, 0)
    with_modifiers: Episode = make_episode(2, sizes)
    flat = flatten_episodes([with_modifiers, make_episode(1)], sizes)
    np.testing.assert_array_equal(flat.action_modifiers[:2], with_modifiers.action_modifiers)
    assert not flat.action_modifiers[2].any()
