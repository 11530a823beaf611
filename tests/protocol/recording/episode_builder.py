"""Episodes of random numbers, whose values tell where they are from."""

from __future__ import annotations

import numpy as np

from protocol.completion import Completion
from protocol.recording import Episode, EpisodeSizes, RecordingHeader
from protocol.schema import (
    ContinuousAction,
    ContinuousObservation,
    ExclusiveDiscreteAction,
    StructAction,
    StructObservation,
)

OBSERVATION = StructObservation((("where", ContinuousObservation(3)),))
ACTION = StructAction((("push", ContinuousAction(2)), ("gear", ExclusiveDiscreteAction(3))))
HEADER = RecordingHeader(OBSERVATION, ACTION, metadata={"level": "1", "π": "3"})


def make_episode(
    step_count: int,
    sizes: EpisodeSizes = HEADER.sizes,
    *,
    seed: int = 0,
    completion: Completion = Completion.TRUNCATION,
    has_rewards: bool = True,
) -> Episode:
    """An episode of so many steps."""
    random = np.random.default_rng((seed, step_count))

    def floats(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return random.normal(size=shape).astype(np.float32)

    return Episode(
        observations=floats(step_count, sizes.observation),
        images=random.integers(0, 256, (step_count, sizes.image), dtype=np.uint8),
        actions=floats(step_count, sizes.action),
        action_modifiers=floats(step_count, sizes.modifier),
        rewards=floats(step_count) if has_rewards else np.full(step_count, np.nan, np.float32),
        final_observation=floats(sizes.observation),
        final_image=random.integers(0, 256, sizes.image, dtype=np.uint8),
        completion=completion,
        agent_id=seed,
        serial=step_count,
    )


def assert_same_episode(received: Episode, expected: Episode) -> None:
    """All arrays and numbers are equal."""
    for name, value in vars(expected).items():
        np.testing.assert_array_equal(getattr(received, name), value, err_msg=name)
