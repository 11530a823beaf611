"""Demonstrations cross as messages, and what came from outside is held against the behavior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import decode, encode
from protocol.demonstrations_wire import (
    demonstrations_from_message,
    demonstrations_to_message,
    validate_demonstrations,
)
from protocol.errors import RemoteProtocolError
from protocol.messages import Demonstrations
from protocol.recording import EpisodeSizes, FlatEpisodes, flatten_episodes
from tests.protocol.recording.episode_builder import assert_same_episode, make_episode

SIZES = EpisodeSizes(observation=3, action=5, modifier=7, image=4)
NO_MODIFIERS = replace(SIZES, modifier=0)


def flat(*step_counts: int, sizes: EpisodeSizes = SIZES) -> FlatEpisodes:
    return flatten_episodes([make_episode(count, sizes, seed=count) for count in step_counts], sizes)


@given(st.lists(st.integers(1, 5), max_size=4), st.sampled_from([SIZES, NO_MODIFIERS, EpisodeSizes(3, 5)]))
def test_episodes_come_out_as_they_went_in(step_counts: list[int], sizes: EpisodeSizes) -> None:
    sent = flat(*step_counts, sizes=sizes)
    frames = encode(demonstrations_to_message("soldier", 3, sent, is_last=True), 1, 2)
    received = decode([bytes(frame) for frame in frames]).message
    assert isinstance(received, Demonstrations)
    assert (received.behavior, received.batch_id, received.is_last) == ("soldier", 3, True)
    episodes = demonstrations_from_message(received)
    validate_demonstrations(episodes, replace(sizes, modifier=7))
    for mine, theirs in zip(episodes, sent, strict=True):
        assert_same_episode(mine, theirs)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("observations", np.zeros((3, 2), np.float32), "observations: expected 3 in a row, got 2"),
        ("images", np.zeros((3, 9), np.uint8), "images: expected 4 in a row, got 9"),
        ("action_modifiers", np.zeros((3, 3), np.float32), "action_modifiers: expected 0 or 7 in a row, got 3"),
        ("table", np.array([[1, 1, 0, 0], [3, 1, 0, 0]]), "table: expected lengths from 1 that make 3 steps, got"),
        ("table", np.array([[3, 1, 0, 0], [0, 1, 0, 0]]), "table: expected lengths from 1 that make 3 steps, got"),
        ("table", np.array([[1, 1, 0, 0], [2, 0, 0, 0]]), "table: expected completions 1 or 2"),
        ("actions", np.full((3, 5), np.nan, np.float32), r"episode 0: episode.actions: expected finite numbers"),
    ],
)
def test_what_does_not_fit_the_behavior_is_named(name: str, value: object, message: str) -> None:
    with pytest.raises(RemoteProtocolError, match=message):
        validate_demonstrations(replace(flat(1, 2), **{name: value}), SIZES)
