"""One gradient step of a discriminator, on buffers that stay the same. B rows, the first half of them the expert's."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from trainer_process.algorithms.adversarial.losses import (
    airl_logits,
    discriminator_entropy,
    discriminator_loss,
    smoothed_targets,
)
from trainer_process.models import FlatAdam, network_gradient
from trainer_process.models.reward_input import RewardInputs
from trainer_process.models.reward_network import RewardNetwork
from trainer_process.models.reward_shaping import shaped_reward


class StepFigures(NamedTuple):
    """What a discriminator made of a minibatch, before it was moved.

    Attributes:
        loss: of all rows.
        accuracy_expert: the share of the expert's rows that it took for the expert's.
        accuracy_generator: the share of the policy's rows that it took for the policy's.
        estimate_expert: mean chance that it gave the expert's rows of being the expert's.
        estimate_generator: mean chance that it gave the policy's rows of being the expert's.
        entropy: mean, in nats.
    """

    loss: float
    accuracy_expert: float
    accuracy_generator: float
    estimate_expert: float
    estimate_generator: float
    entropy: float


class DiscriminatorStep:
    """The step of one minibatch size; everything is to be called without gradient."""

    def __init__(
        self,
        network: RewardNetwork,
        optimizer: FlatAdam,
        example: RewardInputs,
        size: int,
        *,
        label_smoothing: float,
        entropy_coefficient: float,
    ) -> None:
        """
        Args:
            network: to be moved.
            optimizer: of its weights.
            example: of any number of rows, for its widths.
            size: B / 2, rows of the expert, and as many of the policy.
            label_smoothing: how far targets are from 0 and 1.
            entropy_coefficient: of the entropy bonus.
        """
        rows = 2 * size
        self._network, self._optimizer, self._size = network, optimizer, size
        self._entropy_coefficient = entropy_coefficient
        self._read = RewardInputs(*(column.new_zeros(rows, *column.shape[1:]) for column in example.columns))
        self._base = network_gradient(network.base, *network.base_inputs(self._read))
        self._potentials = []
        self._both_states: tuple[Tensor, ...] = ()
        self._states = network.potential
        is_expert = torch.zeros(rows, device=network.device)
        is_expert[:size] = 1.0
        self._targets = smoothed_targets(is_expert, label_smoothing)
        if network.potential is not None:
            one = network.potential_inputs(self._read, of_next=False)
            self._both_states = tuple(part.new_zeros(2 * rows, part.shape[1]) for part in one)
            self._potentials = [network_gradient(network.potential, *self._both_states)]

    def run(self, expert: RewardInputs, policy: RewardInputs, log_probs: Tensor | None) -> StepFigures:
        """Moves the network once.

        Args:
            expert: B / 2 rows.
            policy: as many.
            log_probs: [B], of the expert's actions and then of the policy's, under the policy as it is now; None where
                the reward is the logit itself.
        """
        for buffer, first, second in zip(self._read.columns, expert.columns, policy.columns, strict=True):
            buffer[: self._size].copy_(first)
            buffer[self._size :].copy_(second)
        logits = self._logits()
        if log_probs is not None:
            logits = airl_logits(logits, log_probs)
        loss, slopes = discriminator_loss(logits, self._targets, self._entropy_coefficient)
        self._move(slopes)
        is_taken_for_expert = logits > 0.0
        chances = torch.sigmoid(logits)
        return StepFigures(
            loss=float(loss),
            accuracy_expert=float(is_taken_for_expert[: self._size].float().mean()),
            accuracy_generator=1.0 - float(is_taken_for_expert[self._size :].float().mean()),
            estimate_expert=float(chances[: self._size].mean()),
            estimate_generator=float(chances[self._size :].mean()),
            entropy=float(discriminator_entropy(logits)),
        )

    def _logits(self) -> Tensor:
        """[B] the rewards of what was read, shaped where there is a potential."""
        self._base.forward()
        rewards = self._base.outputs.squeeze(1)
        if not self._potentials:
            return rewards.clone()
        network, (potential,) = self._network, self._potentials
        now = network.potential_inputs(self._read, of_next=False)
        following = network.potential_inputs(self._read, of_next=True)
        for buffer, *parts in zip(self._both_states, now, following, strict=True):
            torch.cat(parts, out=buffer)
        potential.forward()
        first, second = potential.outputs.squeeze(1).chunk(2)
        return shaped_reward(rewards, first, second, self._read.continues, network.design.discount_factor)

    def _move(self, slopes: Tensor) -> None:
        """Follows the slopes [B] of the loss by the logits back, by f = g + gamma h(s') - h(s)."""
        self._base.slopes.copy_(slopes.unsqueeze(1))
        self._base.backward()
        for potential in self._potentials:
            following = self._network.design.discount_factor * self._read.continues * slopes
            potential.slopes.copy_(torch.cat((-slopes, following)).unsqueeze(1))
            potential.backward()
        self._optimizer.step()
