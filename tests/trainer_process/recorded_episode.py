"""Recorded episodes for any behavior: random observations, and actions that some policy could have chosen."""

from __future__ import annotations

import numpy as np

from protocol.completion import Completion
from protocol.recording import Episode
from tests.trainer_process.acted_experience import acted_segment
from trainer_process.algorithms.base import BehaviorSpec


def recorded_episode(
    behavior: BehaviorSpec,
    seed: int,
    length: int,
    *,
    completion: Completion = Completion.TRUNCATION,
    has_modifiers: bool = False,
) -> Episode:
    """An episode of `length` steps."""
    segment = acted_segment(behavior, seed, length, has_modifiers=has_modifiers)
    assert segment.images is not None
    assert segment.final_image is not None
    modifiers = segment.action_modifiers
    return Episode(
        observations=segment.observations,
        images=segment.images,
        actions=segment.actions,
        action_modifiers=np.zeros((length, 0), np.float32) if modifiers is None else modifiers,
        rewards=np.full(length, np.nan, np.float32),
        final_observation=segment.final_observation,
        final_image=segment.final_image,
        completion=completion,
        serial=seed,
    )
