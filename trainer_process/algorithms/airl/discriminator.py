"""AIRL's discriminator: its logit is the shaped reward less the policy's log-probability."""

from __future__ import annotations

from torch import Tensor

from trainer_process.algorithms.adversarial.discriminator import Discriminator
from trainer_process.algorithms.airl.settings import AIRLSettings
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.ppo.reward_model import PolicyDensity
from trainer_process.data.transitions import Transitions
from trainer_process.models.reward_file import SavedReward
from trainer_process.models.reward_network import RewardDesign


class AIRLDiscriminator(Discriminator):
    """Asks of every row how likely the policy, as it is now, would have done it."""

    def __init__(self, behavior: BehaviorSpec, settings: AIRLSettings) -> None:
        design = RewardDesign(
            observation=behavior.observation,
            action=behavior.action,
            hidden_sizes=settings.reward_hidden_sizes,
            potential_hidden_sizes=settings.potential_hidden_sizes,
            reads_next=settings.reward_reads_next_observation,
            discount_factor=settings.discount_factor,
        )
        super().__init__(behavior.name, design, settings)

    def log_probs_of(self, steps: Transitions, policy: PolicyDensity) -> Tensor | None:
        return policy.log_probs(steps)

    def rewards_of(self, network_rewards: Tensor) -> Tensor:
        return network_rewards

    def saved_reward(self) -> SavedReward:
        return SavedReward("airl", "logit", self.network, self.outputs)
