"""Settings of PPO; the defaults are Stable-Baselines3's where it has the setting."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from trainer_process.algorithms.base import ExperienceSettings
from trainer_process.algorithms.schedule import ScheduleKind
from trainer_process.settings import Settings


class UnrealObjectiveSettings(Settings):
    """Weights of Unreal Learning Agents' own objective, under its names and with its defaults.

    Attributes:
        action_surrogate_weight: of the log-space surrogate.
        action_regularization_weight: of the mean absolute distribution parameters.
        action_entropy_weight: of the entropy bonus.
        return_regularization_weight: of the mean absolute value.
        minimum_advantage: advantages, divided by their standard deviation, are clipped from below here.
        maximum_advantage: and from above here.
    """

    action_surrogate_weight: float = Field(default=1.0, ge=0)
    action_regularization_weight: float = Field(default=1e-3, ge=0)
    action_entropy_weight: float = Field(default=0.0, ge=0)
    return_regularization_weight: float = Field(default=1e-4, ge=0)
    minimum_advantage: float = 0.0
    maximum_advantage: float = 10.0

    @model_validator(mode="after")
    def _advantages_leave_a_range(self) -> Self:
        if self.minimum_advantage >= self.maximum_advantage:
            raise ValueError("minimum_advantage below maximum_advantage")
        return self


class PPOSettings(ExperienceSettings):
    """How PPO collects and learns.

    Attributes:
        steps_per_update: agent-steps of all hosts together that one update learns from.
        minibatch_size: steps of one gradient step.
        memory_window: consecutive steps that a policy with memory learns through at a time; a minibatch is as many
            whole windows as hold its steps. Unreal's PolicyWindowSize, and sequence_length of ML-Agents.
        epochs: passes over an update's steps.
        learning_rate: of Adam.
        learning_rate_schedule: "linear" goes to `learning_rate_final` at `total_steps`.
        learning_rate_final: of the linear schedule.
        clip_range: how far the probability ratio may leave 1.
        clip_range_schedule: as for the learning rate.
        clip_range_final: of the linear schedule.
        value_clip_range: how far a new value may leave the old one; None does not clip.
        entropy_coefficient: weight of the entropy bonus.
        entropy_coefficient_schedule: as for the learning rate.
        entropy_coefficient_final: of the linear schedule.
        value_coefficient: weight of the squared value error.
        max_grad_norm: of all gradients together; None does not clip.
        gae_lambda: of generalised advantage estimation.
        discount_factor: gamma.
        normalize_advantages: to mean 0 and standard deviation 1.
        advantage_batch: what over: each "minibatch", or all steps of the "update", as ML-Agents does.
        time_horizon: advantages look no further than to the end of such a stretch of an episode, and take the critic's
            word for what follows: ML-Agents' time_horizon. 0: as far as was recorded.
        target_kl: an update stops early when the approximate KL exceeds 1.5 times this; None never stops.
        adam_epsilon: of Adam's denominator.
        weight_decay: decoupled, of all trainable weights.
        objective: "clipped" is Schulman's; "unreal" is Unreal Learning Agents' own.
        unreal: weights of the latter.
        synchronous: hosts wait for new weights after each hand-off: strictly on-policy and reproducible.
        max_policy_lag: steps chosen by weights more than this many versions old are counted, not trained on.
        decoupled_objective: asynchronous only; clips against the newest policy and weighs by behaviour.
        max_behavior_weight: upper bound of that weight.
        normalizer_initialisation: "first_batch" lets the first batch only initialise the observation normaliser,
            where the policy has one; "train" also learns from it, with nothing normalised yet.
        normalizer_start_count: observations that the statistics of a normaliser stand for at least where training
            starts from its weights: a clone's are of a few thousand that the expert saw, which the first batch would
            outweigh, and thereby change what the policy does before it has learnt anything. 0 takes them as they are.
        reward_strength: rewards are multiplied by it.
        reward_scaling: divides rewards by the running standard deviation of the discounted return.
        reward_clip: scaled rewards are clipped to plus and minus this.
        reward_path: file of a learned reward (`reward.safetensors`, or its folder) that takes the place of the game's;
            empty for the game's.
        reward_type: what of that reward is taken: "unshaped" (the base network alone), "shaped" (with its potential),
            "unnormalized" (as it was learnt from, but for its scale) or "normalized" (that, by its mean and deviation).
            All but the last have whatever scale learning left them with, so that reward_scaling helps.
        critic_warmup_updates: the first updates of a training, in which only the critic learns: the policy's weights
            and normaliser stay as they were, to the bit. For a policy that was cloned, whose critic knows nothing yet.
        horizon: the most steps of one agent per hand-off; 0 leaves it to the host.
        buffer_count: batches a host may have in flight when asynchronous.
    """

    steps_per_update: int = Field(default=2048, ge=2, le=1_000_000)
    minibatch_size: int = Field(default=64, ge=1)
    memory_window: int = Field(default=16, ge=1, le=10_000)
    epochs: int = Field(default=10, ge=1, le=1000)
    learning_rate: float = Field(default=3e-4, gt=0, le=1)
    learning_rate_schedule: ScheduleKind = "constant"
    learning_rate_final: float = Field(default=0.0, ge=0, le=1)
    clip_range: float = Field(default=0.2, gt=0)
    clip_range_schedule: ScheduleKind = "constant"
    clip_range_final: float = Field(default=0.0, ge=0)
    value_clip_range: float | None = Field(default=None, gt=0)
    entropy_coefficient: float = Field(default=0.0, ge=0)
    entropy_coefficient_schedule: ScheduleKind = "constant"
    entropy_coefficient_final: float = Field(default=0.0, ge=0)
    value_coefficient: float = Field(default=0.5, ge=0)
    max_grad_norm: float | None = Field(default=0.5, gt=0)
    gae_lambda: float = Field(default=0.95, ge=0, le=1)
    discount_factor: float = Field(default=0.99, ge=0, le=1)
    normalize_advantages: bool = True
    advantage_batch: Literal["minibatch", "update"] = "minibatch"
    time_horizon: int = Field(default=0, ge=0)
    target_kl: float | None = Field(default=None, gt=0)
    adam_epsilon: float = Field(default=1e-5, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    objective: Literal["clipped", "unreal"] = "clipped"
    unreal: UnrealObjectiveSettings = UnrealObjectiveSettings()
    synchronous: bool = False
    max_policy_lag: int = Field(default=4, ge=0)
    decoupled_objective: bool = False
    max_behavior_weight: float = Field(default=5.0, ge=1)
    normalizer_initialisation: Literal["first_batch", "train"] = "first_batch"
    normalizer_start_count: int = Field(default=1_000_000, ge=0, le=16_777_216)
    reward_strength: float = Field(default=1.0, gt=0)
    reward_scaling: bool = False
    reward_clip: float = Field(default=10.0, gt=0)
    reward_path: str = Field(default="", max_length=4096)
    reward_type: Literal["unshaped", "shaped", "unnormalized", "normalized"] = "unshaped"
    critic_warmup_updates: int = Field(default=0, ge=0)
    horizon: int = Field(default=0, ge=0)
    buffer_count: int = Field(default=2, ge=1, le=16)

    @model_validator(mode="after")
    def _settings_agree(self) -> Self:
        if self.synchronous and self.decoupled_objective:
            raise ValueError("decoupled_objective only with synchronous = false")
        if self.decoupled_objective and self.objective == "unreal":
            raise ValueError('decoupled_objective only with objective = "clipped"')
        if max(self.clip_range, self.clip_range_final) >= 1.0 and self.objective == "unreal":
            raise ValueError('clip_range below 1 with objective = "unreal", which clips at log(1 - clip_range)')
        return self
