"""What a host may ask of GAIL and AIRL. Every field left at None is the trainer's to decide."""

from __future__ import annotations

from dataclasses import dataclass

from host_sdk.ppo_training_settings import PPOTrainingSettings


@dataclass(frozen=True)
class AdversarialTrainingSettings(PPOTrainingSettings):
    """The trainer's settings of GAIL and AIRL, under the same names; PPO's, which train the policy, among them.

    Attributes:
        discriminator_learning_rate: of its Adam.
        discriminator_updates_per_round: its gradient steps in each update.
        demonstration_batch_size: the expert's steps in one of them, beside as many of the policy.
        generator_buffer_rounds: updates whose experience the policy's steps are drawn from.
        reward_hidden_sizes: hidden layers of the reward network.
        reward_reads_next_observation: whether that reads what was seen after the action, too.
        label_smoothing: how far the discriminator's targets are from 0 and 1.
        discriminator_entropy_coefficient: of a bonus that keeps it from being certain.
        normalize_learned_reward: rewards are taken less their running mean, by their running deviation.
        allow_variable_horizon: learn even where episodes have several lengths, or terminate.
        reward_form: GAIL's alone: "positive" pays for surviving, "negative" for an early end, "logit" has either sign.
        potential_hidden_sizes: AIRL's alone: hidden layers of the shaping potential.
    """

    discriminator_learning_rate: float | None = None
    discriminator_updates_per_round: int | None = None
    demonstration_batch_size: int | None = None
    generator_buffer_rounds: int | None = None
    reward_hidden_sizes: tuple[int, ...] | None = None
    reward_reads_next_observation: bool | None = None
    label_smoothing: float | None = None
    discriminator_entropy_coefficient: float | None = None
    normalize_learned_reward: bool | None = None
    allow_variable_horizon: bool | None = None
    reward_form: str | None = None
    potential_hidden_sizes: tuple[int, ...] | None = None
