"""PPO's whole loss, put together from the loss functions alone."""

from __future__ import annotations

import torch

from protocol.action_layout import ActionLayout
from trainer_process.algorithms.ppo.losses import (
    clipped_surrogate_loss,
    clipped_values,
    decoupled_surrogate_loss,
    entropy_loss,
    value_loss,
)
from trainer_process.algorithms.ppo.objective import Coefficients
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.algorithms.ppo.unreal_losses import (
    action_regularization_loss,
    critic_loss,
    log_surrogate_loss,
)
from trainer_process.models import ActionDensity, entropy, log_prob


def reference_loss(
    layout: ActionLayout,
    settings: PPOSettings,
    coefficients: Coefficients,
    distribution: torch.Tensor,
    values: torch.Tensor,
    data: TrainingData,
) -> torch.Tensor:
    """The loss of a minibatch, for autograd; the advantages of `data` are those of the surrogate."""
    density = ActionDensity(layout, torch.device("cpu"))
    terms = density.action_terms(data.actions, data.modifiers)
    log_probs = log_prob(layout, distribution, data.actions, data.modifiers) - terms
    clip_range, size = coefficients.clip_range, layout.vector_size
    if settings.objective == "unreal":
        unreal = settings.unreal
        policy = unreal.action_surrogate_weight * log_surrogate_loss(
            log_probs, data.old_log_probs, data.advantages, clip_range, size
        )
        free = density.free_distribution(distribution, data.modifiers)
        policy = policy + unreal.action_regularization_weight * action_regularization_loss(free, size)
        policy = (
            policy + unreal.action_entropy_weight * entropy_loss(entropy(layout, distribution, data.modifiers)) / size
        )
        return policy + critic_loss(values, data.returns, unreal.return_regularization_weight)
    if settings.decoupled_objective:
        policy = decoupled_surrogate_loss(
            log_probs, data.old_log_probs, data.behavior_weights, data.advantages, clip_range
        )
    else:
        policy = clipped_surrogate_loss(log_probs, data.old_log_probs, data.advantages, clip_range)
    if settings.value_clip_range is not None:
        values = clipped_values(values, data.old_values, settings.value_clip_range)
    bonus = coefficients.entropy_coefficient * entropy_loss(entropy(layout, distribution, data.modifiers))
    return policy + bonus + settings.value_coefficient * value_loss(values, data.returns)
