"""From a rollout to what the gradient steps read. S steps, K segments."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from protocol.experience import ByteArray, FloatArray
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.losses import behavior_weights
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.step_replay import StepReplay
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.data.returns import generalized_advantages
from trainer_process.data.rollout import BoolArray, Rollout
from trainer_process.data.trajectory_window import cut_windows
from trainer_process.models import ActionDensity

_EVALUATION_ROWS = 2048
"""Rows of one forward pass without gradients: they stay in the cache."""
_EVALUATION_FLOATS = 4_000_000
"""Numbers that one may write down, so that those of images don't fill the memory."""


def build_training_data(
    rollout: Rollout,
    rewards: FloatArray,
    is_trainable: BoolArray,
    networks: ActorCritic,
    density: ActionDensity,
    settings: PPOSettings,
    *,
    is_newest: BoolArray | None = None,
) -> TrainingData:
    """Advantages and returns of a rollout, with what they are learnt with; only trainable steps remain.

    A trajectory that runs into steps that are not trainable is cut there: it is bootstrapped from what the agent saw
    next, and nothing of what followed flows back. For a policy with memory the steps lie in windows, see
    `TrainingData`.

    Args:
        rollout: the steps.
        rewards: float32[S], scaled where the settings say so.
        is_trainable: bool[S].
        networks: evaluated as they are before the update.
        density: of the behavior's actions.
        settings: discount factor and lambda, and how long windows are.
        is_newest: bool[S], which steps the networks as they are chose; None for all.
    """
    seen = _Seen.of(networks, rollout.observations, rollout.images, rollout.memory)
    values = seen.values(networks)
    final = _Seen.of(networks, rollout.final_observations, rollout.final_images, rollout.final_memory)
    final_values = final.values(networks)
    continues = rollout.followed_by_next() & np.append(is_trainable[1:], False)
    looks_on = continues & ~rollout.ends_stretch(settings.time_horizon) if settings.time_horizon else continues
    estimate = generalized_advantages(
        rewards,
        values,
        rollout.next_values(values, final_values),
        looks_on.astype(np.float32),
        discount_factor=settings.discount_factor,
        gae_lambda=settings.gae_lambda,
    )
    device = seen.observations.device
    actions, modifiers = torch.from_numpy(rollout.actions).to(device), _unless_empty(rollout.action_modifiers, device)
    data = TrainingData(
        observations=seen.observations,
        actions=actions,
        old_log_probs=torch.from_numpy(rollout.log_probs).to(device) - density.action_terms(actions, modifiers),
        advantages=torch.from_numpy(estimate.advantages).to(device),
        returns=torch.from_numpy(estimate.returns).to(device),
        old_values=torch.from_numpy(values).to(device),
        behavior_weights=torch.ones(rollout.step_count, device=device),
        memory=seen.memory,
        modifiers=modifiers,
        is_newest=None if is_newest is None or is_newest.all() else torch.from_numpy(is_newest).to(device),
        image_rows=None if seen.images is None else torch.arange(rollout.step_count, device=device),
        images=seen.images,
    )
    if data.memory is not None:
        return _in_windows(data, continues, is_trainable, settings.memory_window)
    if is_trainable.all():
        return data
    return data.taken(torch.from_numpy(np.flatnonzero(is_trainable)).to(device))


def _in_windows(data: TrainingData, continues: BoolArray, is_trainable: BoolArray, window_size: int) -> TrainingData:
    """The trainable steps, window after window."""
    trainable, device = np.flatnonzero(is_trainable), data.returns.device
    windows = cut_windows(continues[trainable], window_size)
    taken = data.taken(torch.from_numpy(trainable[windows.steps].reshape(-1)).to(device))
    is_valid = torch.from_numpy(windows.is_valid.reshape(-1)).to(device, torch.float32)
    return replace(taken, is_valid=is_valid, window_size=window_size)


def with_proximal_policy(data: TrainingData, steps: StepReplay, settings: PPOSettings) -> TrainingData:
    """The same rows with the log-probabilities of the policy as it is now for the ratio to be taken against.

    They are computed minibatch by minibatch on the rows that the first epoch will read, so that its first ratios are 1
    to the last bit. With the decoupled objective the weights of the behaviour come from what was there before.

    Without it, steps that another policy chose keep what that one said: hosts that wait for weights send none, but for
    those of a time that a resumed training took back, and a ratio that starts at 1 would take them for this policy's.
    """
    minibatches = data.minibatches(data.minibatch_rows(settings.minibatch_size))
    proximal = torch.cat([steps.log_probs(minibatch) for minibatch in minibatches])
    if not settings.decoupled_objective:
        if data.is_newest is not None:
            proximal = torch.where(data.is_newest, proximal, data.old_log_probs)
        return replace(data, old_log_probs=proximal)
    weights = behavior_weights(proximal, data.old_log_probs, settings.max_behavior_weight)
    return replace(data, old_log_probs=proximal, behavior_weights=weights)


@dataclass(frozen=True)
class _Seen:
    """What the networks read of B steps; what there is nothing of is None.

    Attributes:
        observations: [B, O], normalised.
        images: uint8[B, I].
        memory: [B, H].
    """

    observations: Tensor
    images: Tensor | None
    memory: Tensor | None

    @classmethod
    def of(cls, networks: ActorCritic, observations: FloatArray, images: ByteArray, memory: FloatArray) -> _Seen:
        """On the networks' device."""
        device = networks.policy.flat.device
        normalized = networks.policy.normalize(torch.from_numpy(observations).to(device))
        return cls(normalized, _unless_empty(images, device), _unless_empty(memory, device))

    def values(self, networks: ActorCritic) -> FloatArray:
        """float32[B], a part of the rows at a time."""
        size = max(1, min(_EVALUATION_ROWS, _EVALUATION_FLOATS // networks.floats_per_row))
        parts: list[Tensor] = []
        with torch.no_grad():
            for start in range(0, self.observations.shape[0], size):
                rows = slice(start, start + size)
                images = None if self.images is None else self.images[rows].float()
                memory = None if self.memory is None else self.memory[rows]
                parts.append(networks.values_of(*networks.inputs_of(self.observations[rows], images, memory)))
        values: FloatArray = torch.cat(parts).cpu().numpy()
        return values


def _unless_empty(rows: npt.NDArray[np.generic], device: torch.device) -> Tensor | None:
    """Rows as a tensor; None where they hold nothing."""
    return torch.from_numpy(rows).to(device) if rows.shape[1] else None
