"""Adam on one flat tensor of weights: two calls a step, and nothing that would keep a CUDA graph from replaying it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from trainer_process.models.network import FlatWeights

BETA1 = 0.9
BETA2 = 0.999


class AdamState(NamedTuple):
    """What a step goes on from.

    Attributes:
        step: float32 scalar, steps taken.
        exp_avg: [n], mean of the gradients.
        exp_avg_sq: [n], mean of their squares.
    """

    step: Tensor
    exp_avg: Tensor
    exp_avg_sq: Tensor


class FlatAdam:
    """Adam with decoupled weight decay (Kingma and Ba 2015, arXiv:1412.6980; Loshchilov and Hutter, arXiv:1711.05101).

    The same numbers as `torch.optim.AdamW(fused=True)`, whose kernel it calls; without weight decay that is Adam to the
    bit. The optimiser's own Python costs as much as the kernel at the sizes of a policy.

    Attributes:
        learning_rate: float32 scalar; to be filled, never replaced.
        state: to be copied into, never replaced.
    """

    def __init__(self, weights: FlatWeights, *, learning_rate: float, epsilon: float, weight_decay: float) -> None:
        """
        Args:
            weights: [n], with their gradient.
            learning_rate: to start with.
            epsilon: added to the denominator.
            weight_decay: per step, times the learning rate.
        """
        self._weights = weights
        self._epsilon = epsilon
        self._weight_decay = weight_decay
        scalar = weights.values.new_zeros(())
        self.learning_rate = scalar + learning_rate
        self.state = AdamState(scalar.clone(), torch.zeros_like(weights.values), torch.zeros_like(weights.values))

    def step(self, part: slice = slice(None)) -> None:
        """Moves the weights along the gradient once; to be called without gradient.

        Args:
            part: the weights to move; the others, and what is known of their gradients, stay to the bit. Since all
                share the count of steps, `reset` before those are to move too.
        """
        self.state.step.add_(1.0)
        torch._fused_adamw_(
            [self._weights.values[part]],
            [self._weights.gradient[part]],
            [self.state.exp_avg[part]],
            [self.state.exp_avg_sq[part]],
            [],
            [self.state.step],
            lr=self.learning_rate,
            beta1=BETA1,
            beta2=BETA2,
            weight_decay=self._weight_decay,
            eps=self._epsilon,
            amsgrad=False,
            maximize=False,
        )

    def reset(self) -> None:
        """Forgets all steps."""
        for part in self.state:
            part.zero_()
