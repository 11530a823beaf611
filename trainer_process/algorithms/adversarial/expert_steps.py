"""The steps of recorded episodes, drawn at random. N rows, E episodes, S steps of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from protocol.experience import FloatArray, Int64Array
from protocol.recording import Episode
from trainer_process.data.transitions import Transitions, joined_transitions

FLAT_BYTES = 256 * 1024 * 1024
"""Demonstrations that take no more are kept as transitions in memory, from which rows are drawn the fastest."""


@dataclass(frozen=True)
class _Held:
    """Episodes, and where each ends among the steps of all; replaced as a whole, since rows are drawn meanwhile."""

    episodes: tuple[Episode, ...] = ()
    ends: Int64Array = field(default_factory=lambda: np.zeros(0, np.int64))
    modifier_size: int = 0


class ExpertSteps:
    """Demonstrations as a bag of transitions; of large ones only the rows that are drawn come into memory.

    `add` may be called while another thread draws.
    """

    def __init__(self) -> None:
        self._held = _Held()
        self._flat: tuple[_Held, Transitions] | None = None

    @property
    def step_count(self) -> int:
        """S."""
        ends = self._held.ends
        return int(ends[-1]) if len(ends) else 0

    def add(self, episodes: Sequence[Episode]) -> None:
        """Takes more episodes in, whose arrays stay as they are."""
        if not len(episodes):
            return
        new = (*self._held.episodes, *episodes)
        self._held = _Held(
            new,
            np.cumsum([episode.step_count for episode in new], dtype=np.int64),
            max(episode.action_modifiers.shape[1] for episode in new),
        )

    def draw(self, count: int, generator: np.random.Generator) -> Transitions:
        """Transitions of `count` steps, each step as likely as any other; there is at least one episode.

        They have action modifiers where some episode has; those of others are zeros, which bind nothing.
        """
        held = self._held
        rows: Int64Array = generator.integers(0, held.ends[-1], count)
        if _bytes_of(held) > FLAT_BYTES:
            return _gathered(held, rows)
        if self._flat is None or self._flat[0] is not held:
            parts = [_transitions_of(episode, held.modifier_size) for episode in held.episodes]
            self._flat = held, joined_transitions(parts)
        return self._flat[1].taken(rows)


def _bytes_of(held: _Held) -> int:
    """What all of them take as transitions, which hold observations and images twice."""
    bytes_of_step = held.episodes[0].sizes.bytes_of_step + 4 * held.modifier_size
    return 2 * bytes_of_step * int(held.ends[-1])


def _gathered(held: _Held, rows: Int64Array) -> Transitions:
    """Read in the order of the recording, since a file is the faster for it; given in the order of `rows`."""
    by_place = np.argsort(rows)
    order = rows[by_place]
    owners = np.searchsorted(held.ends, order, side="right")
    parts: list[Transitions] = []
    for index in np.unique(owners).tolist():
        episode = held.episodes[index]
        start = int(held.ends[index]) - episode.step_count
        parts.append(_transitions_of(episode, held.modifier_size, order[owners == index] - start))
    return joined_transitions(parts).taken(np.argsort(by_place))


def _transitions_of(episode: Episode, modifier_size: int, steps: Int64Array | None = None) -> Transitions:
    """Those of some steps of an episode, or of all."""
    count = episode.step_count
    steps = np.arange(count) if steps is None else steps
    is_last = steps == count - 1
    following = np.minimum(steps + 1, count - 1)
    next_observations, next_images = episode.observations[following], episode.images[following]
    next_observations[is_last], next_images[is_last] = episode.final_observation, episode.final_image
    has_modifiers = episode.action_modifiers.shape[1] > 0
    return Transitions(
        observations=episode.observations[steps],
        images=episode.images[steps],
        actions=episode.actions[steps],
        action_modifiers=episode.action_modifiers[steps] if has_modifiers else _zeros(len(steps), modifier_size),
        next_observations=next_observations,
        next_images=next_images,
        is_terminated=is_last & episode.is_terminated,
    )


def _zeros(rows: int, columns: int) -> FloatArray:
    return np.zeros((rows, columns), np.float32)
