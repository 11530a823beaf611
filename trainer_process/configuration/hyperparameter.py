"""How each kind of trainer learns, under ML-Agents' names and with its defaults."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from trainer_process.configuration.value import Flag, Number, Whole
from trainer_process.settings import Settings

ScheduleType: TypeAlias = Literal["constant", "linear"]
BatchSize: TypeAlias = Annotated[Whole, Field(ge=1, le=1_000_000)]
BufferSize: TypeAlias = Annotated[Whole, Field(ge=2, le=1_000_000)]
LearningRate: TypeAlias = Annotated[Number, Field(gt=0, le=1)]
PassCount: TypeAlias = Annotated[Whole, Field(ge=1, le=1000)]


class PPOHyperparameters(Settings):
    """PPO's.

    Attributes:
        batch_size: steps of one gradient step.
        buffer_size: agent-steps of one update.
        learning_rate: of Adam.
        learning_rate_schedule: "linear" falls to 1e-10 at max_steps.
        beta: weight of the entropy bonus.
        beta_schedule: "linear" falls to 1e-5; as the learning rate's where only that one is given.
        epsilon: how far the probability ratio may leave 1.
        epsilon_schedule: "linear" goes to 0.1; as the learning rate's where only that one is given.
        lambd: of generalised advantage estimation.
        num_epoch: passes over an update's steps.
        shared_critic: policy and critic in one network.
    """

    batch_size: BatchSize = 1024
    buffer_size: BufferSize = 10240
    learning_rate: LearningRate = 3e-4
    learning_rate_schedule: ScheduleType = "linear"
    beta: Annotated[Number, Field(ge=0)] = 5e-3
    beta_schedule: ScheduleType = "linear"
    epsilon: Annotated[Number, Field(gt=0)] = 0.2
    epsilon_schedule: ScheduleType = "linear"
    lambd: Annotated[Number, Field(ge=0, le=1)] = 0.95
    num_epoch: PassCount = 3
    shared_critic: Flag = False


class POCAHyperparameters(Settings):
    """MA-POCA's: PPO's, without a shared critic."""

    batch_size: BatchSize = 1024
    buffer_size: BufferSize = 10240
    learning_rate: LearningRate = 3e-4
    learning_rate_schedule: ScheduleType = "linear"
    beta: Annotated[Number, Field(ge=0)] = 5e-3
    beta_schedule: ScheduleType = "linear"
    epsilon: Annotated[Number, Field(gt=0)] = 0.2
    epsilon_schedule: ScheduleType = "linear"
    lambd: Annotated[Number, Field(ge=0, le=1)] = 0.95
    num_epoch: PassCount = 3


class SACHyperparameters(Settings):
    """Soft actor-critic's.

    Attributes:
        buffer_init_steps: steps before the first update.
        tau: how fast the target network follows.
        steps_per_update: agent-steps for each update.
        save_replay_buffer: with the checkpoints.
        init_entcoef: of the entropy at the start.
        reward_signal_steps_per_update: as steps_per_update, for the reward signals' networks; None: the same.
    """

    batch_size: BatchSize = 128
    buffer_size: Annotated[Whole, Field(ge=1)] = 50000
    learning_rate: LearningRate = 3e-4
    learning_rate_schedule: ScheduleType = "constant"
    buffer_init_steps: Annotated[Whole, Field(ge=0)] = 0
    tau: Annotated[Number, Field(gt=0, le=1)] = 0.005
    steps_per_update: Annotated[Number, Field(gt=0)] = 1.0
    save_replay_buffer: Flag = False
    init_entcoef: Annotated[Number, Field(ge=0)] = 1.0
    reward_signal_steps_per_update: Annotated[Number, Field(gt=0)] | None = None


class CloningHyperparameters(Settings):
    """Those of bc and dagger, which ML-Agents hasn't; None is this project's own default.

    Attributes:
        batch_size: steps of one gradient step.
        learning_rate: of Adam.
        learning_rate_schedule: "linear" falls to 0.
        num_epoch: passes over the demonstrations, at most; with dagger in each round.
    """

    batch_size: BatchSize | None = None
    learning_rate: LearningRate | None = None
    learning_rate_schedule: ScheduleType | None = None
    num_epoch: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = None


class AdversarialHyperparameters(Settings):
    """Those of gail and airl as trainers of their own, which ML-Agents hasn't; None is this project's own default.

    They are PPO's, which trains the policy on the learnt reward; the discriminator's are in `settings`.
    """

    batch_size: BatchSize | None = None
    buffer_size: BufferSize | None = None
    learning_rate: LearningRate | None = None
    learning_rate_schedule: ScheduleType | None = None
    beta: Annotated[Number, Field(ge=0)] | None = None
    beta_schedule: ScheduleType | None = None
    epsilon: Annotated[Number, Field(gt=0)] | None = None
    epsilon_schedule: ScheduleType | None = None
    lambd: Annotated[Number, Field(ge=0, le=1)] | None = None
    num_epoch: PassCount | None = None
