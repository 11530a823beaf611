"""What PPO minimises, told as slopes at the networks' outputs, and as losses for the record.

B minibatch, D distribution.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer_process.algorithms.ppo.closed_form import clipped_surrogate_slope
from trainer_process.algorithms.ppo.losses import (
    clipped_surrogate_loss,
    clipped_values,
    normalized_advantages,
    value_loss,
)
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.algorithms.ppo.unreal_losses import critic_loss, log_surrogate_loss, positive_advantages
from trainer_process.models import ActionDensity


@dataclass(frozen=True)
class Coefficients:
    """What is fixed for one update.

    Attributes:
        learning_rate, clip_range, entropy_coefficient: as scheduled.
        trains_policy: whether both networks learn; else the critic alone.
    """

    learning_rate: float
    clip_range: float
    entropy_coefficient: float
    trains_policy: bool = True


class Objective(ABC):
    """One form of PPO's loss. Slopes are written out; the tests hold them against autograd of the loss functions."""

    def __init__(self, density: ActionDensity, settings: PPOSettings, coefficients: Coefficients) -> None:
        self.density = density
        self.settings = settings
        self.coefficients = coefficients

    def policy_slopes(self, distribution: Tensor, minibatch: TrainingData, slopes: Tensor, log_ratios: Tensor) -> None:
        """Fills `slopes` [B, D] with those of the loss by a distribution [B, D], and `log_ratios` [B]."""
        log_probs = self.density.evaluate(distribution, minibatch.actions, slopes, minibatch.modifiers)
        torch.sub(log_probs, minibatch.old_log_probs, out=log_ratios)
        if minibatch.is_valid is not None:
            # Padding has a weight of 0, which would not do away with an infinite ratio.
            log_ratios.mul_(minibatch.is_valid)
        slopes.mul_(self._log_prob_slope(log_ratios, minibatch).unsqueeze(1))
        self._add_regularization(distribution, minibatch, slopes)

    @abstractmethod
    def value_slopes(self, values: Tensor, minibatch: TrainingData, slopes: Tensor) -> None:
        """Fills `slopes` [B] with those of the loss by values [B]."""

    @abstractmethod
    def prepared_advantages(self, epoch: TrainingData, minibatch_size: int) -> Tensor:
        """The advantages of one epoch, in its order, as the surrogate uses them; `minibatch_size` in rows."""

    @abstractmethod
    def policy_loss(self, log_ratios: Tensor, data: TrainingData) -> Tensor:
        """The surrogate's loss, for the record."""

    @abstractmethod
    def value_loss(self, values: Tensor, data: TrainingData) -> Tensor:
        """The critic's loss, for the record, without its coefficient."""

    @abstractmethod
    def _log_prob_slope(self, log_ratios: Tensor, minibatch: TrainingData) -> Tensor: ...

    @abstractmethod
    def _add_regularization(self, distribution: Tensor, minibatch: TrainingData, slopes: Tensor) -> None: ...


