"""Settings of behavioural cloning."""

from __future__ import annotations

from pydantic import Field

from trainer_process.algorithms.base import AlgorithmSettings
from trainer_process.algorithms.schedule import ScheduleKind


class CloningSettings(AlgorithmSettings):
    """How a policy is fitted to what an expert did; DAgger's rounds have the same.

    Attributes:
        minibatch_size: steps of one gradient step.
        min_gradient_steps: of an epoch: demonstrations that are too few for them are gone through several times in
            each, so that they get as much practice as others.
        memory_window: consecutive steps that a policy with memory learns through at a time; a minibatch is as many
            whole windows as hold its steps.
        learning_rate: of Adam.
        learning_rate_schedule: "linear" falls to zero over all gradient steps.
        entropy_coefficient: weight of the entropy bonus.
        l2_coefficient: weight of half the sum of all squared trainable weights, as a part of the loss.
        action_regularization_weight: of the mean absolute distribution parameters, as Unreal's Learning Agents has it.
        weight_decay: decoupled from the loss, per step, times the learning rate; of all trainable weights.
        observation_noise: standard deviation of what is added to observations, in units of the normaliser's
            deviations; drawn anew in every epoch, and only for what a normaliser would scale.
        min_log_std: free log standard deviations are kept at least so high. An expert that always does the same would
            else drive them to the policy's own bound, and leave nothing for later training to explore with; the mode
            does not suffer.
        max_grad_norm: of the gradient; None does not clip.
        adam_epsilon: of Adam's denominator.
        memory_budget_bytes: demonstrations that take more when loaded are learnt from in parts of that size; about
            four times as much is needed while an epoch runs.
    """

    minibatch_size: int = Field(default=64, ge=1, le=1_000_000)
    min_gradient_steps: int = Field(default=200, ge=1, le=1_000_000)
    memory_window: int = Field(default=64, ge=1, le=10_000)
    learning_rate: float = Field(default=1e-3, gt=0, le=1)
    learning_rate_schedule: ScheduleKind = "linear"
    entropy_coefficient: float = Field(default=0.0, ge=0)
    l2_coefficient: float = Field(default=0.0, ge=0)
    action_regularization_weight: float = Field(default=0.0, ge=0)
    weight_decay: float = Field(default=0.0, ge=0)
    observation_noise: float = Field(default=0.0, ge=0)
    min_log_std: float = Field(default=-3.0, ge=-20, le=20)
    max_grad_norm: float | None = Field(default=None, gt=0)
    adam_epsilon: float = Field(default=1e-8, gt=0)
    memory_budget_bytes: int = Field(default=256 * 2**20, ge=1)


class BCSettings(CloningSettings):
    """How behavioural cloning goes through its demonstrations.

    Attributes:
        epochs: passes over the training episodes, at most.
        validation_fraction: of the episodes, kept back whole: cloning stops by how well it does on them, and keeps the
            weights that did best. Rounded to a number of episodes; one at least is left to train on.
        min_validation_episodes: fewer would say too little of how a clone does elsewhere: where it comes to fewer, all
            episodes are trained on, for all epochs.
        patience: epochs without improvement on the validation episodes after which cloning stops; None never stops.
    """

    epochs: int = Field(default=100, ge=1, le=1_000_000)
    validation_fraction: float = Field(default=0.1, ge=0, lt=1)
    min_validation_episodes: int = Field(default=3, ge=1)
    patience: int | None = Field(default=20, ge=1)
