"""What a host may ask of behavioural cloning. Every field left at None is the trainer's to decide."""

from __future__ import annotations

from dataclasses import dataclass

from host_sdk.training_settings import TrainingSettings


@dataclass(frozen=True)
class CloningTrainingSettings(TrainingSettings):
    """What all trainers have that fit a policy to an expert's actions.

    The trainer checks the values, and answers with the path, what it expected and what came.

    Attributes:
        minibatch_size: steps of one gradient. Unreal's BatchSize.
        min_gradient_steps: of an epoch; few demonstrations are gone through several times in each.
        memory_window: consecutive steps that a policy with memory learns through at a time. Unreal's Window.
        learning_rate: of Adam.
        learning_rate_schedule: "constant", or "linear" down to 0 over all gradients.
        entropy_coefficient: weight of the entropy bonus. Unreal's ActionEntropyWeight.
        l2_coefficient: weight of half the sum of squared weights in the loss.
        action_regularization_weight: of the mean absolute distribution parameters, as Unreal has it.
        weight_decay: decoupled from the loss, of all trainable weights.
        observation_noise: standard deviation of what is added to observations, in the normaliser's deviations.
        min_log_std: free log standard deviations are kept at least so high.
        max_grad_norm: global norm at which gradients are clipped.
        adam_epsilon: of Adam's denominator.
        memory_budget_bytes: demonstrations that take more are learnt from in parts.
        seed: of every random draw of the trainer.
        device: "cpu", "cuda" or "cuda:1".
    """

    minibatch_size: int | None = None
    min_gradient_steps: int | None = None
    memory_window: int | None = None
    learning_rate: float | None = None
    learning_rate_schedule: str | None = None
    entropy_coefficient: float | None = None
    l2_coefficient: float | None = None
    action_regularization_weight: float | None = None
    weight_decay: float | None = None
    observation_noise: float | None = None
    min_log_std: float | None = None
    max_grad_norm: float | None = None
    adam_epsilon: float | None = None
    memory_budget_bytes: int | None = None
    seed: int | None = None
    device: str | None = None


@dataclass(frozen=True)
class ImitationTrainingSettings(CloningTrainingSettings):
    """The trainer's settings of behavioural cloning, under the same names.

    Attributes:
        epochs: passes over the training episodes, at most.
        validation_fraction: of the episodes, kept back whole; training stops by how well it does on them, and keeps
            the weights that did best.
        min_validation_episodes: where that comes to fewer, none are kept back.
        patience: epochs without improvement on them after which training stops.
    """

    epochs: int | None = None
    validation_fraction: float | None = None
    min_validation_episodes: int | None = None
    patience: int | None = None
