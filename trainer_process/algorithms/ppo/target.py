"""From a rollout to what the gradient steps read. S steps, K segments."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from protocol.experience import FloatArray
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.closed_form import ActionDensity
from trainer_process.algorithms.ppo.losses import behavior_weights
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.step_replay import StepReplay
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.data.returns import generalized_advantages
from trainer_process.data.rollout import BoolArray, Rollout

_EVALUATION_ROWS = 2048
"""Rows of one forward pass without gradients: they stay in the cache."""


def build_training_data(
    rollout: Rollout,
    rewards: FloatArray,
    is_trainable: BoolArray,
    networks: ActorCritic,
    density: ActionDensity,
    settings: PPOSettings,
) -> TrainingData:
    """Advantages and returns of a rollout, with what they are learnt with; only trainable steps remain.

    A trajectory that runs into steps that are not trainable is cut there: it is bootstrapped from what the agent saw
    next, and nothing of what followed flows back.

    Args:
        rollout: the steps.
        rewards: float32[S], scaled where the settings say so.
        is_trainable: bool[S].
        networks: evaluated as they are before the update.
        density: of the behavior's actions.
        settings: discount factor and lambda.
    """
    device = networks.policy.flat.device
    observations = networks.policy.normalize(torch.from_numpy(rollout.observations).to(device))
    final_observations = networks.policy.normalize(torch.from_numpy(rollout.final_observations).to(device))
    values, final_values = _values(networks, observations), _values(networks, final_observations)
    continues = rollout.followed_by_next() & np.append(is_trainable[1:], False)
    estimate = generalized_advantages(
        rewards,
        values,
        rollout.next_values(values, final_values),
        continues.astype(np.float32),
        discount_factor=settings.discount_factor,
        gae_lambda=settings.gae_lambda,
    )
    actions = torch.from_numpy(rollout.actions).to(device)
    data = TrainingData(
        observations=observations,
        actions=actions,
        old_log_probs=torch.from_numpy(rollout.log_probs).to(device) - density.action_terms(actions),
        advantages=torch.from_numpy(estimate.advantages).to(device),
        returns=torch.from_numpy(estimate.returns).to(device),
        old_values=torch.from_numpy(values).to(device),
        behavior_weights=torch.ones(rollout.step_count, device=device),
    )
    if is_trainable.all():
        return data
    return data.taken(torch.from_numpy(np.flatnonzero(is_trainable)).to(device))


def with_proximal_policy(data: TrainingData, steps: StepReplay, settings: PPOSettings) -> TrainingData:
    """The same rows with the log-probabilities of the policy as it is now for the ratio to be taken against.

    They are computed minibatch by minibatch on the rows that the first epoch will read, so that its first ratios are 1
    to the last bit. With the decoupled objective the weights of the behaviour come from what was there before.
    """
    proximal = torch.cat([steps.log_probs(minibatch) for minibatch in data.minibatches(settings.minibatch_size)])
    if not settings.decoupled_objective:
        return replace(data, old_log_probs=proximal)
    weights = behavior_weights(proximal, data.old_log_probs, settings.max_behavior_weight)
    return replace(data, old_log_probs=proximal, behavior_weights=weights)


def _values(networks: ActorCritic, observations: Tensor) -> FloatArray:
    with torch.no_grad():
        parts = [networks.values_of(rows) for rows in torch.split(observations, _EVALUATION_ROWS)]
    values: FloatArray = torch.cat(parts).cpu().numpy()
    return values
