"""The epochs of minibatch gradient steps of one update."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from trainer_process.algorithms.base import ReportProgress
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.losses import approximate_kl, clip_fraction
from trainer_process.algorithms.ppo.objective import Objective
from trainer_process.algorithms.ppo.settings import PPOSettings
from trainer_process.algorithms.ppo.target import with_proximal_policy
from trainer_process.algorithms.ppo.training_data import TrainingData

_KL_MARGIN = 1.5
"""As in OpenAI's Spinning Up and Stable-Baselines3."""


class EpochRecord:
    """What one epoch's minibatches gave, kept as tensors: reading a number in the loop costs as much as a layer."""

    NAMES = ("policy_loss", "value_loss", "entropy", "approximate_kl", "clip_fraction")

    def __init__(self) -> None:
        self._distributions: list[Tensor] = []
        self._values: list[Tensor] = []
        self._log_ratios: list[Tensor] = []

    def add(self, distribution: Tensor, values: Tensor, log_ratios: Tensor) -> None:
        """Keeps a minibatch's outputs; they are not copied."""
        self._distributions.append(distribution.detach())
        self._values.append(values.detach())
        self._log_ratios.append(log_ratios)

    def summary(self, objective: Objective, data: TrainingData) -> Tensor:
        """[5] the numbers of `NAMES`, over the minibatches that were added; `data` is the epoch's, in its order."""
        log_ratios = torch.cat(self._log_ratios)
        seen = next(data.minibatches(len(log_ratios)))
        return torch.stack(
            [
                objective.policy_loss(log_ratios, seen),
                objective.value_loss(torch.cat(self._values), seen),
                objective.density.entropy(torch.cat(self._distributions)).mean(),
                approximate_kl(log_ratios),
                clip_fraction(log_ratios, objective.coefficients.clip_range),
            ]
        )


def take_gradient_steps(
    data: TrainingData,
    networks: ActorCritic,
    objective: Objective,
    settings: PPOSettings,
    generator: np.random.Generator,
    report_progress: ReportProgress,
) -> dict[str, float]:
    """Learns from `data` for all epochs, or until the approximate KL exceeds its target; returns metrics.

    The approximate KL is that of the last epoch; other metrics are means over epochs, before each step.
    """
    for group in networks.optimizer.param_groups:
        group["lr"] = objective.coefficients.learning_rate
    order = _drawn_order(data, generator)
    epoch_data = data.taken(order)
    if settings.synchronous or settings.decoupled_objective:
        epoch_data = with_proximal_policy(epoch_data, networks, objective.density, settings)
        data = epoch_data.taken(torch.argsort(order))
    summaries: list[Tensor] = []
    goes_on = True
    while goes_on and len(summaries) < settings.epochs:
        if summaries:
            epoch_data = data.taken(_drawn_order(data, generator))
        advantages = objective.prepared_advantages(epoch_data.advantages, settings.minibatch_size)
        epoch_data = replace(epoch_data, advantages=advantages)
        record = EpochRecord()
        goes_on = _run_epoch(epoch_data, networks, objective, settings, record, report_progress)
        with torch.no_grad():
            summaries.append(record.summary(objective, epoch_data))
    means = torch.stack(summaries).mean(0)
    means[EpochRecord.NAMES.index("approximate_kl")] = summaries[-1][EpochRecord.NAMES.index("approximate_kl")]
    return {**dict(zip(EpochRecord.NAMES, means.tolist(), strict=True)), "epochs": float(len(summaries))}


def _run_epoch(
    data: TrainingData,
    networks: ActorCritic,
    objective: Objective,
    settings: PPOSettings,
    record: EpochRecord,
    report_progress: ReportProgress,
) -> bool:
    """One pass over the data; returns whether further epochs should follow."""
    for minibatch in data.minibatches(settings.minibatch_size):
        report_progress()
        distribution = networks.distribution_of(minibatch.observations)
        values = networks.values_of(minibatch.observations)
        with torch.no_grad():
            slopes = objective.slopes(distribution, values, minibatch)
            record.add(distribution, values, slopes.log_ratios)
        if settings.target_kl is not None and approximate_kl(slopes.log_ratios) > _KL_MARGIN * settings.target_kl:
            return False
        networks.policy.zero_grad()
        networks.critic.zero_grad()
        torch.autograd.backward([distribution, values], [slopes.distribution, slopes.values])
        if settings.max_grad_norm is not None:
            clip_joint_norm([networks.policy.flat_grad, networks.critic.flat_grad], settings.max_grad_norm)
        networks.optimizer.step()
    return True


def clip_joint_norm(gradients: list[Tensor], maximum: float) -> None:
    """Scales gradients in place so that the norm of all together is at most `maximum`, as torch's clip_grad_norm_."""
    with torch.no_grad():
        squares = torch.stack([torch.dot(gradient, gradient) for gradient in gradients])
        torch._foreach_mul_(gradients, (maximum / (squares.sum().sqrt() + 1e-6)).clamp(max=1.0))


def _drawn_order(data: TrainingData, generator: np.random.Generator) -> Tensor:
    return torch.from_numpy(generator.permutation(data.step_count)).to(data.returns.device)
