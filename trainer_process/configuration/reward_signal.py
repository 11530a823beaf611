"""Where rewards come from, under ML-Agents' names and with its defaults."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trainer_process.configuration.hyperparameter import LearningRate
from trainer_process.configuration.network import NetworkSettings
from trainer_process.configuration.value import Flag, Number, Text, Whole
from trainer_process.settings import Settings


class ExtrinsicSettings(Settings):
    """The game's own rewards.

    Attributes:
        gamma: the discount factor.
        strength: rewards are multiplied by it.
        network_settings: None for the default.
    """

    gamma: Annotated[Number, Field(ge=0, le=1)] = 0.99
    strength: Annotated[Number, Field(gt=0)] = 1.0
    network_settings: NetworkSettings | None = None


class GAILSignalSettings(ExtrinsicSettings):
    """Rewards for what can't be told from demonstrations.

    Attributes:
        demo_path: the demonstrations.
        learning_rate: of the discriminator.
        use_actions: whether it sees actions.
        use_vail: whether what it sees goes through a bottleneck.
        encoding_size: of no effect, as in ML-Agents.
    """

    demo_path: Text
    learning_rate: LearningRate = 3e-4
    use_actions: Flag = False
    use_vail: Flag = False
    encoding_size: Annotated[Whole, Field(ge=1)] | None = None


class CuriositySettings(ExtrinsicSettings):
    """Rewards for what could not be foreseen.

    Attributes:
        learning_rate: of the networks that foresee.
        encoding_size: of no effect, as in ML-Agents.
    """

    learning_rate: LearningRate = 3e-4
    encoding_size: Annotated[Whole, Field(ge=1)] | None = None


class RNDSettings(ExtrinsicSettings):
    """Rewards for what was seldom seen (random network distillation).

    Attributes:
        learning_rate: of the network that learns what another one makes of observations.
        encoding_size: of no effect, as in ML-Agents.
    """

    learning_rate: LearningRate = 1e-4
    encoding_size: Annotated[Whole, Field(ge=1)] | None = None


class RewardSignals(Settings):
    """All of them together; None for those that aren't there."""

    extrinsic: ExtrinsicSettings | None = None
    gail: GAILSignalSettings | None = None
    curiosity: CuriositySettings | None = None
    rnd: RNDSettings | None = None
