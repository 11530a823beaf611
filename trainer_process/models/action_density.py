"""Log-probabilities of actions with their gradient written out, so that autograd need not trace them.

Autograd would add some sixty small operations to each minibatch, more time than the two networks of a small policy.
B minibatch, S steps, A action, M action modifiers (0 or D), D distribution, C continuous numbers.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from protocol.action_layout import ActionLayout
from trainer_process.models.constrained_actions import (
    LOG_TWO_PI,
    fixed_part,
    is_constrained,
    places_of,
    with_masks,
)
from trainer_process.models.distribution import entropy

_HALF_LOG_TWO_PI = 0.5 * LOG_TWO_PI
_LOG_TWO = math.log(2.0)


class ActionDensity:
    """The distribution that an action layout describes: Gaussians, choices and independent bits.

    What modifiers fix, and options of unions that were not chosen, add nothing and have slopes of 0.
    """

    def __init__(self, layout: ActionLayout, device: torch.device) -> None:
        self._layout = layout
        self._continuous = layout.continuous_size
        self.action_size = layout.vector_size
        self._squashed = torch.from_numpy(layout.squashed.copy()).to(device)
        self._has_squash = bool(layout.squashed.any())
        self._minus_one = torch.tensor(-1.0, device=device)
        self._choices: list[tuple[slice, slice]] = []
        action_offset, logit_offset = layout.continuous_size, 2 * layout.continuous_size
        for size in layout.exclusive_sizes:
            self._choices.append((slice(action_offset, action_offset + size), slice(logit_offset, logit_offset + size)))
            action_offset, logit_offset = action_offset + size, logit_offset + size
        self._bits = layout.inclusive_size
        self._action_bits = slice(action_offset, action_offset + layout.inclusive_size)
        self._logit_bits = slice(logit_offset, logit_offset + layout.inclusive_size)
        if layout.is_gated:
            places_of(layout, device)

    def action_terms(self, actions: Tensor, modifiers: Tensor | None = None) -> Tensor:
        """[S] what `evaluate` leaves out: log-probability = evaluate(...) + action_terms(actions).

        -C/2 log(2 pi), and -sum(log(1 - tanh(u)^2)) over squashed numbers u, in the form 2 (log 2 - u - softplus(-2u))
        that stays exact where tanh(u) rounds to 1 (Haarnoja et al. 2018, arXiv:1812.05905, appendix C).
        """
        if is_constrained(self._layout, modifiers):
            fixed = fixed_part(self._layout, actions, modifiers)
            return self._action_terms(fixed.certain_actions(actions)).add_(fixed.constants)
        return self._action_terms(actions)

    def _action_terms(self, actions: Tensor) -> Tensor:
        terms = actions.new_full((actions.shape[0],), -self._continuous * _HALF_LOG_TWO_PI)
        if self._has_squash:
            numbers = actions[:, : self._continuous][:, self._squashed]
            terms -= (2.0 * (_LOG_TWO - numbers - softplus(-2.0 * numbers))).sum(-1)
        return terms

    def evaluate(
        self, distribution: Tensor, actions: Tensor, slopes: Tensor, modifiers: Tensor | None = None
    ) -> Tensor:
        """[B] log-probabilities of actions [B, A] under distributions [B, D], without what depends on actions alone.

        Fills `slopes` [B, D] with the slope of each by its row of the distribution.

        Gaussian, z = (u - mean) / sigma:  log p = sum(-z^2 / 2 - log sigma);  by mean z / sigma, by log sigma z^2 - 1
        choice a, p = softmax(logits):     log p = log p[a];                   by logits onehot(a) - p
        bit b, p = sigmoid(logit):         log p = b logit - softplus(logit);  by logit b - p
        """
        if not is_constrained(self._layout, modifiers):
            return self._evaluate(distribution, actions, slopes)
        fixed = fixed_part(self._layout, actions, modifiers)
        certain = fixed.certain_distribution(distribution)
        log_probs = self._evaluate(certain, fixed.certain_actions(actions), slopes)
        slopes.masked_fill_(fixed.of_distribution(), 0.0)
        return log_probs

    def _evaluate(self, distribution: Tensor, actions: Tensor, slopes: Tensor) -> Tensor:
        parts: list[Tensor] = []
        if self._continuous:
            parts.append(self._gaussian(distribution, actions, slopes))
        for chosen, logits in self._choices:
            log_p = torch.log_softmax(distribution[:, logits], -1)
            parts.append((log_p * actions[:, chosen]).sum(-1))
            torch.sub(actions[:, chosen], log_p.exp_(), out=slopes[:, logits])
        if self._bits:
            logit, bits = distribution[:, self._logit_bits], actions[:, self._action_bits]
            parts.append((bits * logit - softplus(logit)).sum(-1))
            torch.sub(bits, torch.sigmoid(logit), out=slopes[:, self._logit_bits])
        log_probs = parts[0]
        for part in parts[1:]:
            log_probs = log_probs + part
        return log_probs

    def _gaussian(self, distribution: Tensor, actions: Tensor, slopes: Tensor) -> Tensor:
        size = self._continuous
        means, log_deviations = torch.split(distribution[:, : 2 * size], size, 1)
        by_mean, by_log_deviation = torch.split(slopes[:, : 2 * size], size, 1)
        negated = torch.neg(log_deviations)
        inverse = torch.exp(negated)
        scores = torch.sub(actions[:, :size], means).mul_(inverse)
        torch.mul(scores, inverse, out=by_mean)
        torch.addcmul(self._minus_one, scores, scores, out=by_log_deviation)
        return negated.addcmul_(scores, scores, value=-0.5).sum(-1)

    def free_distribution(self, distribution: Tensor, modifiers: Tensor | None = None) -> Tensor:
        """[B, D] with 0 in place of what modifiers fix: given numbers, masked options and bits."""
        if modifiers is None or not modifiers.shape[1]:
            return distribution
        size = self._continuous
        is_fixed = torch.cat((modifiers[:, size : 2 * size], modifiers[:, size:]), 1) > 0.5
        return distribution.masked_fill(is_fixed, 0.0)

    def entropy(self, distribution: Tensor, modifiers: Tensor | None = None) -> Tensor:
        """[B] entropies of distributions [B, D], in nats."""
        return entropy(self._layout, distribution, modifiers)

    def add_entropy_slopes(
        self, distribution: Tensor, weight: float, slopes: Tensor, modifiers: Tensor | None = None
    ) -> None:
        """Adds `weight` times the slope of each row's entropy by its distribution to `slopes` [B, D], in place.

        Gaussian: by log sigma 1.  Choice: by logits -p (log p + H).  Bit: by logit -logit p (1 - p).  Below unions,
        where the entropy of one thing depends on the chance of another, they are autograd's.
        """
        if self._layout.is_gated:
            with torch.enable_grad():
                traced = distribution.detach().requires_grad_()
                (by_distribution,) = torch.autograd.grad(self.entropy(traced, modifiers).sum(), traced)
            slopes.add_(by_distribution, alpha=weight)
            return
        size = self._continuous
        if modifiers is None or not modifiers.shape[1]:
            slopes[:, size : 2 * size] += weight
        else:
            slopes[:, size : 2 * size] += weight * (modifiers[:, size : 2 * size] <= 0.5)
            distribution = with_masks(self._layout, distribution, modifiers)
        for _, logits in self._choices:
            log_p = torch.log_softmax(distribution[:, logits], -1)
            p = log_p.exp()
            of_choice = -(p * log_p).sum(-1, keepdim=True)
            slopes[:, logits] -= weight * p * (log_p + of_choice)
        if self._bits:
            logit = distribution[:, self._logit_bits]
            p = torch.sigmoid(logit)
            slopes[:, self._logit_bits] -= weight * logit * p * (1.0 - p)
