"""PPO's two networks with their shared normaliser and their one optimiser. O observation, D distribution, B batch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from protocol.experience import FloatArray
from protocol.initial_weights import initial_weights
from protocol.network_builder import NORMALIZER_COUNT, NORMALIZER_MEAN, NORMALIZER_VARIANCE
from protocol.network_spec import NetworkSpec
from protocol.weights import WeightsLayout, WeightsSnapshot
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.data.running_statistics import RunningStatistics
from trainer_process.models import SpecNetwork

_LARGEST = float(np.finfo(np.float32).max)


class Backup(NamedTuple):
    """Weights and optimiser moments from before an update."""

    weights: list[Tensor]
    moments: list[dict[str, Tensor]]


class ActorCritic:
    """The policy and the critic of one behavior.

    Attributes:
        policy: observation → distribution.
        critic: observation → value.
        optimizer: Adam over the trainable weights of both, as in Stable-Baselines3.
        statistics: of the observations, float64; None where the policy doesn't normalise.
    """

    def __init__(self, behavior: BehaviorSpec, settings: PPOSettings) -> None:
        """Networks with the initial weights that the host's policy has too."""
        self.policy = _network(behavior.policy_spec, behavior.policy_settings.seed, settings.device)
        self.critic = _network(behavior.critic_spec, settings.seed, settings.device)
        self._settings = settings
        self._normalized = behavior.observation_layout.normalized
        self.statistics = self._new_statistics()
        self.optimizer = self._new_optimizer()

    @property
    def trainable(self) -> tuple[Tensor, Tensor]:
        """All trainable weights, of the policy and of the critic."""
        return self.policy.flat, self.critic.flat

    def values_of(self, normalized_observations: Tensor) -> Tensor:
        """[B] values of normalised observations [B, O]."""
        (values,) = self.critic.forward_normalized(normalized_observations)
        return values.squeeze(1)

    def distribution_of(self, normalized_observations: Tensor) -> Tensor:
        """[B, D] action distributions at normalised observations [B, O]."""
        return self.policy.forward_normalized(normalized_observations)[0]

    def count_observations(self, observations: FloatArray) -> None:
        """Merges observations [B, O], as they came, into the normaliser of both networks."""
        if self.statistics is not None:
            self.statistics.add(observations)
            self.publish_statistics()

    def publish_statistics(self) -> None:
        """Writes the float64 statistics into both networks, whose hosts work in float32."""
        if self.statistics is None:
            return
        published = {
            NORMALIZER_MEAN: self.statistics.mean,
            NORMALIZER_VARIANCE: np.minimum(self.statistics.variance, _LARGEST),
            NORMALIZER_COUNT: np.array([self.statistics.count]),
        }
        for network in (self.policy, self.critic):
            for name, values in published.items():
                network.parameters[name].copy_(torch.from_numpy(values.astype(np.float32)))

    def load(self, policy: WeightsSnapshot, critic: WeightsSnapshot | None) -> None:
        """Goes on from these weights and the policy's normaliser, with a new optimiser.

        Raises:
            WeightsError: they don't fit or aren't finite.
        """
        self.policy.layout.check(policy)
        if critic is not None:
            self.critic.layout.check(critic)
            self.critic.load(critic.values)
        self.policy.load(policy.values)
        if self.statistics is not None:
            mean, variance, count = (
                self.policy.parameters[name].cpu().numpy().astype(np.float64)
                for name in (NORMALIZER_MEAN, NORMALIZER_VARIANCE, NORMALIZER_COUNT)
            )
            self.statistics.load(count[0], mean, variance)
            self.publish_statistics()
        self.optimizer = self._new_optimizer()

    def keep_within_clamps(self) -> None:
        """Moves free parameters that the policy clamps back to the nearest bound.

        Beyond it a clamp passes no gradient, so that a log standard deviation that stepped over would stay for good.
        """
        made_by = {operation.output: operation for operation in self.policy.spec.operations}
        for operation in self.policy.spec.operations:
            source = made_by.get(operation.inputs[0]) if operation.kind == "clamp" else None
            if source is not None and source.kind == "broadcast":
                row = self.policy.parameters[source.parameters[0]].detach()
                row.clamp_(operation.attribute("minimum"), operation.attribute("maximum"))

    def backup(self) -> Backup:
        """A copy of everything that gradient steps change."""
        weights = [flat.detach().clone() for flat in self.trainable]
        moments = [
            {name: value.clone() for name, value in self.optimizer.state[flat].items()} for flat in self.trainable
        ]
        return Backup(weights, moments)

    def restore(self, backup: Backup) -> None:
        """Takes gradient steps back."""
        with torch.no_grad():
            for flat, weights, moments in zip(self.trainable, backup.weights, backup.moments, strict=True):
                flat.copy_(weights)
                self.optimizer.state[flat] = moments

    def is_finite(self) -> bool:
        """Whether all weights are finite numbers."""
        return all(bool(torch.isfinite(flat).all()) for flat in self.trainable)

    def optimizer_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The optimiser's moments by name, empty before the first step."""
        return {
            f"optimizer.{network}.{name}": value.cpu().numpy().copy()
            for network, flat in zip(("policy", "critic"), self.trainable, strict=True)
            for name, value in self.optimizer.state[flat].items()
        }

    def load_optimizer_arrays(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Goes on with moments that `optimizer_arrays` gave."""
        self.optimizer = self._new_optimizer()
        for network, flat in zip(("policy", "critic"), self.trainable, strict=True):
            prefix = f"optimizer.{network}."
            moments = {
                name.removeprefix(prefix): torch.from_numpy(np.array(value)).to(flat.device)
                for name, value in arrays.items()
                if name.startswith(prefix)
            }
            if moments:
                self.optimizer.state[flat] = moments

    def _new_statistics(self) -> RunningStatistics | None:
        if NORMALIZER_MEAN not in self.policy.layout.by_name:
            return None
        return RunningStatistics(len(self._normalized), self._normalized)

    def _new_optimizer(self) -> torch.optim.AdamW:
        """Without weight decay AdamW is Adam to the bit."""
        return torch.optim.AdamW(
            self.trainable,
            lr=self._settings.learning_rate,
            eps=self._settings.adam_epsilon,
            weight_decay=self._settings.weight_decay,
            fused=True,
        )


def _network(spec: NetworkSpec, seed: int, device: str) -> SpecNetwork:
    return SpecNetwork(spec, WeightsLayout.of(spec), initial_weights(spec, seed), device)
