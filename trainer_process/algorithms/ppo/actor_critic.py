"""PPO's two networks with their shared normaliser and their one optimiser.

O observation, I bytes of images, H memory, D distribution, B batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from protocol.experience import FloatArray
from protocol.initial_weights import initial_weights
from protocol.weights import WeightsLayout, WeightsSnapshot
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.normalizer import new_statistics, publish_statistics, read_statistics
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.models import AdamState, FlatAdam, FlatWeights, SpecNetwork

_MOMENTS = ("exp_avg", "exp_avg_sq")


class Backup(NamedTuple):
    """Trainable weights and the optimiser's state from before an update."""

    weights: Tensor
    optimizer: AdamState


class ActorCritic:
    """The policy and the critic of one behavior.

    Attributes:
        weights: all trainable weights of both networks with their gradient, the policy's first.
        policy: observation, image and memory, as far as there are any → distribution, memory after it.
        critic: the same → value.
        optimizer: Adam over the weights of both, as in Stable-Baselines3.
        statistics: of the observations, float64; None where the policy doesn't normalise.
    """

    def __init__(self, behavior: BehaviorSpec, settings: PPOSettings) -> None:
        """Networks with the initial weights that the host's policy has too."""
        policy, critic = WeightsLayout.of(behavior.policy_spec), WeightsLayout.of(behavior.critic_spec)
        self.weights = FlatWeights.zeros(policy.trainable_size + critic.trainable_size, settings.device)
        self.policy = SpecNetwork(
            behavior.policy_spec,
            policy,
            initial_weights(behavior.policy_spec, behavior.policy_settings.seed),
            settings.device,
            self.weights.part(0, policy.trainable_size),
        )
        self.critic = SpecNetwork(
            behavior.critic_spec,
            critic,
            initial_weights(behavior.critic_spec, settings.seed),
            settings.device,
            self.weights.part(policy.trainable_size, critic.trainable_size),
        )
        self.statistics = new_statistics(behavior)
        self.optimizer = FlatAdam(
            self.weights,
            learning_rate=settings.learning_rate,
            epsilon=settings.adam_epsilon,
            weight_decay=settings.weight_decay,
        )

    @property
    def critic_part(self) -> slice:
        """Where the critic's weights lie among those of both."""
        return slice(self.policy.layout.trainable_size, None)

    @property
    def distribution_size(self) -> int:
        """D."""
        return self.policy.spec.output_size("distribution")

    @property
    def floats_per_row(self) -> int:
        """What the larger network writes down of one agent."""
        specs = (self.policy.spec, self.critic.spec)
        return max(sum(shape.size * shape.rows for shape in spec.registers.values()) for spec in specs)

    def inputs_of(
        self, normalized_observations: Tensor, images: Tensor | None = None, memory: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """What both networks read of normalised observations [B, O], images [B, I] as floats and memory [B, H]."""
        given = {"observation": normalized_observations, "image": images, "memory": memory}
        inputs: list[Tensor] = []
        for name, _ in self.policy.spec.inputs:
            tensor = given[name]
            assert tensor is not None, f"the networks read {name!r}"
            inputs.append(tensor)
        return tuple(inputs)

    def values_of(self, *inputs: Tensor) -> Tensor:
        """[B] values of what `inputs_of` gave."""
        (values,) = self.critic.forward_normalized(*inputs)
        return values.squeeze(1)

    def distribution_of(self, *inputs: Tensor) -> Tensor:
        """[B, D] action distributions at what `inputs_of` gave."""
        return self.policy.forward_normalized(*inputs)[0]

    def count_observations(self, observations: FloatArray) -> None:
        """Merges observations [B, O], as they came, into the normaliser of both networks."""
        if self.statistics is not None:
            self.statistics.add(observations)
            self.publish_statistics()

    def publish_statistics(self) -> None:
        """Writes the float64 statistics into both networks, whose hosts work in float32."""
        publish_statistics(self.statistics, (self.policy, self.critic))

    def load(self, policy: WeightsSnapshot, critic: WeightsSnapshot | None, least_count: int = 0) -> None:
        """Goes on from these weights and the policy's normaliser, with a new optimiser.

        Args:
            policy: the policy's weights.
            critic: the critic's, where there are any.
            least_count: observations that the normaliser's statistics stand for at least, unless they stand for none.

        Raises:
            WeightsError: they don't fit or aren't finite.
        """
        self.policy.layout.check(policy)
        if critic is not None:
            self.critic.layout.check(critic)
            self.critic.load(critic.values)
        self.policy.load(policy.values)
        read_statistics(self.statistics, self.policy)
        self.publish_statistics()  # the policy's stay as they came
        if self.statistics is not None and 0 < self.statistics.count < least_count:
            self.statistics.load(least_count, self.statistics.mean, self.statistics.variance)
        self.optimizer.reset()

    def backup(self) -> Backup:
        """A copy of everything that gradient steps change."""
        return Backup(self.weights.values.clone(), AdamState(*(part.clone() for part in self.optimizer.state)))

    def restore(self, backup: Backup) -> None:
        """Takes gradient steps back."""
        self.weights.values.copy_(backup.weights)
        for part, saved in zip(self.optimizer.state, backup.optimizer, strict=True):
            part.copy_(saved)

    def is_finite(self) -> bool:
        """Whether all weights are finite numbers."""
        return bool(torch.isfinite(self.weights.values).all())

    def optimizer_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The optimiser's state by network and name, empty before the first step."""
        step, *moments = self.optimizer.state
        if not step:
            return {}
        arrays: dict[str, npt.NDArray[np.generic]] = {}
        for network, part in self._parts():
            arrays[f"optimizer.{network}.step"] = step.cpu().numpy().copy()
            for name, moment in zip(_MOMENTS, moments, strict=True):
                arrays[f"optimizer.{network}.{name}"] = moment[part].cpu().numpy().copy()
        return arrays

    def load_optimizer_arrays(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Goes on with a state that `optimizer_arrays` gave.

        Raises:
            KeyError: a part is missing.
            ValueError: a part is of another size.
        """
        self.optimizer.reset()
        if not any(name.startswith("optimizer.") for name in arrays):
            return
        step, *moments = self.optimizer.state
        for network, part in self._parts():
            step.fill_(float(arrays[f"optimizer.{network}.step"]))
            for name, moment in zip(_MOMENTS, moments, strict=True):
                saved = torch.from_numpy(np.array(arrays[f"optimizer.{network}.{name}"]))
                if saved.shape != moment[part].shape:
                    raise ValueError(f"optimizer.{network}.{name}: expected {moment[part].shape}, got {saved.shape}")
                moment[part].copy_(saved)

    def _parts(self) -> tuple[tuple[str, slice], tuple[str, slice]]:
        """Where each network's weights lie among those of both."""
        critic = self.critic_part
        return ("policy", slice(0, critic.start)), ("critic", critic)
