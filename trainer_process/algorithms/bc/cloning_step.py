"""One gradient step of cloning on buffers that stay the same. B minibatch, D distribution."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from trainer_process.algorithms.bc.cloned_policy import ClonedPolicy
from trainer_process.algorithms.bc.settings import CloningSettings
from trainer_process.algorithms.minibatch_inputs import MinibatchInputs
from trainer_process.data.step_rows import StepRows
from trainer_process.models import ActionDensity, NetworkGradient, clip_norm, network_gradient, recurrent_gradient


class CloningStep:
    """The step of one minibatch size: `read`, then `evaluate_and_move`; both to be called without gradient."""

    def __init__(
        self,
        policy: ClonedPolicy,
        density: ActionDensity,
        example: StepRows,
        size: int,
        settings: CloningSettings,
        gradient_of: Callable[..., NetworkGradient] = network_gradient,
    ) -> None:
        """
        Args:
            policy: to be moved.
            density: of its actions.
            example: of any number of rows, for its widths.
            size: B.
            settings: coefficients of the loss, and the largest gradient norm.
            gradient_of: (network, *inputs [B, size]) -> what computes it, for all but policies with memory.
        """
        self._policy = policy
        self._density = density
        self._settings = settings
        self._inputs = MinibatchInputs(example, size)
        self.read = self._inputs.read
        rows = self._inputs.rows
        read = policy.inputs_of(rows.observations, self._inputs.pixels, rows.memory)
        if example.memory is None:
            self._network = gradient_of(policy.network, *read)
        else:
            self._network = recurrent_gradient(policy.network, example.window_size, *read)
        self._size = size

    @property
    def distribution(self) -> Tensor:
        """[B, D] what the policy said before it was moved; filled by `evaluate`."""
        return self._network.outputs

    def evaluate(self) -> None:
        """Computes `distribution`, and the slopes of `cloning_loss` by it."""
        network, rows, settings = self._network, self._inputs.rows, self._settings
        network.forward()
        distribution, slopes = network.outputs, network.slopes
        self._density.evaluate(distribution, rows.actions, slopes, rows.modifiers)
        if settings.entropy_coefficient > 0.0:
            self._density.add_entropy_slopes(distribution, settings.entropy_coefficient, slopes, rows.modifiers)
        if settings.action_regularization_weight > 0.0:
            signs = torch.sign(self._density.free_distribution(distribution, rows.modifiers))
            slopes.sub_(signs, alpha=settings.action_regularization_weight / self._density.action_size)
        if rows.is_valid is None:
            slopes.mul_(-1.0 / self._size)
        else:
            slopes.mul_((rows.is_valid / rows.is_valid.sum().neg_()).unsqueeze(1))

    def move(self) -> None:
        """Follows the slopes back through the network, and moves its weights one step."""
        self._network.backward()
        settings, weights = self._settings, self._policy.weights
        if settings.l2_coefficient > 0.0:
            weights.gradient.add_(weights.values, alpha=settings.l2_coefficient)
        if settings.max_grad_norm is not None:
            clip_norm(weights.gradient, settings.max_grad_norm)
        self._policy.optimizer.step()
        self._policy.keep_within_clamps()

    def evaluate_and_move(self) -> None:
        """Both."""
        self.evaluate()
        self.move()
