"""Stable-Baselines3's side of `bench end_to_end`, in an environment where it is installed, from the project's root.

`python -m tools.bench.peers.stable_baselines3_training CartPole-v1 SEED --level 400 --window 20 --threads 1`; a number
of `--steps` in place of the task's own stops earlier.
"""

from __future__ import annotations

import argparse
import json
from collections import deque

import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env

from tools.bench.learning_tasks import GYMNASIUM_TASKS
from tools.bench.peers.stable_baselines3_learning import make_model


def say(**values: object) -> None:
    """One line for whoever follows."""
    print(json.dumps(values), flush=True)


class Report(BaseCallback):
    """Says how far it is after each update, and stops at the level."""

    def __init__(self, window: int, level: float, steps: int) -> None:
        super().__init__()
        self._returns: deque[float] = deque(maxlen=window)
        self._window = window
        self._level = level
        self._steps = steps
        self._episodes = 0
        self._is_over = False

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                self._returns.append(float(info["episode"]["r"]))
                self._episodes += 1
        return not self._is_over

    def _on_rollout_start(self) -> None:
        if self.num_timesteps == 0:
            say()
        else:
            self.report()

    def _on_training_end(self) -> None:
        if not self._is_over:
            self.report()

    def report(self) -> None:
        """One line, and the judgement."""
        mean = sum(self._returns) / self._window if len(self._returns) == self._window else None
        say(steps=self.num_timesteps, episodes=self._episodes, return_mean=mean)
        has_level = mean is not None and mean >= self._level
        self._is_over = has_level or self.num_timesteps >= self._steps


def main() -> None:
    """Reads the command line and trains."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("env_id", choices=sorted(GYMNASIUM_TASKS))
    parser.add_argument("seed", type=int)
    parser.add_argument("--level", type=float, required=True)
    parser.add_argument("--window", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--steps", type=int, default=0)
    arguments = parser.parse_args()
    task = GYMNASIUM_TASKS[arguments.env_id]
    torch.set_num_threads(arguments.threads)
    env = make_vec_env(task.env_id, n_envs=task.env_count, seed=arguments.seed)
    model = make_model(task, env, arguments.seed)
    steps = arguments.steps or task.total_steps
    model.learn(task.total_steps, callback=Report(arguments.window, arguments.level, steps))


if __name__ == "__main__":
    main()
