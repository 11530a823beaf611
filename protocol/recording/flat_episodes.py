"""Several episodes in flat arrays with offsets: as they lie in memory for learning, and cross the bridge.

Letters: S steps of all episodes, E episodes, O observation, I bytes of images, A action, M action modifier (0 or D).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from protocol.completion import Completion
from protocol.experience import ByteArray, FloatArray, Int64Array
from protocol.recording.episode import Episode, EpisodeSizes

EPISODE_COLUMNS: tuple[str, ...] = ("length", "completion", "agent_id", "serial")
"""The columns of `FlatEpisodes.table`, in their order."""


@dataclass(frozen=True, eq=False)
class FlatEpisodes:
    """E episodes, one after the other.

    Attributes:
        observations: float32[S, O].
        images: uint8[S, I].
        actions: float32[S, A].
        action_modifiers: float32[S, M].
        rewards: float32[S].
        final_observations: float32[E, O].
        final_images: uint8[E, I].
        table: int64[E, 4], with the columns of EPISODE_COLUMNS.
    """

    observations: FloatArray
    images: ByteArray
    actions: FloatArray
    action_modifiers: FloatArray
    rewards: FloatArray
    final_observations: FloatArray
    final_images: ByteArray
    table: Int64Array

    @property
    def step_count(self) -> int:
        """S."""
        return len(self.rewards)

    @property
    def episode_count(self) -> int:
        """E."""
        return len(self.table)

    @property
    def lengths(self) -> Int64Array:
        """int64[E]."""
        return self.table[:, 0]

    @property
    def completions(self) -> Int64Array:
        """int64[E], `Completion` numbers."""
        return self.table[:, 1]

    @property
    def offsets(self) -> Int64Array:
        """int64[E + 1], where each episode begins, and S."""
        return np.append(np.int64(0), np.cumsum(self.lengths))

    def episode(self, index: int) -> Episode:
        """One episode, whose arrays are views of these."""
        offsets = self.offsets
        steps = slice(int(offsets[index]), int(offsets[index + 1]))
        _, completion, agent_id, serial = self.table[index].tolist()
        return Episode(
            observations=self.observations[steps],
            images=self.images[steps],
            actions=self.actions[steps],
            action_modifiers=self.action_modifiers[steps],
            rewards=self.rewards[steps],
            final_observation=self.final_observations[index],
            final_image=self.final_images[index],
            completion=Completion(completion),
            agent_id=agent_id,
            serial=serial,
        )

    def __iter__(self) -> Iterator[Episode]:
        return (self.episode(index) for index in range(self.episode_count))


def flatten_episodes(episodes: Sequence[Episode], sizes: EpisodeSizes) -> FlatEpisodes:
    """Copies episodes into flat arrays.

    Args:
        episodes: in this order; none are allowed.
        sizes: of all of them; of one that has no action modifiers where M isn't 0, they are zeros, which bind nothing.
    """
    step_count = sum(episode.step_count for episode in episodes)

    def floats(*shape: int) -> FloatArray:
        return np.zeros(shape, dtype=np.float32)

    flat = FlatEpisodes(
        observations=floats(step_count, sizes.observation),
        images=np.zeros((step_count, sizes.image), dtype=np.uint8),
        actions=floats(step_count, sizes.action),
        action_modifiers=floats(step_count, sizes.modifier),
        rewards=floats(step_count),
        final_observations=floats(len(episodes), sizes.observation),
        final_images=np.zeros((len(episodes), sizes.image), dtype=np.uint8),
        table=np.array(
            [[each.step_count, int(each.completion), each.agent_id, each.serial] for each in episodes], dtype=np.int64
        ).reshape(-1, len(EPISODE_COLUMNS)),
    )
    start = 0
    for index, episode in enumerate(episodes):
        steps = slice(start, start + episode.step_count)
        flat.observations[steps] = episode.observations
        flat.images[steps] = episode.images
        flat.actions[steps] = episode.actions
        if episode.action_modifiers.shape[1]:
            flat.action_modifiers[steps] = episode.action_modifiers
        flat.rewards[steps] = episode.rewards
        flat.final_observations[index] = episode.final_observation
        flat.final_images[index] = episode.final_image
        start = steps.stop
    return flat
