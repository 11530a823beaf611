"""The seam through which PPO gets its rewards from something other than the game. S steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from protocol.experience import FloatArray
from trainer_process.algorithms.base import ReportProgress
from trainer_process.algorithms.ppo.actor_critic import ActorCritic
from trainer_process.data.rollout import Rollout
from trainer_process.data.transitions import Transitions
from trainer_process.models import ActionDensity

_ROWS = 2048
"""Rows of one forward pass without gradients: they stay in the cache."""


class PolicyDensity:
    """How probable actions are under the policy as it is now; an update moves it only once its rewards are known."""

    def __init__(self, networks: ActorCritic, density: ActionDensity) -> None:
        self._networks = networks
        self._density = density

    def log_probs(self, steps: Transitions) -> Tensor:
        """[S] log π(a|s), on the policy's device. For policies without memory."""
        policy = self._networks.policy
        device = policy.flat.device
        parts: list[Tensor] = []
        with torch.no_grad():
            for start in range(0, steps.count, _ROWS):
                rows = slice(start, start + _ROWS)
                observations = policy.normalize(torch.from_numpy(steps.observations[rows]).to(device))
                images = torch.from_numpy(steps.images[rows]).to(device, torch.float32)
                actions = torch.from_numpy(steps.actions[rows]).to(device)
                modifiers = torch.from_numpy(steps.action_modifiers[rows]).to(device)
                distribution = self._networks.distribution_of(*self._networks.inputs_of(observations, images))
                unused_slopes = torch.empty_like(distribution)
                evaluated = self._density.evaluate(distribution, actions, unused_slopes, modifiers)
                parts.append(evaluated + self._density.action_terms(actions, modifiers))
        return torch.cat(parts)


@dataclass(frozen=True)
class LearnedRewards:
    """What takes the place of a rollout's rewards.

    Attributes:
        rewards: float32[S], finite.
        metrics: what else is to be told about them.
    """

    rewards: FloatArray
    metrics: Mapping[str, float] = field(default_factory=dict)


class RewardModel(ABC):
    """What PPO asks for the rewards of each rollout that it learns from, before it scales them.

    The game's own rewards stay in the statistics of episodes.
    """

    @abstractmethod
    def rewards(self, rollout: Rollout, policy: PolicyDensity, report_progress: ReportProgress) -> LearnedRewards:
        """Rewards of a rollout.

        Args:
            rollout: its steps, with the log-probabilities of the policy that chose them.
            policy: as it is before the update.
            report_progress: to be called now and then by what takes long.

        Raises:
            DivergedError: the model left the finite numbers.
        """
