"""What a host may ask of PPO. Every field left at None is the trainer's to decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from host_sdk.training_settings import TrainingSettings


@dataclass(frozen=True)
class PPOTrainingSettings(TrainingSettings):
    """The trainer's PPO settings, under the same names; None leaves the trainer's default (or its file's value).

    The trainer checks the values, and answers with the path, what it expected and what came.

    Attributes:
        total_steps: agent-steps of experience after which training is complete.
        synchronous: strictly on-policy and reproducible: the host waits for each update. Default: off.
        steps_per_update: agent-steps, over all hosts, of one update.
        minibatch_size: steps of one gradient.
        memory_window: consecutive steps that a policy with memory learns through at a time. Unreal's PolicyWindowSize.
        epochs: passes over the steps of an update.
        learning_rate: of Adam.
        learning_rate_schedule: "constant", or "linear" to `learning_rate_final` at `total_steps`.
        learning_rate_final: of the linear schedule.
        clip_range: of the probability ratio.
        clip_range_schedule: as for the learning rate.
        clip_range_final: of the linear schedule.
        value_clip_range: of the value's change.
        entropy_coefficient: weight of the entropy bonus.
        entropy_coefficient_schedule: as for the learning rate.
        entropy_coefficient_final: of the linear schedule.
        value_coefficient: weight of the value loss.
        max_grad_norm: global norm at which gradients are clipped.
        gae_lambda: of generalised advantage estimation, 0 to 1.
        discount_factor: gamma, 0 to 1.
        normalize_advantages: to mean 0 and standard deviation 1.
        advantage_batch: what over: each "minibatch", or all steps of the "update".
        time_horizon: steps of an episode after which advantages take the critic's word for what follows; 0: none.
        target_kl: approximate KL divergence after which an update stops early.
        max_policy_lag: versions behind which a step is counted, not trained on (asynchronous).
        objective: "clipped", or "unreal" for Learning Agents' own.
        unreal: weights of that objective, under Unreal's names.
        decoupled_objective: clip against the newest policy and weigh by the behaviour's (asynchronous).
        max_behavior_weight: upper bound of that weight.
        normalizer_initialisation: "first_batch" (it only initialises the observation normaliser) or "train".
        normalizer_start_count: observations that the normaliser stands for at least where training starts from weights.
        reward_strength: multiply rewards by it.
        reward_scaling: divide rewards by the running deviation of the discounted return.
        reward_clip: bound of scaled rewards.
        reward_path: file of a learned reward, where the trainer runs, that takes the place of the game's.
        reward_type: what of it: "unshaped", "shaped", "unnormalized" or "normalized".
        adam_epsilon: of Adam's denominator.
        weight_decay: decoupled, of all trainable weights.
        critic_warmup_updates: the first updates, in which only the critic learns; for a policy that was cloned.
        horizon: the most steps of one agent per hand-off; 0: as the host finds.
        buffer_count: batches in flight (asynchronous).
        seed: of every random draw of the trainer.
        device: "cpu", "cuda" or "cuda:1".
    """

    total_steps: int | None = None
    synchronous: bool | None = None
    steps_per_update: int | None = None
    minibatch_size: int | None = None
    memory_window: int | None = None
    epochs: int | None = None
    learning_rate: float | None = None
    learning_rate_schedule: str | None = None
    learning_rate_final: float | None = None
    clip_range: float | None = None
    clip_range_schedule: str | None = None
    clip_range_final: float | None = None
    value_clip_range: float | None = None
    entropy_coefficient: float | None = None
    entropy_coefficient_schedule: str | None = None
    entropy_coefficient_final: float | None = None
    value_coefficient: float | None = None
    max_grad_norm: float | None = None
    gae_lambda: float | None = None
    discount_factor: float | None = None
    normalize_advantages: bool | None = None
    advantage_batch: str | None = None
    time_horizon: int | None = None
    target_kl: float | None = None
    max_policy_lag: int | None = None
    objective: str | None = None
    unreal: Mapping[str, float] | None = None
    decoupled_objective: bool | None = None
    max_behavior_weight: float | None = None
    normalizer_initialisation: str | None = None
    normalizer_start_count: int | None = None
    reward_strength: float | None = None
    reward_scaling: bool | None = None
    reward_clip: float | None = None
    reward_path: str | None = None
    reward_type: str | None = None
    adam_epsilon: float | None = None
    weight_decay: float | None = None
    critic_warmup_updates: int | None = None
    horizon: int | None = None
    buffer_count: int | None = None
    seed: int | None = None
    device: str | None = None
