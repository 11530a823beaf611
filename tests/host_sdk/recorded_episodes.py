"""Recordings made of random numbers, for tests of what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from host_sdk.interactor import Interactor
from protocol.completion import Completion
from protocol.recording import Episode, EpisodeSizes, RecordingHeader


@dataclass
class EpisodesInMemory:
    """A recording that is nothing but its parts."""

    header: RecordingHeader
    episodes: Sequence[Episode] = field(default_factory=list)


def header_of(interactor: Interactor) -> RecordingHeader:
    """Of what an interactor's agents see and do."""
    return RecordingHeader(interactor.observation_schema_element, interactor.action_schema_element)


def random_episode(random: np.random.Generator, step_count: int, sizes: EpisodeSizes, serial: int = 0) -> Episode:
    """An episode of these sizes whose numbers mean nothing."""
    return Episode(
        observations=random.normal(size=(step_count, sizes.observation)).astype(np.float32),
        images=random.integers(0, 256, (step_count, sizes.image), dtype=np.uint8),
        actions=random.normal(size=(step_count, sizes.action)).astype(np.float32),
        action_modifiers=np.zeros((step_count, sizes.modifier), np.float32),
        rewards=np.ones(step_count, np.float32),
        final_observation=random.normal(size=sizes.observation).astype(np.float32),
        final_image=random.integers(0, 256, sizes.image, dtype=np.uint8),
        completion=Completion.TRUNCATION,
        agent_id=0,
        serial=serial,
    )


def random_recording(interactor: Interactor, *step_counts: int, seed: int = 1) -> EpisodesInMemory:
    """Episodes of these lengths."""
    random, header = np.random.default_rng(seed), header_of(interactor)
    episodes = [random_episode(random, count, header.sizes, serial) for serial, count in enumerate(step_counts)]
    return EpisodesInMemory(header, episodes)
