"""What `bench imitation` clones, and from whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

FIXED_HORIZON = "tools.bench.worlds.fixed_horizon_cart_pole:FixedHorizonCartPole-v0"


@dataclass(frozen=True)
class Expert:
    """A policy that is good at a world, and the episodes of it that clones see.

    Attributes:
        name: of its files.
        env_id: the world that its episodes are of.
        task: of `learning_tasks.GYMNASIUM_TASKS`, how it is trained.
        trained_by: this bridge, or Stable-Baselines3 in the peer's Python.
        sac_steps: steps of Stable-Baselines3's SAC, in place of PPO, where not 0.
        settings: of PPO, over the task's.
        is_sampled: whether its episodes are of its samples rather than of its mode.
        episodes: that are kept of it.
        seed: of its training.
    """

    name: str
    env_id: str
    task: str
    trained_by: Literal["bridge", "stable-baselines3"] = "bridge"
    sac_steps: int = 0
    settings: Mapping[str, object] = field(default_factory=dict)
    is_sampled: bool = False
    episodes: int = 50
    seed: int = 0


EXPERTS: dict[str, Expert] = {
    expert.name: expert
    for expert in (
        Expert("cart_pole", FIXED_HORIZON, "CartPole-v1", trained_by="stable-baselines3", is_sampled=True),
        Expert("lunar_lander", "LunarLander-v3", "LunarLander-v3"),
        Expert("half_cheetah", "HalfCheetah-v5", "HalfCheetah-v5"),
        Expert(
            "pendulum",
            "Pendulum-v1",
            "Pendulum-v1",
            settings={"total_steps": 400_000, "learning_rate_schedule": "linear"},
        ),
        # Sharper than what PPO makes, and harder to clone.
        Expert("sharp_pendulum", "Pendulum-v1", "Pendulum-v1", trained_by="stable-baselines3", sac_steps=10_000),
        Expert("careless_lander", "LunarLander-v3", "LunarLander-v3", is_sampled=True, episodes=10),
    )
}


@dataclass(frozen=True)
class CloningTask:
    """One world in which clones of the same demonstrations are compared.

    Attributes:
        name: of the part.
        expert: whose episodes.
        episode_counts: that clones see; a clone of seed s sees the s-th of as many such groups as there are.
        gradient_steps: of each clone, on both sides.
        seeds: one clone each.
        evaluation_episodes: by the mode, in the same worlds on both sides.
    """

    name: str
    expert: str
    episode_counts: tuple[int, ...]
    gradient_steps: int
    seeds: tuple[int, ...]
    evaluation_episodes: int


CLONING_TASKS: dict[str, CloningTask] = {
    task.name: task
    for task in (
        CloningTask("cart_pole", "cart_pole", (1, 10, 50), 2000, (0, 1, 2, 3, 4), 20),
        CloningTask("lunar_lander", "lunar_lander", (1, 10, 50), 4000, tuple(range(10)), 50),
        CloningTask("half_cheetah", "half_cheetah", (1, 10, 50), 6000, tuple(range(6)), 10),
    )
}

IMITATION_PARTS = ("cart_pole", "lunar_lander", "half_cheetah", "defaults", "dagger", "gail", "airl", "fine_tuning")
"""Of the bench; the first three are names of cloning tasks."""

LIBRARY_MINIBATCH = 32
"""Of `imitation` 1.0.1's behavioural cloning, which ours is given where the two are compared; and so are these."""
LIBRARY_LEARNING_RATE = 1e-3
LIBRARY_ENTROPY_COEFFICIENT = 1e-3
LIBRARY_HIDDEN_SIZES = (32, 32)


@dataclass(frozen=True)
class DefaultsTask:
    """Clones with each side's own defaults.

    Attributes:
        expert: whose episodes.
        episodes: that each clone sees; the seed says which, where there are enough for several groups.
        peer_budget: of the library, whose defaults name none.
        level: mean return that every clone of ours must reach; None for no less than the library's.
        seeds: one clone of each side each.
        evaluation_episodes: by the mode.
    """

    expert: str
    episodes: int
    peer_budget: Mapping[str, int]
    level: float | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    evaluation_episodes: int = 100


DEFAULTS = (
    DefaultsTask("sharp_pendulum", 50, {"epochs": 20}, level=-170.0),
    DefaultsTask("lunar_lander", 1, {"gradient_steps": 4000}),
    DefaultsTask("lunar_lander", 10, {"gradient_steps": 4000}),
)


@dataclass(frozen=True)
class DAggerTask:
    """DAgger beside behavioural cloning at the same numbers of labels, both with this project's defaults.

    Attributes:
        rounds: of DAgger, with `labels_per_round` labels each; cloning sees whole episodes of as many steps.
        copies: of the world; a round is one episode of each.
        episode_steps: of an episode.
        seeds: of both.
        evaluation_episodes: by the mode.
    """

    rounds: tuple[int, ...] = (2, 5)
    copies: int = 2
    episode_steps: int = 200
    seeds: tuple[int, ...] = (0, 1, 2)
    evaluation_episodes: int = 100

    @property
    def labels_per_round(self) -> int:
        """Agent-steps of a round."""
        return self.copies * self.episode_steps


DAGGER = DAggerTask()


@dataclass(frozen=True)
class AdversarialTask:
    """GAIL or AIRL on the cart and pole of fixed horizon.

    Attributes:
        method: which.
        total_steps: within which the level must be reached.
        seeds: one run each.
        seeds_needed: that must reach it.
        level: mean return of the mode.
        demonstrations: episodes of the expert.
    """

    method: Literal["gail", "airl"]
    total_steps: int
    seeds: tuple[int, ...]
    seeds_needed: int
    level: float = 500.0
    demonstrations: int = 20


ADVERSARIAL = {
    "gail": AdversarialTask("gail", 800_000, (0, 1, 2, 3, 4), 5),
    "airl": AdversarialTask("airl", 2_000_000, (0, 1, 2, 3, 4), 3),
}
ADVERSARIAL_COPIES = 16
ADVERSARIAL_SETTINGS: Mapping[str, object] = {
    "steps_per_update": 128 * ADVERSARIAL_COPIES,
    "minibatch_size": 256,
    "epochs": 10,
    "learning_rate": 1e-3,
    "discount_factor": 0.98,
}
ADVERSARIAL_POLICY: Mapping[str, object] = {"hidden_sizes": [64, 64], "normalize_observations": False}
"""Fallen carts drift for hundreds of metres: a normaliser that learnt from them would squeeze all that matters."""


@dataclass(frozen=True)
class FineTuningTask:
    """PPO from a clone beside PPO alone, with the same hyperparameters.

    Attributes:
        expert: whose episodes are cloned.
        episodes: that each clone sees; the seed says which.
        seeds: one clone and one run of each side each.
        level: mean return of the mode to reach.
        critic_warmup_updates: of the clone's training.
        watched_updates: in which the clone must not be destroyed.
        share: of the steps of PPO alone within which the level must be reached.
        largest_fall: below the clone's return in those updates, as a share of its distance to a random policy's.
        evaluation_episodes: after each update.
    """

    expert: str = "careless_lander"
    episodes: int = 2
    seeds: tuple[int, ...] = (0, 1, 2)
    level: float = 200.0
    critic_warmup_updates: int = 2
    watched_updates: int = 20
    share: float = 0.5
    largest_fall: float = 0.2
    evaluation_episodes: int = 100


FINE_TUNING = FineTuningTask()
