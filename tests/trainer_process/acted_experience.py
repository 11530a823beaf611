"""Segments for any behavior: random observations, and actions that some policy could have chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from host_sdk.inference import ActionDistribution
from protocol.experience import FloatArray
from tests.strategies import random_modifiers
from tests.trainer_process.experience_builder import SegmentData
from trainer_process.algorithms.base import BehaviorSpec


def acted_segment(
    behavior: BehaviorSpec, seed: int, length: int, *, has_modifiers: bool = False, **fields: object
) -> SegmentData:
    """A segment of random observations, memories, rewards and actions; `fields` as of `SegmentData`."""
    generator = np.random.default_rng(seed)
    layout, observation = behavior.action_layout, behavior.observation_layout
    memory_size = behavior.policy_settings.memory_size

    def noise(*shape: int) -> FloatArray:
        return generator.standard_normal(shape).astype(np.float32)

    images = generator.integers(0, 256, (length + 1, observation.image_size)).astype(np.uint8)
    memory = np.tanh(noise(length + 1, memory_size))
    modifiers = random_modifiers(layout, length, generator) if has_modifiers else None
    distribution = 0.5 * noise(length, layout.distribution_size)
    actions, log_probs = np.zeros((length, layout.vector_size), np.float32), np.zeros(length, np.float32)
    ActionDistribution(layout, length).sample(distribution, generator, 1.0, actions, log_probs, modifiers)
    segment = SegmentData(
        observations=noise(length, observation.size),
        actions=actions,
        rewards=noise(length),
        log_probs=log_probs,
        final_observation=noise(observation.size),
        images=images[:-1],
        final_image=images[-1],
        action_modifiers=modifiers,
        memory=memory[:-1],
        final_memory=memory[-1],
    )
    return replace(segment, **fields)  # type: ignore[arg-type]
