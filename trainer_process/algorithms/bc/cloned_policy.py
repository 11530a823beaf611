"""The policy that becomes a clone, with its normaliser and its optimiser.

O observation, I bytes of images, H memory, D distribution, B rows.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from protocol.initial_weights import initial_weights
from protocol.network_builder import NORMALIZER_EPSILON
from protocol.weights import WeightsLayout, WeightsSnapshot
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.bc.settings import CloningSettings
from trainer_process.algorithms.normalizer import new_statistics, publish_statistics, read_statistics
from trainer_process.data.running_statistics import RunningStatistics
from trainer_process.models import AdamState, FlatAdam, FlatWeights, SpecNetwork
from trainer_process.models.clamped_row import clamped_rows


class Backup(NamedTuple):
    """All weights, the optimiser's state and the statistics from before an update."""

    weights: npt.NDArray[np.float32]
    optimizer: AdamState
    statistics: RunningStatistics | None


class ClonedPolicy:
    """A policy's network that is fitted to demonstrations.

    Attributes:
        network: observation, image and memory, as far as there are any → distribution, memory after it.
        weights: its trainable weights with their gradient.
        optimizer: Adam over them.
        statistics: of the observations, float64; None where the policy doesn't normalise.
    """

    def __init__(self, behavior: BehaviorSpec, settings: CloningSettings) -> None:
        """With the initial weights that the host's policy has too."""
        layout = WeightsLayout.of(behavior.policy_spec)
        self.weights = FlatWeights.zeros(layout.trainable_size, settings.device)
        values = initial_weights(behavior.policy_spec, behavior.policy_settings.seed)
        self.network = SpecNetwork(behavior.policy_spec, layout, values, settings.device, self.weights)
        self.optimizer = FlatAdam(
            self.weights,
            learning_rate=settings.learning_rate,
            epsilon=settings.adam_epsilon,
            weight_decay=settings.weight_decay,
        )
        self.statistics = new_statistics(behavior)
        self._clamps: list[Callable[[], Tensor]] = [
            partial(row.values.clamp_, min(max(row.minimum, settings.min_log_std), row.maximum), row.maximum)
            for row in clamped_rows(self.network)
        ]

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.weights.values.device

    @property
    def floats_per_row(self) -> int:
        """What it writes down of one agent."""
        return sum(shape.size * shape.rows for shape in self.network.spec.registers.values())

    def inputs_of(
        self, normalized_observations: Tensor, images: Tensor | None, memory: Tensor | None
    ) -> tuple[Tensor, ...]:
        """What the network reads of normalised observations [B, O], images [B, I] as floats and memory [B, H]."""
        given = {"observation": normalized_observations, "image": images, "memory": memory}
        inputs: list[Tensor] = []
        for name, _ in self.network.spec.inputs:
            tensor = given[name]
            assert tensor is not None, f"the network reads {name!r}"
            inputs.append(tensor)
        return tuple(inputs)

    def keep_within_clamps(self) -> None:
        """Moves free log standard deviations back within their bounds, beyond which no gradient would reach them."""
        for clamp in self._clamps:
            clamp()

    def publish_statistics(self) -> None:
        """Writes the statistics into the network.

        What never varied where the expert was, is not scaled up where it does vary: its deviation counts as 1. (By the
        normaliser's epsilon alone, a thousandth more than ever before would already reach the normaliser's clip.)
        """
        if self.statistics is None:
            return
        settled = RunningStatistics(len(self.statistics.mean))
        variance = self.statistics.variance
        variance[variance < NORMALIZER_EPSILON] = 1.0
        settled.load(self.statistics.count, self.statistics.mean, variance)
        publish_statistics(settled, (self.network,))

    def load(self, snapshot: WeightsSnapshot) -> None:
        """Goes on from these weights and their normaliser, with a new optimiser.

        Raises:
            WeightsError: they don't fit or aren't finite.
        """
        self.network.layout.check(snapshot)
        self.network.load(snapshot.values)
        read_statistics(self.statistics, self.network)
        self.optimizer.reset()

    def backup(self) -> Backup:
        """A copy of everything that an update changes."""
        optimizer = AdamState(*(part.clone() for part in self.optimizer.state))
        return Backup(self.network.values(), optimizer, copy.deepcopy(self.statistics))

    def restore(self, backup: Backup) -> None:
        """Takes an update back."""
        self.network.load(backup.weights)
        self.statistics = copy.deepcopy(backup.statistics)
        for part, saved in zip(self.optimizer.state, backup.optimizer, strict=True):
            part.copy_(saved)

    def optimizer_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Copies of the optimiser's state by name."""
        state = self.optimizer.state._asdict()
        return {f"optimizer.{name}": np.array(part.cpu().numpy()) for name, part in state.items()}

    def load_optimizer_arrays(self, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        """Goes on with a state that `optimizer_arrays` gave.

        Raises:
            KeyError: a part is missing.
            ValueError: a part is of another size.
        """
        for name, part in self.optimizer.state._asdict().items():
            saved = torch.from_numpy(np.array(arrays[f"optimizer.{name}"]))
            if saved.shape != part.shape:
                raise ValueError(f"optimizer.{name}: expected {list(part.shape)}, got {list(saved.shape)}")
            part.copy_(saved)

    def is_finite(self) -> bool:
        """Whether all weights are finite numbers."""
        return bool(torch.isfinite(self.weights.values).all())
