"""Adversarial imitation: PPO, with a discriminator in place of the game's rewards."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from protocol.collection_contract import CollectionContract
from protocol.experience import ExperienceBatch
from protocol.recording import Episode
from protocol.weights import WeightsSnapshot
from trainer_process.algorithms.adversarial.discriminator import Discriminator
from trainer_process.algorithms.adversarial.horizon import FixedHorizon
from trainer_process.algorithms.adversarial.settings import AdversarialSettings
from trainer_process.algorithms.adversarial.state import restored_discriminator, saved_discriminator
from trainer_process.algorithms.base import (
    Algorithm,
    AlgorithmState,
    BehaviorSpec,
    ReportProgress,
    UpdateReport,
)
from trainer_process.algorithms.ppo.algorithm import PPO
from trainer_process.models.reward_file import REWARD_FILE_NAME, encode_reward

_logger = logging.getLogger(__name__)


class AdversarialImitation(Algorithm):
    """Learns to do as the demonstrations do, from experience whose rewards nobody looks at.

    Abstract: `GAIL` and `AIRL` say which discriminator. Demonstrations come first; no update is made before the last of
    them.
    """

    def __init__(self, behavior: BehaviorSpec, settings: AdversarialSettings, discriminator: Discriminator) -> None:
        """Starts fresh, from the initial weights that the host's policy has too."""
        if settings.normalize_learned_reward and settings.reward_scaling:
            _logger.warning(
                "behavior %r: rewards are normalised twice, by normalize_learned_reward and by reward_scaling; one of "
                "them will do",
                behavior.name,
            )
        self.settings = settings
        self.discriminator = discriminator
        self._ppo = PPO(behavior, settings, discriminator)
        self._horizon = None if settings.allow_variable_horizon else FixedHorizon(self.name)
        self._has_all_demonstrations = False

    @property
    def version(self) -> int:
        return self._ppo.version

    @property
    def iteration(self) -> int:
        return self._ppo.iteration

    @property
    def steps(self) -> int:
        return self._ppo.steps

    @property
    def total_steps(self) -> int:
        return self._ppo.total_steps

    @property
    def is_complete(self) -> bool:
        return self._ppo.is_complete

    def collection_contract(self, host_count: int) -> CollectionContract:
        return self._ppo.collection_contract(host_count)

    def add_experience(self, batch: ExperienceBatch, host_index: int) -> None:
        if self._horizon is not None:
            self._horizon.check_batch(batch)
        self._ppo.add_experience(batch, host_index)

    def add_demonstrations(self, episodes: Sequence[Episode], *, is_last: bool) -> None:
        if self._horizon is not None:
            self._horizon.check_episodes(episodes)
        self.discriminator.expert.add(episodes)
        self._has_all_demonstrations = is_last

    def is_ready(self, live_host_indices: Collection[int]) -> bool:
        """As PPO, once there are demonstrations."""
        has_expert = self._has_all_demonstrations and self.discriminator.expert.step_count > 0
        return has_expert and self._ppo.is_ready(live_host_indices)

    def update(self, report_progress: ReportProgress) -> UpdateReport:
        return self._ppo.update(report_progress)

    def policy_snapshot(self) -> WeightsSnapshot:
        return self._ppo.policy_snapshot()

    def critic_snapshot(self) -> WeightsSnapshot | None:
        return self._ppo.critic_snapshot()

    def files(self) -> Mapping[str, bytes]:
        return {REWARD_FILE_NAME: encode_reward(self.discriminator.saved_reward())}

    def start_from(self, policy: WeightsSnapshot, critic: WeightsSnapshot | None = None) -> None:
        self._ppo.start_from(policy, critic)

    def raise_version(self, version: int) -> None:
        self._ppo.raise_version(version)

    def state(self) -> AlgorithmState:
        of_policy, of_reward = self._ppo.state(), saved_discriminator(self.discriminator)
        return AlgorithmState(
            arrays={**of_policy.arrays, **of_reward.arrays},
            values={**of_policy.values, "algorithm": self.name, "discriminator": of_reward.values},
        )

    def restore(self, state: AlgorithmState) -> None:
        restored_discriminator(state, self.discriminator, self.name)
        self._ppo.restore(replace(state, values={**state.values, "algorithm": PPO.name}))
