"""Adversarial inverse reinforcement learning (Fu, Luo and Levine 2018, arXiv:1710.11248), with PPO for the policy."""

from __future__ import annotations

from typing import ClassVar

from trainer_process.algorithms.adversarial.algorithm import AdversarialImitation
from trainer_process.algorithms.airl.discriminator import AIRLDiscriminator
from trainer_process.algorithms.airl.settings import AIRLSettings
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.errors import SettingsError


class AIRL(AdversarialImitation):
    """AIRL on one behavior."""

    name: ClassVar[str] = "airl"

    def __init__(self, behavior: BehaviorSpec, settings: AIRLSettings) -> None:
        """Starts fresh, from the initial weights that the host's policy has too.

        Raises:
            SettingsError: the policy has a memory, of which demonstrations say nothing.
        """
        cell = behavior.policy_settings.memory_cell
        if behavior.policy_settings.memory_size:
            wanted = "'none' with airl, which needs the policy's log-probabilities of demonstrations (or use gail)"
            raise SettingsError("$.policy_settings.memory_cell", wanted, repr(cell))
        super().__init__(behavior, settings, AIRLDiscriminator(behavior, settings))
