"""GAIL's discriminator: the network's output is its logit."""

from __future__ import annotations

from torch import Tensor

from trainer_process.algorithms.adversarial.discriminator import Discriminator
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.gail.settings import GAILSettings
from trainer_process.algorithms.ppo.reward_model import PolicyDensity
from trainer_process.data.transitions import Transitions
from trainer_process.models.reward_file import SavedReward
from trainer_process.models.reward_form import gail_rewards
from trainer_process.models.reward_network import RewardDesign


class GAILDiscriminator(Discriminator):
    """Knows nothing of the policy but what it did."""

    def __init__(self, behavior: BehaviorSpec, settings: GAILSettings) -> None:
        design = RewardDesign(
            observation=behavior.observation,
            action=behavior.action,
            hidden_sizes=settings.reward_hidden_sizes,
            reads_next=settings.reward_reads_next_observation,
            discount_factor=settings.discount_factor,
        )
        super().__init__(behavior.name, design, settings)
        self._form = settings.reward_form

    def log_probs_of(self, steps: Transitions, policy: PolicyDensity) -> Tensor | None:
        return None

    def rewards_of(self, network_rewards: Tensor) -> Tensor:
        return gail_rewards(network_rewards, self._form)

    def saved_reward(self) -> SavedReward:
        return SavedReward("gail", self._form, self.network, self.outputs)
