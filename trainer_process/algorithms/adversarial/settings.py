"""Settings that GAIL and AIRL share, beside PPO's."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from trainer_process.algorithms.ppo.settings import PPOSettings

LayerSize = Annotated[int, Field(ge=1, le=65_536)]


class AdversarialSettings(PPOSettings):
    """PPO's settings, which train the policy, and those of the discriminator that rewards it.

    A round is one update: the discriminator learns to tell the round's experience from the demonstrations, and PPO
    learns from what the discriminator then makes of that experience. Both learning rates are constant unless a
    schedule is set, which runs over `total_steps`.

    Attributes:
        discriminator_learning_rate: of its Adam.
        discriminator_updates_per_round: its gradient steps in a round.
        demonstration_batch_size: rows of the expert in one of them, beside as many of the policy.
        generator_buffer_rounds: rounds of experience that the policy's rows are drawn from.
        reward_hidden_sizes: hidden layers of the reward network, each followed by a ReLU.
        reward_reads_next_observation: whether that reads what was seen after the action, too.
        label_smoothing: targets are this far from 0 and 1.
        discriminator_entropy_coefficient: of a bonus that keeps it from being certain, as it soon is of an expert that
            keeps to a few states; its rewards would then hardly differ from one step to the next.
        normalize_learned_reward: rewards are taken less their running mean, by their running standard deviation.
            `reward_scaling` only divides, by the deviation of the discounted return, and is on here: less the mean,
            a reward that tells the policy to last where it looks like the expert tells it so no longer.
        allow_variable_horizon: learn even where episodes have several lengths, or terminate. A reward's sign, and
            whether an episode ends at all, then say more than they should.
    """

    discriminator_learning_rate: float = Field(default=1e-3, gt=0, le=1)
    discriminator_updates_per_round: int = Field(default=8, ge=1, le=10_000)
    demonstration_batch_size: int = Field(default=256, ge=1, le=1_000_000)
    generator_buffer_rounds: int = Field(default=1, ge=1, le=1000)
    reward_hidden_sizes: tuple[LayerSize, ...] = Field(default=(32, 32), min_length=1, max_length=16)
    reward_reads_next_observation: bool = False
    label_smoothing: float = Field(default=0.0, ge=0, lt=0.5)
    discriminator_entropy_coefficient: float = Field(default=0.1, ge=0)
    normalize_learned_reward: bool = False
    reward_scaling: bool = True
    allow_variable_horizon: bool = False

    @model_validator(mode="after")
    def _reward_is_learnt(self) -> Self:
        if self.reward_path:
            raise ValueError('reward_path = "" here, where the reward is learnt (ppo learns from a saved one)')
        return self
