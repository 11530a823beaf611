"""A Stable-Baselines3 expert: trained by PPO, or SAC, on a learning task, its episodes written as plain arrays.

Runs in an environment where `stable-baselines3` is installed, from the project's root:
`python -m tools.bench.peers.stable_baselines3_expert CartPole-v1 WORLD SEED EPISODES trajectories.npz`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from tools.bench.learning_tasks import GYMNASIUM_TASKS, LearningTask
from tools.bench.peers.stable_baselines3_learning import make_model


def play(model: Any, env_id: str, episode_count: int, seed: int, *, is_sampled: bool) -> dict[str, Any]:
    """Whole episodes in the form of `imitation`'s older files: all steps one after the other, and where to cut them."""
    import gymnasium

    world = gymnasium.make(env_id)
    obs: list[Any] = []
    acts: list[Any] = []
    rews: list[float] = []
    lengths, terminal = [], []
    for episode in range(episode_count):
        seen, _ = world.reset(seed=seed + episode)
        terminated = truncated = False
        count = 0
        while not (terminated or truncated):
            action, _ = model.predict(seen, deterministic=not is_sampled)
            obs.append(seen)
            acts.append(action)
            seen, reward, terminated, truncated, _ = world.step(action)
            rews.append(float(reward))
            count += 1
        obs.append(seen)
        lengths.append(count)
        terminal.append(terminated)
    return {
        "obs": np.array(obs, np.float32),
        "acts": np.array(acts),
        "rews": np.array(rews, np.float32),
        "indices": np.cumsum(lengths)[:-1],
        "terminal": np.array(terminal),
    }


def train_by_ppo(task: LearningTask, seed: int) -> Any:
    """As the learning bench trains it."""
    from stable_baselines3.common.env_util import make_vec_env

    model = make_model(task, make_vec_env(task.env_id, n_envs=task.env_count, seed=seed), seed)
    return model.learn(task.total_steps)


def train_by_sac(task: LearningTask, seed: int, steps: int) -> Any:
    """With RL Zoo's settings for Pendulum-v1: the library's own, but for the learning rate."""
    from stable_baselines3 import SAC

    return SAC("MlpPolicy", task.env_id, learning_rate=1e-3, seed=seed, device="cpu").learn(steps)


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=sorted(GYMNASIUM_TASKS))
    parser.add_argument("env_id")
    parser.add_argument("seed", type=int)
    parser.add_argument("episodes", type=int)
    parser.add_argument("output", type=Path)
    parser.add_argument("--sampled", action="store_true", help="rather than the policy's mode")
    parser.add_argument("--sac-steps", type=int, default=0, help="of SAC, in place of PPO")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    task, steps = GYMNASIUM_TASKS[arguments.task], arguments.sac_steps
    model = train_by_sac(task, arguments.seed, steps) if steps else train_by_ppo(task, arguments.seed)
    shown = play(model, arguments.env_id, arguments.episodes, 20_000, is_sampled=arguments.sampled)
    np.savez(arguments.output, **shown)


if __name__ == "__main__":
    main()
