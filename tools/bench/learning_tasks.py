"""The worlds of `bench learning`: Gymnasium's, with hyperparameters shared, word for word, by this project and its
peers; and small ones of our own, in which structure matters, beside a policy without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

Hyperparameters: TypeAlias = dict[str, int | float | str]


@dataclass(frozen=True)
class FlatPolicy:
    """A policy that makes no use of structure, with the same world, algorithm, steps and seeds.

    Attributes:
        ceiling: mean deterministic return that every seed must stay under.
        network: sizes of its hidden layers, so that it has no fewer parameters than the structured one.
        settings: of the policy's network, instead of the task's.
        hyperparameters: PPO's where its own are better than the task's.
    """

    ceiling: float
    network: tuple[int, ...]
    settings: Mapping[str, object] = field(default_factory=dict)
    hyperparameters: Hyperparameters = field(default_factory=dict)


@dataclass(frozen=True)
class LearningTask:
    """One world, one set of hyperparameters, one promise.

    Attributes:
        env_id: Gymnasium id, or the name of a world in `tools.bench.worlds`.
        total_steps: environment steps of training, summed over the parallel environments.
        seeds: one run each.
        env_count: parallel environments.
        hyperparameters: PPO's, under this project's names (see `trainer_process.algorithms.ppo.settings`); the
            defaults that they do not name are those of Stable-Baselines3.
        network: sizes of the hidden layers, alike for policy and critic.
        activation: name of the hidden activation.
        threshold: mean deterministic return that a seed must reach, or None where the peer is the measure.
        seeds_needed: how many seeds must reach it.
        evaluation_episodes: deterministic episodes at the end.
        is_own_world: whether the world is one of `tools.bench.worlds`, which no peer plays.
        settings: of the policy's network, beside its sizes and activation.
        flat: what the structured policy is compared with; None elsewhere.
        is_flat: whether the agents see and act without structure.
    """

    env_id: str
    total_steps: int
    seeds: tuple[int, ...]
    env_count: int
    hyperparameters: Hyperparameters = field(default_factory=dict)
    network: tuple[int, ...] = (64, 64)
    activation: str = "tanh"
    threshold: float | None = None
    seeds_needed: int = 0
    evaluation_episodes: int = 20
    evaluation_count: int = 10
    is_own_world: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)
    flat: FlatPolicy | None = None
    is_flat: bool = False

    @property
    def record_name(self) -> str:
        """What a record of it is called."""
        return f"{self.env_id}-flat" if self.is_flat else self.env_id


# Where a value departs from the defaults it is RL Baselines3 Zoo's (hyperparams/ppo.yml), without gSDE.
GYMNASIUM_TASKS: dict[str, LearningTask] = {
    task.env_id: task
    for task in (
        LearningTask(
            env_id="CartPole-v1",
            total_steps=100_000,
            seeds=(0, 1, 2, 3, 4),
            env_count=8,
            hyperparameters={
                "steps_per_agent": 32,
                "minibatch_size": 256,
                "epochs": 20,
                "learning_rate": 1e-3,
                "learning_rate_schedule": "linear",
                "clip_range": 0.2,
                "clip_range_schedule": "linear",
                "gae_lambda": 0.8,
                "discount_factor": 0.98,
            },
            threshold=475.0,
            seeds_needed=5,
            evaluation_episodes=100,
        ),
        LearningTask(
            env_id="Pendulum-v1",
            total_steps=150_000,
            seeds=(0, 1, 2, 3, 4),
            env_count=4,
            hyperparameters={"steps_per_agent": 1024, "discount_factor": 0.9, "learning_rate": 1e-3},
            threshold=-200.0,
            seeds_needed=4,
            evaluation_episodes=100,
        ),
        LearningTask(
            env_id="LunarLander-v3",
            total_steps=1_000_000,
            seeds=(0, 1, 2),
            env_count=16,
            hyperparameters={
                "steps_per_agent": 1024,
                "epochs": 4,
                "gae_lambda": 0.98,
                "discount_factor": 0.999,
                "entropy_coefficient": 0.01,
            },
            threshold=200.0,
            seeds_needed=3,
            evaluation_episodes=100,
        ),
        LearningTask(env_id="HalfCheetah-v5", total_steps=500_000, seeds=(0, 1, 2), env_count=1),
        LearningTask(env_id="Hopper-v5", total_steps=500_000, seeds=(0, 1, 2), env_count=1),
    )
}

# Tuned by hand for the structured policy; the flat one has the same unless it does better with its own.
WORLD_TASKS: dict[str, LearningTask] = {
    task.env_id: task
    for task in (
        LearningTask(
            env_id="CartPoleWithoutVelocities",
            total_steps=100_000,
            seeds=(0, 1, 2, 3, 4),
            env_count=8,
            hyperparameters={
                "steps_per_agent": 128,
                "minibatch_size": 256,
                "memory_window": 16,
                "epochs": 10,
                "learning_rate": 1e-3,
                "learning_rate_schedule": "linear",
                "reward_scaling": True,
            },
            network=(64,),
            settings={"memory_cell": "gru", "memory_state_size": 64},
            threshold=450.0,
            seeds_needed=5,
            evaluation_episodes=100,
            is_own_world=True,
            flat=FlatPolicy(ceiling=150.0, network=(160, 160)),
        ),
        LearningTask(
            env_id="Gathering",
            total_steps=200_000,
            seeds=(0, 1, 2),
            env_count=32,
            hyperparameters={
                "steps_per_agent": 64,
                "minibatch_size": 256,
                "epochs": 6,
                "learning_rate": 1e-3,
                "learning_rate_schedule": "linear",
                "discount_factor": 0.95,
            },
            threshold=8.0,
            seeds_needed=3,
            evaluation_episodes=200,
            is_own_world=True,
            flat=FlatPolicy(
                ceiling=4.0,
                network=(128, 128),
                settings={"activation": "relu"},
                hyperparameters={"learning_rate": 3e-4},
            ),
        ),
        LearningTask(
            env_id="Skirmish",
            total_steps=60_000,
            seeds=(0, 1, 2),
            env_count=16,
            hyperparameters={
                "steps_per_agent": 128,
                "minibatch_size": 256,
                "epochs": 8,
                "learning_rate": 1e-3,
                "learning_rate_schedule": "linear",
                "discount_factor": 0.97,
                "entropy_coefficient": 0.005,
            },
            threshold=44.0,
            seeds_needed=3,
            evaluation_episodes=200,
            is_own_world=True,
            flat=FlatPolicy(ceiling=30.0, network=(128, 128)),
        ),
        LearningTask(
            env_id="Foraging",
            total_steps=150_000,
            seeds=(0, 1, 2),
            env_count=16,
            hyperparameters={
                "steps_per_agent": 32,
                "minibatch_size": 128,
                "epochs": 4,
                "learning_rate": 1e-3,
                "learning_rate_schedule": "linear",
                "discount_factor": 0.95,
                "gae_lambda": 0.9,
                "entropy_coefficient": 0.01,
            },
            network=(64,),
            activation="relu",
            threshold=10.0,
            seeds_needed=3,
            evaluation_episodes=200,
            is_own_world=True,
            flat=FlatPolicy(
                ceiling=6.0,
                network=(256, 128),
                hyperparameters={"learning_rate": 5e-4, "entropy_coefficient": 0.0},
            ),
        ),
    )
}

LEARNING_TASKS: dict[str, LearningTask] = {**GYMNASIUM_TASKS, **WORLD_TASKS}

# Stable-Baselines3's defaults under this project's names.
DEFAULT_HYPERPARAMETERS: Hyperparameters = {
    "steps_per_agent": 2048,
    "minibatch_size": 64,
    "epochs": 10,
    "learning_rate": 3e-4,
    "learning_rate_schedule": "constant",
    "clip_range": 0.2,
    "clip_range_schedule": "constant",
    "gae_lambda": 0.95,
    "discount_factor": 0.99,
    "entropy_coefficient": 0.0,
    "value_coefficient": 0.5,
    "max_grad_norm": 0.5,
}


def resolved_hyperparameters(task: LearningTask) -> Hyperparameters:
    """The task's hyperparameters with every default filled in."""
    return {**DEFAULT_HYPERPARAMETERS, **task.hyperparameters}


def flat_task(task: LearningTask) -> LearningTask:
    """The same world, steps and seeds for the flat policy of a task that has one."""
    flat = task.flat
    assert flat is not None
    return replace(
        task,
        network=flat.network,
        settings=flat.settings,
        hyperparameters={**task.hyperparameters, **flat.hyperparameters},
        threshold=None,
        seeds_needed=0,
        flat=None,
        is_flat=True,
    )
