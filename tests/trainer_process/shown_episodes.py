"""Episodes for any behavior, as an expert could have played them."""

from __future__ import annotations

import numpy as np

from protocol.completion import Completion
from protocol.recording import Episode
from tests.trainer_process.acted_experience import acted_segment
from trainer_process.algorithms.base import BehaviorSpec


def shown_episode(behavior: BehaviorSpec, seed: int, length: int, *, has_modifiers: bool = False) -> Episode:
    """Random observations, and actions that some policy could have chosen."""
    acted = acted_segment(behavior, seed, length, has_modifiers=has_modifiers)
    modifiers = acted.action_modifiers
    assert acted.images is not None
    assert acted.final_image is not None
    return Episode(
        observations=acted.observations,
        images=acted.images,
        actions=acted.actions,
        action_modifiers=np.zeros((length, 0), np.float32) if modifiers is None else modifiers,
        rewards=acted.rewards,
        final_observation=acted.final_observation,
        final_image=acted.final_image,
        completion=Completion.TERMINATION if seed % 2 else Completion.TRUNCATION,
        serial=seed,
    )


def shown_episodes(
    behavior: BehaviorSpec, lengths: list[int], *, seed: int = 0, has_modifiers: bool = False
) -> list[Episode]:
    """One of each length."""
    return [
        shown_episode(behavior, seed + index, length, has_modifiers=has_modifiers)
        for index, length in enumerate(lengths)
    ]
