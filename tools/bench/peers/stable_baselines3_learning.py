"""Stable-Baselines3's PPO on one of the learning tasks: one seed, its curve written as JSON.

Runs in an environment where `stable-baselines3` is installed, from the project's root, and imports nothing of this
project but the task table: `python -m tools.bench.peers.stable_baselines3_learning CartPole-v1 0 curve.json`.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.bench.learning_tasks import GYMNASIUM_TASKS, LearningTask, resolved_hyperparameters

if TYPE_CHECKING:
    from stable_baselines3 import PPO


def linear_or_constant(value: float, schedule: str) -> float | Callable[[float], float]:
    """Stable-Baselines3's schedule: a function of the progress that remains, or the bare number."""
    return (lambda remaining: remaining * value) if schedule == "linear" else value


def make_model(task: LearningTask, env: Any, seed: int) -> PPO:
    """PPO with the task's hyperparameters; what the table does not name is the library's default."""
    import torch
    from stable_baselines3 import PPO

    settings = resolved_hyperparameters(task)
    return PPO(
        "MlpPolicy",
        env,
        n_steps=settings["steps_per_agent"],
        batch_size=settings["minibatch_size"],
        n_epochs=settings["epochs"],
        learning_rate=linear_or_constant(float(settings["learning_rate"]), str(settings["learning_rate_schedule"])),
        clip_range=linear_or_constant(float(settings["clip_range"]), str(settings["clip_range_schedule"])),
        gae_lambda=settings["gae_lambda"],
        gamma=settings["discount_factor"],
        ent_coef=settings["entropy_coefficient"],
        vf_coef=settings["value_coefficient"],
        max_grad_norm=settings["max_grad_norm"],
        policy_kwargs={
            "net_arch": list(task.network),
            "activation_fn": {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[task.activation],
        },
        seed=seed,
        device="cpu",
    )


def run(task: LearningTask, seed: int) -> dict[str, object]:
    """Trains one seed and evaluates it at even intervals and at the end."""
    import torch
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy

    torch.set_num_threads(1)
    env = make_vec_env(task.env_id, n_envs=task.env_count, seed=seed)
    evaluation_env = make_vec_env(task.env_id, n_envs=1, seed=seed + 10_000)
    model = make_model(task, env, seed)
    curve: list[dict[str, float]] = []
    paused_s = 0.0
    started = time.perf_counter()
    interval = task.total_steps // task.evaluation_count

    class Evaluate(BaseCallback):
        """Evaluates between rollouts, off the clock."""

        def _on_step(self) -> bool:
            return True

        def _on_rollout_start(self) -> None:
            nonlocal paused_s
            if self.num_timesteps < (len(curve) + 1) * interval:
                return
            before = time.perf_counter()
            mean, std = evaluate_policy(self.model, evaluation_env, n_eval_episodes=10, deterministic=True)
            curve.append(
                {
                    "steps": self.num_timesteps,
                    "return_mean": mean,
                    "return_std": std,
                    "wall_s": before - started - paused_s,
                }
            )
            paused_s += time.perf_counter() - before

    model.learn(task.total_steps, callback=Evaluate())
    wall_s = time.perf_counter() - started - paused_s
    mean, std = evaluate_policy(model, evaluation_env, n_eval_episodes=task.evaluation_episodes, deterministic=True)
    return {
        "peer": "stable-baselines3",
        "versions": {name: version(name) for name in ("stable-baselines3", "torch", "gymnasium", "numpy")},
        "python": platform.python_version(),
        "env_id": task.env_id,
        "seed": seed,
        "steps": int(model.num_timesteps),
        "network": list(task.network),
        "hyperparameters": resolved_hyperparameters(task),
        "evaluation_episodes": task.evaluation_episodes,
        "final_return_mean": float(mean),
        "final_return_std": float(std),
        "wall_s": wall_s,
        "curve": curve,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("env_id", choices=sorted(GYMNASIUM_TASKS))
    parser.add_argument("seed", type=int)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    result = run(GYMNASIUM_TASKS[arguments.env_id], arguments.seed)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(result, indent=1) + "\n")
    print(f"{arguments.env_id} seed {arguments.seed}: {result['final_return_mean']:.1f} in {result['wall_s']:.0f} s")


if __name__ == "__main__":
    main()
