"""How one behavior is trained and kept, under ML-Agents' names and with its defaults."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from trainer_process.configuration.hyperparameter import (
    AdversarialHyperparameters,
    BatchSize,
    CloningHyperparameters,
    POCAHyperparameters,
    PPOHyperparameters,
    SACHyperparameters,
)
from trainer_process.configuration.network import NetworkSettings
from trainer_process.configuration.reward_signal import ExtrinsicSettings, RewardSignals
from trainer_process.configuration.value import Flag, Number, Text, Whole
from trainer_process.settings import Settings


class BehavioralCloning(Settings):
    """ML-Agents' auxiliary loss on demonstrations.

    Attributes:
        demo_path: the demonstrations.
        steps: over which its learning rate falls to 0; 0 keeps it.
        strength: its learning rate, as a share of the trainer's.
        samples_per_update: of the demonstrations; 0 for all.
        num_epoch: passes in each update; None for the trainer's.
        batch_size: steps of one gradient step; None for the trainer's.
    """

    demo_path: Text
    steps: Annotated[Whole, Field(ge=0)] = 0
    strength: Annotated[Number, Field(ge=0)] = 1.0
    samples_per_update: Annotated[Whole, Field(ge=0)] = 0
    num_epoch: Annotated[Whole, Field(ge=1)] | None = None
    batch_size: BatchSize | None = None


class SelfPlay(Settings):
    """ML-Agents' training against earlier selves.

    Attributes:
        save_steps: between snapshots.
        team_change: steps after which the other team learns; None for five times save_steps.
        swap_steps: between changes of the opponent.
        window: snapshots that opponents are drawn from.
        play_against_latest_model_ratio: how often the opponent is the newest policy.
        initial_elo: rating at the start.
    """

    save_steps: Annotated[Whole, Field(ge=1)] = 20000
    team_change: Annotated[Whole, Field(ge=1)] | None = None
    swap_steps: Annotated[Whole, Field(ge=1)] = 2000
    window: Annotated[Whole, Field(ge=1)] = 10
    play_against_latest_model_ratio: Annotated[Number, Field(ge=0, le=1)] = 0.5
    initial_elo: Number = 1200.0


class BehaviorSettings(Settings):
    """What every kind of trainer has.

    Attributes:
        max_steps: agent-steps after which training is complete.
        time_horizon: steps of a trajectory before what follows is estimated by the critic.
        summary_freq: agent-steps between rows of metrics.
        checkpoint_interval: agent-steps between checkpoints.
        keep_checkpoints: how many are kept, the best beside them.
        even_checkpoints: checkpoint_interval is made max_steps / keep_checkpoints.
        threaded: hosts play on while the trainer learns.
        init_path: a policy file, a checkpoint, a run's folder or that of a behavior, whose weights are started from.
        network_settings: of the policy and the critic.
        reward_signals: where rewards come from.
        behavioral_cloning: None for none.
        self_play: None for none.
        settings: our own part: the algorithm's settings under this project's names; they win over the others.
        policy_settings: our own part: settings of the policy's network under this project's names.
        critic_settings: our own part: those of the critic's.
    """

    max_steps: Annotated[Whole, Field(ge=1)] = 500_000
    time_horizon: Annotated[Whole, Field(ge=1)] = 64
    summary_freq: Annotated[Whole, Field(ge=1)] = 50_000
    checkpoint_interval: Annotated[Whole, Field(ge=1)] = 500_000
    keep_checkpoints: Annotated[Whole, Field(ge=1)] = 5
    even_checkpoints: Flag = False
    threaded: Flag = False
    init_path: Text | None = None
    network_settings: NetworkSettings = NetworkSettings()
    reward_signals: RewardSignals = RewardSignals(extrinsic=ExtrinsicSettings())
    behavioral_cloning: BehavioralCloning | None = None
    self_play: SelfPlay | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    policy_settings: dict[str, Any] = Field(default_factory=dict)
    critic_settings: dict[str, Any] = Field(default_factory=dict)


class PPOBehavior(BehaviorSettings):
    """Trained by PPO."""

    trainer_type: Literal["ppo"] = "ppo"
    hyperparameters: PPOHyperparameters = PPOHyperparameters()


class MAPPOBehavior(BehaviorSettings):
    """Trained by PPO whose critic sees the whole group; in ML-Agents' newest sources."""

    trainer_type: Literal["mappo"]
    hyperparameters: PPOHyperparameters = PPOHyperparameters()


class POCABehavior(BehaviorSettings):
    """Trained as a group by MA-POCA."""

    trainer_type: Literal["poca"]
    hyperparameters: POCAHyperparameters = POCAHyperparameters()


class SACBehavior(BehaviorSettings):
    """Trained by soft actor-critic."""

    trainer_type: Literal["sac"]
    hyperparameters: SACHyperparameters = SACHyperparameters()


class CloningBehavior(BehaviorSettings):
    """Our own part: trained by cloning what hosts send of an expert."""

    trainer_type: Literal["bc", "dagger"]
    hyperparameters: CloningHyperparameters = CloningHyperparameters()


class AdversarialBehavior(BehaviorSettings):
    """Our own part: trained on a reward that is learnt from what hosts send of an expert."""

    trainer_type: Literal["gail", "airl"]
    hyperparameters: AdversarialHyperparameters = AdversarialHyperparameters()


TRAINER_TYPES = ("airl", "bc", "dagger", "gail", "mappo", "poca", "ppo", "sac")


def _kind(value: Any) -> str:
    """The tag of a behavior, as it stands in the file or is already made; PPO where nothing is said."""
    kind = value.get("trainer_type", "ppo") if isinstance(value, dict) else getattr(value, "trainer_type", "ppo")
    kinds = {"bc": "cloning", "dagger": "cloning", "gail": "adversarial", "airl": "adversarial"}
    return f"<{kinds.get(kind, kind) if isinstance(kind, str) else kind}>"


Behavior: TypeAlias = Annotated[
    Annotated[PPOBehavior, Tag("<ppo>")]
    | Annotated[MAPPOBehavior, Tag("<mappo>")]
    | Annotated[POCABehavior, Tag("<poca>")]
    | Annotated[SACBehavior, Tag("<sac>")]
    | Annotated[CloningBehavior, Tag("<cloning>")]
    | Annotated[AdversarialBehavior, Tag("<adversarial>")],
    Discriminator(
        _kind, custom_error_type="trainer_type", custom_error_message=f"trainer_type {', '.join(TRAINER_TYPES)}"
    ),
]
"""One of them, by its trainer_type."""
