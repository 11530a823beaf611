"""Settings of AIRL."""

from __future__ import annotations

from pydantic import Field

from trainer_process.algorithms.adversarial.settings import AdversarialSettings, LayerSize


class AIRLSettings(AdversarialSettings):
    """How AIRL learns.

    Attributes:
        potential_hidden_sizes: hidden layers of the shaping potential, each followed by a ReLU.
    """

    potential_hidden_sizes: tuple[LayerSize, ...] = Field(default=(32, 32), min_length=1, max_length=16)
