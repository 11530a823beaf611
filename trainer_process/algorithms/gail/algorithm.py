"""Generative adversarial imitation learning (Ho and Ermon 2016, arXiv:1606.03476), with PPO for the policy."""

from __future__ import annotations

from typing import ClassVar

from trainer_process.algorithms.adversarial.algorithm import AdversarialImitation
from trainer_process.algorithms.base import BehaviorSpec
from trainer_process.algorithms.gail.discriminator import GAILDiscriminator
from trainer_process.algorithms.gail.settings import GAILSettings


class GAIL(AdversarialImitation):
    """GAIL on one behavior."""

    name: ClassVar[str] = "gail"

    def __init__(self, behavior: BehaviorSpec, settings: GAILSettings) -> None:
        """Starts fresh, from the initial weights that the host's policy has too."""
        super().__init__(behavior, settings, GAILDiscriminator(behavior, settings))
