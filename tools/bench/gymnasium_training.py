"""Our side of `bench end_to_end`: a host with copies of a Gymnasium world and the trainer that it launches.

`python -m tools.bench.gymnasium_training CartPole-v1 SEED --level 400 --window 20 --results FOLDER [--asynchronous]`
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, SupportsFloat

import gymnasium

from host_sdk import Communicator, PPOTrainer, PPOTrainingSettings, TrainerProcessSettings
from host_sdk.adapters.gymnasium.host import GymnasiumHost
from host_sdk.host_program.training_loop import tick_patiently
from protocol.policy_settings import CriticSettings, PolicySettings
from tools.bench.learning_run import training_settings
from tools.bench.learning_tasks import GYMNASIUM_TASKS, LearningTask


class EpisodeReturns(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Adds up rewards and keeps each finished episode's sum in a list that all copies share."""

    def __init__(self, env: gymnasium.Env[Any, Any], returns: list[float]) -> None:
        super().__init__(env)
        self._returns = returns
        self._sum = 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self._sum = 0.0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        result = self.env.step(action)
        self._sum += float(result[1])
        if result[2] or result[3]:
            self._returns.append(self._sum)
        return result


def say(**values: object) -> None:
    """One line for whoever follows."""
    print(json.dumps(values), flush=True)


def train(task: LearningTask, arguments: argparse.Namespace) -> int:
    """Trains until the level or the last step; the exit status."""
    returns: list[float] = []
    policy = PolicySettings(
        hidden_sizes=task.network,
        activation="relu" if task.activation == "relu" else "tanh",
        normalize_observations=False,
        seed=arguments.seed,
    )
    critic = CriticSettings(hidden_sizes=task.network, activation=policy.activation)
    values: dict[str, Any] = {**training_settings(task), "synchronous": not arguments.asynchronous}
    settings = PPOTrainingSettings(**values, seed=arguments.seed)
    process = TrainerProcessSettings(results_directory=arguments.results)
    communicator = Communicator.make_launched(process)

    def make_world() -> gymnasium.Env[Any, Any]:
        return EpisodeReturns(gymnasium.make(task.env_id), returns)

    with GymnasiumHost(make_world, task.env_count, seed=arguments.seed, policy_settings=policy) as host:
        trainer = PPOTrainer.make_ppo_trainer(
            host.manager,
            host.interactor,
            host.environment,
            host.policy,
            communicator=communicator,
            critic_settings=critic,
        )
        try:
            is_over = _play(trainer, settings, returns, arguments)
        finally:
            trainer.end_training()
            communicator.close()
    if not is_over:
        print(trainer.training_failure, file=sys.stderr)
    return 0 if is_over else 1


def _play(
    trainer: PPOTrainer, settings: PPOTrainingSettings, returns: list[float], arguments: argparse.Namespace
) -> bool:
    """Ticks to the end; whether that was a good one."""
    tick_patiently(trainer, settings)
    say()
    iteration = 0
    while trainer.is_training:
        tick_patiently(trainer, settings)
        if trainer.iteration == iteration:
            continue
        iteration = trainer.iteration
        last = returns[-arguments.window :]
        mean = sum(last) / len(last) if len(last) == arguments.window else None
        say(steps=round(trainer.metrics["steps"]), episodes=len(returns), return_mean=mean)
        if mean is not None and mean >= arguments.level:
            return True
    return not trainer.has_training_failed


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("env_id", choices=sorted(GYMNASIUM_TASKS))
    parser.add_argument("seed", type=int)
    parser.add_argument("--level", type=float, required=True, help="mean return at which to stop")
    parser.add_argument("--window", type=int, required=True, help="episodes of that mean")
    parser.add_argument("--results", required=True, metavar="FOLDER")
    parser.add_argument("--asynchronous", action="store_true")
    arguments = parser.parse_args()
    return train(GYMNASIUM_TASKS[arguments.env_id], arguments)


if __name__ == "__main__":
    sys.exit(main())