class ClippedObjective(Objective):
    """Schulman's: clipped surrogate + value coefficient x squared value error - entropy coefficient x entropy."""

    def prepared_advantages(self, epoch: TrainingData, minibatch_size: int) -> Tensor:
        """Normalised over all steps, or per minibatch, all full minibatches in one go."""
        if not self.settings.normalize_advantages:
            return epoch.advantages
        if self.settings.advantage_batch == "update":
            return normalized_advantages(epoch.advantages, epoch.is_valid)
        whole = epoch.step_count // minibatch_size * minibatch_size
        parts = []
        for start, stop, size in ((0, whole, minibatch_size), (whole, epoch.step_count, epoch.step_count - whole)):
            if stop > start:
                is_valid = None if epoch.is_valid is None else epoch.is_valid[start:stop].view(-1, size)
                parts.append(normalized_advantages(epoch.advantages[start:stop].view(-1, size), is_valid).view(-1))
        return torch.cat(parts)

    def policy_loss(self, log_ratios: Tensor, data: TrainingData) -> Tensor:
        """See `clipped_surrogate_loss` and `decoupled_surrogate_loss`."""
        advantages = data.advantages * data.behavior_weights
        return clipped_surrogate_loss(
            log_ratios, torch.zeros_like(log_ratios), advantages, self.coefficients.clip_range
        )

    def value_loss(self, values: Tensor, data: TrainingData) -> Tensor:
        """The mean squared error, of clipped values where the settings clip them."""
        clip_range = self.settings.value_clip_range
        used = values if clip_range is None else clipped_values(values, data.old_values, clip_range)
        return value_loss(used, data.returns)

    def _log_prob_slope(self, log_ratios: Tensor, minibatch: TrainingData) -> Tensor:
        weights = minibatch.behavior_weights if self.settings.decoupled_objective else None
        return clipped_surrogate_slope(log_ratios, minibatch.advantages, self.coefficients.clip_range, weights)

    def value_slopes(self, values: Tensor, minibatch: TrainingData, slopes: Tensor) -> None:
        """2 c (V - R) / B; where clipping binds, 0."""
        weight = 2.0 * self.settings.value_coefficient / values.shape[0]
        torch.sub(values, minibatch.returns, out=slopes).mul_(weight)
        clip_range = self.settings.value_clip_range
        if clip_range is not None:
            slopes.masked_fill_((values - minibatch.old_values).abs_() > clip_range, 0.0)

    def _add_regularization(self, distribution: Tensor, minibatch: TrainingData, slopes: Tensor) -> None:
        coefficient = self.coefficients.entropy_coefficient
        if coefficient > 0.0:
            weight = -coefficient / distribution.shape[0]
            self.density.add_entropy_slopes(distribution, weight, slopes, minibatch.modifiers)


class UnrealObjective(Objective):
    """Unreal Learning Agents': see `unreal_losses`; its weights are `PPOSettings.unreal`."""

    def prepared_advantages(self, epoch: TrainingData, minibatch_size: int) -> Tensor:
        """Over all steps at once."""
        if not self.settings.normalize_advantages:
            return epoch.advantages
        unreal = self.settings.unreal
        return positive_advantages(
            epoch.advantages, unreal.minimum_advantage, unreal.maximum_advantage, epoch.valid_rows()
        )

    def policy_loss(self, log_ratios: Tensor, data: TrainingData) -> Tensor:
        """See `log_surrogate_loss`."""
        return log_surrogate_loss(
            log_ratios,
            torch.zeros_like(log_ratios),
            data.advantages,
            self.coefficients.clip_range,
            data.actions.shape[1],
        )

    def value_loss(self, values: Tensor, data: TrainingData) -> Tensor:
        """See `critic_loss`."""
        return critic_loss(values, data.returns, self.settings.unreal.return_regularization_weight)

    def _log_prob_slope(self, log_ratios: Tensor, minibatch: TrainingData) -> Tensor:
        """-w A / (B A_size) where the clip doesn't bind, else 0."""
        clip_range, advantages = self.coefficients.clip_range, minibatch.advantages
        clipped = log_ratios.clamp(math.log1p(-clip_range), math.log1p(clip_range))
        binds = log_ratios * advantages > clipped * advantages
        weight = self.settings.unreal.action_surrogate_weight / (advantages.shape[0] * minibatch.actions.shape[1])
        return (advantages * -weight).masked_fill_(binds, 0.0)

    def value_slopes(self, values: Tensor, minibatch: TrainingData, slopes: Tensor) -> None:
        """(sign(V - R) + w sign(V)) / B."""
        weight = self.settings.unreal.return_regularization_weight
        torch.sub(values, minibatch.returns, out=slopes).sign_()
        slopes.add_(torch.sign(values), alpha=weight).div_(values.shape[0])

    def _add_regularization(self, distribution: Tensor, minibatch: TrainingData, slopes: Tensor) -> None:
        unreal, size = self.settings.unreal, distribution.shape[0] * self.density.action_size
        signs = torch.sign(self.density.free_distribution(distribution, minibatch.modifiers))
        slopes.add_(signs, alpha=unreal.action_regularization_weight / size)
        if unreal.action_entropy_weight > 0.0:
            weight = -unreal.action_entropy_weight / size
            self.density.add_entropy_slopes(distribution, weight, slopes, minibatch.modifiers)


def make_objective(density: ActionDensity, settings: PPOSettings, coefficients: Coefficients) -> Objective:
    """The objective that the settings name."""
    kind = UnrealObjective if settings.objective == "unreal" else ClippedObjective
    return kind(density, settings, coefficients)
