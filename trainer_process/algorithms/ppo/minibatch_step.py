"""One gradient step on buffers that stay the same, so that the loop sets nothing up and a CUDA graph can replay it.

B minibatch, O observation, I bytes of images, D distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from trainer_process.algorithms.minibatch_inputs import MinibatchInputs
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.algorithms.ppo.objective import Objective
from trainer_process.algorithms.ppo.training_data import TrainingData
from trainer_process.models import NetworkGradient, network_gradient, recurrent_gradient
from trainer_process.models.gradient_norm import clip_norm
from trainer_process.models.side_stream import SideStream


class StepOutputs(NamedTuple):
    """What the networks said about a minibatch: [B, D], [B] and, of the actions that were taken, log-ratios [B]."""

    distribution: Tensor
    values: Tensor
    log_ratios: Tensor


class MinibatchStep:
    """The step of one minibatch size: `read`, `evaluate`, `move`; all to be called without gradient.

    Attributes:
        inputs: the minibatch; to be filled by `read`.
        outputs: what `evaluate` fills.
    """

    def __init__(
        self,
        networks: ActorCritic,
        example: TrainingData,
        size: int,
        max_grad_norm: float | None,
        gradient_of: Callable[..., NetworkGradient] = network_gradient,
    ) -> None:
        """
        Args:
            networks: to be moved.
            example: of any number of rows, for its widths.
            size: B.
            max_grad_norm: of both networks' gradient together; None does not clip.
            gradient_of: (network, *inputs [B, size]) -> what computes it, for all but policies with memory.
        """
        self._networks = networks
        self._max_grad_norm = max_grad_norm
        self._read = MinibatchInputs(example, size)
        self.inputs = self._read.rows
        read = networks.inputs_of(self.inputs.observations, self._read.pixels, self.inputs.memory)
        if example.memory is None:
            self._policy = gradient_of(networks.policy, *read)
        else:
            self._policy = recurrent_gradient(networks.policy, example.window_size, *read)
        self._critic = gradient_of(networks.critic, *read)
        self.outputs = StepOutputs(
            self._policy.outputs, self._critic.outputs.squeeze(1), torch.zeros_like(self.inputs.returns)
        )
        self._value_slopes = self._critic.slopes.squeeze(1)
        self._side = SideStream(networks.weights.values.device)

    def read(self, minibatch: TrainingData) -> None:
        """Copies a minibatch of B steps in."""
        self._read.read(minibatch)

    def log_probs(self, objective: Objective) -> Tensor:
        """[B] log-probabilities of the actions that were read, without their own terms; as `evaluate` computes them."""
        self._policy.forward()
        read = self.inputs
        return objective.density.evaluate(self._policy.outputs, read.actions, self._policy.slopes, read.modifiers)

    def evaluate(self, objective: Objective) -> None:
        """Computes `outputs` and the slopes of the loss by them; padding has none, and the others weigh the more."""
        is_valid = self.inputs.is_valid
        weights = None if is_valid is None else is_valid / is_valid.mean()

        def critic() -> None:
            self._critic.forward()
            objective.value_slopes(self.outputs.values, self.inputs, self._value_slopes)
            if weights is not None:
                self._value_slopes.mul_(weights)

        self._side.run([critic])
        self._policy.forward()
        objective.policy_slopes(self._policy.outputs, self.inputs, self._policy.slopes, self.outputs.log_ratios)
        if weights is not None:
            self._policy.slopes.mul_(weights.unsqueeze(1))
        self._side.join()

    def move(self, *, trains_policy: bool = True) -> None:
        """Follows the slopes back through both networks, and moves all weights one step.

        Args:
            trains_policy: else only the critic's weights move.
        """
        self._side.run([self._critic.backward])
        if trains_policy:
            self._policy.backward()
        self._side.join()
        part = slice(None) if trains_policy else self._networks.critic_part
        if self._max_grad_norm is not None:
            clip_norm(self._networks.weights.gradient[part], self._max_grad_norm)
        self._networks.optimizer.step(part)

    def evaluate_and_move(self, objective: Objective) -> None:
        """Both."""
        self.evaluate(objective)
        self.move(trains_policy=objective.coefficients.trains_policy)
