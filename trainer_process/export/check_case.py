"""Inputs on which an exported policy is compared: random ones, and those at the edges."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from protocol.action_layout import ActionLayout
from protocol.network_builder import NORMALIZER_MEAN, NORMALIZER_VARIANCE
from protocol.observation_layout import ObservationLayout
from protocol.policy_file import PolicyFile
from protocol.vector_array import FloatArray
from protocol.weights import WeightsLayout

Case = dict[str, npt.NDArray[np.generic]]
"""Arrays by the names of the host's vectors: observation, image, memory, action_modifier, noise."""

BATCH_SIZES = (1, 2, 7, 64)
SMALLEST_NOISE = 1e-6


class CheckCases:
    """Makes inputs for one policy, always the same ones."""

    def __init__(self, policy: PolicyFile, seed: int = 0) -> None:
        self._observation = ObservationLayout.of(policy.observation)
        self._action = ActionLayout.of(policy.action)
        self._memory_size = policy.policy_settings.memory_size
        self._clip = policy.policy_settings.normalizer_clip
        self._generator = np.random.default_rng(seed)
        views = WeightsLayout.of(policy.policy_spec).views(policy.snapshot.values)
        size = self._observation.size
        self._mean = views.get(NORMALIZER_MEAN, np.zeros(size, np.float32))
        self._deviation = np.sqrt(np.maximum(views.get(NORMALIZER_VARIANCE, np.ones(size, np.float32)), 0))

    def all(self) -> Iterator[tuple[str, Case]]:
        """(name, arrays): random ones of several batch sizes, zeros, far ones that are clipped, and masked ones."""
        for count in BATCH_SIZES:
            yield f"random inputs, batch of {count}", self.random(count)
        for name, observation in (
            ("zeros", np.zeros((3, self._observation.size), np.float32)),
            ("far above the mean", self._far(3, 1.0)),
            ("far below the mean", self._far(3, -1.0)),
        ):
            yield name, {**self.random(3), "observation": observation, "memory": self.no_memory(3)}
        yield "dark images", {**self.random(2), "image": np.zeros((2, self._observation.image_size), np.uint8)}
        yield "masked actions", {**self.random(7), "action_modifier": self._modifiers(7)}
        yield "one option left", {**self.random(7), "action_modifier": self._narrowest(7)}

    def no_memory(self, count: int) -> FloatArray:
        """float32[count, H], as at the beginning of an episode."""
        return np.zeros((count, self._memory_size), np.float32)

    def random(self, count: int) -> Case:
        """One case of so many agents; the game leaves all to the policy."""
        layout, generator = self._action, self._generator
        size = layout.continuous_size
        normal = generator.standard_normal((count, size))
        uniform = generator.uniform(SMALLEST_NOISE, 1 - SMALLEST_NOISE, (count, layout.vector_size - size))
        return {
            "observation": self._observations(count),
            "image": generator.integers(0, 256, (count, self._observation.image_size), dtype=np.uint8),
            "memory": generator.normal(0, 0.5, (count, self._memory_size)).astype(np.float32),
            "action_modifier": np.zeros((count, layout.modifier_size), np.float32),
            "noise": np.concatenate([normal, uniform], axis=1).astype(np.float32),
        }

    def _observations(self, count: int) -> FloatArray:
        """float32[count, O], numbers spread as the normaliser knows them, with hots that are hot."""
        generator = self._generator
        rows = self._mean + 2 * self._deviation * generator.standard_normal((count, self._observation.size))
        for leaf in self._observation.leaves:
            columns = slice(leaf.offset, leaf.offset + leaf.size)
            if leaf.kind == "exclusive":
                rows[:, columns] = np.eye(leaf.size)[generator.integers(leaf.size, size=count)]
            elif leaf.kind == "inclusive":
                rows[:, columns] = generator.integers(0, 2, (count, leaf.size))
        return rows.astype(np.float32)

    def _far(self, count: int, sign: float) -> FloatArray:
        """float32[count, O], numbers that the normaliser clips, or ±10 where it is not; hots as they may be."""
        rows = self._observations(count)
        is_number = np.zeros(self._observation.size, np.bool_)
        for leaf in self._observation.leaves:
            is_number[leaf.offset : leaf.offset + leaf.size] = leaf.kind == "continuous"
        reach = np.where(self._observation.normalized, 2 * self._clip, 10.0)
        far = self._mean + sign * reach * np.maximum(self._deviation, 1e-3)
        return np.where(is_number, far, rows).astype(np.float32)

    def _modifiers(self, count: int) -> FloatArray:
        """float32[count, M], a third of all numbers given and of all options masked, never all of a choice."""
        layout, generator = self._action, self._generator
        size = layout.continuous_size
        modifiers = (generator.random((count, layout.modifier_size)) < 0.3).astype(np.float32)
        modifiers[:, :size] = generator.standard_normal((count, size))
        start = 2 * size
        for options in layout.exclusive_sizes:
            modifiers[np.arange(count), start + generator.integers(options, size=count)] = 0
            start += options
        return modifiers

    def _narrowest(self, count: int) -> FloatArray:
        """float32[count, M]: every number given, every bit masked, and all but one option of every choice."""
        layout, generator = self._action, self._generator
        size = layout.continuous_size
        modifiers = np.ones((count, layout.modifier_size), np.float32)
        modifiers[:, :size] = generator.standard_normal((count, size))
        start = 2 * size
        for options in layout.exclusive_sizes:
            modifiers[np.arange(count), start + generator.integers(options, size=count)] = 0
            start += options
        return modifiers
