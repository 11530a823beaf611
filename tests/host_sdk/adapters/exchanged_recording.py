"""Recordings of worlds that other projects know, for tests of exchange."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import Space

from host_sdk.adapters.gymnasium.recorded_space import RecordedSpaces
from protocol.completion import Completion
from protocol.recording import Episode, RecordingHeader, save_recording
from tests.host_sdk.adapters.test_recorded_space import stacked


def make_recording(
    path: Path,
    observation_space: Space[Any],
    action_space: Space[Any],
    lengths: Sequence[int] = (1, 5, 3),
    *,
    has_rewards: bool = True,
    metadata: dict[str, str] | None = None,
) -> list[Episode]:
    """Saves episodes of sampled values, the first of which terminates, and returns them."""
    spaces = RecordedSpaces.of_spaces(observation_space, action_space)
    observation_space.seed(1)
    action_space.seed(2)
    random = np.random.default_rng(3)
    episodes = []
    for index, length in enumerate(lengths):
        floats, images = spaces.observation_vectors(
            stacked(observation_space, [observation_space.sample() for _ in range(length + 1)])
        )
        actions = spaces.action_vectors(
            stacked(action_space, [action_space.sample() for _ in range(length)]), clips=True
        )
        rewards = random.normal(size=length).astype(np.float32) if has_rewards else np.full(length, np.nan, np.float32)
        episodes.append(
            Episode(
                observations=floats[:-1],
                images=images[:-1],
                actions=actions,
                action_modifiers=np.zeros((length, 0), np.float32),
                rewards=rewards,
                final_observation=floats[-1],
                final_image=images[-1],
                completion=Completion.TRUNCATION if index else Completion.TERMINATION,
                agent_id=index % 2,
                serial=10 + index,
            )
        )
    save_recording(path, RecordingHeader(spaces.observation, spaces.action, metadata=metadata or {}), episodes)
    return episodes
