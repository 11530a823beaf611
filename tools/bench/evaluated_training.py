"""A training on a Gymnasium world that is looked at all along: whole episodes by the policy's mode after its updates.

`python -m tools.bench.evaluated_training JOB`, where JOB is the JSON of a `Training`. Prints a line of JSON for each
evaluation; `wall_s` leaves evaluations out. The trainer waits for the world, and the world for the trainer.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from host_sdk import Communicator, PolicyController, PPOTrainer, PPOTrainingSettings, TrainerProcessSettings
from host_sdk.adapters.gymnasium.host import GymnasiumHost, environment_maker
from host_sdk.adversarial_trainer import AdversarialTrainer
from host_sdk.adversarial_training_settings import AdversarialTrainingSettings
from host_sdk.dagger_trainer import DAggerTrainer
from host_sdk.dagger_training_settings import DAggerTrainingSettings
from host_sdk.host_program.episode_evaluation import evaluate_episodes
from host_sdk.host_program.training_loop import tick_patiently
from host_sdk.policy import Policy
from host_sdk.settings import DAggerTrainerSettings
from host_sdk.trainer import Trainer
from protocol.policy_file import load_policy
from protocol.policy_settings import CriticSettings, PolicySettings
from protocol.recording import RecordingReader
from tools.bench.learning_run import EVALUATION_SEED_OFFSET

EVALUATION_COPIES = 20
SHOWN = ("approximate_kl", "entropy", "explained_variance", "return_mean")


@dataclass(frozen=True)
class Training:
    """What is trained, how often that is looked at, and when it is over.

    Attributes:
        env_id: the world.
        seed: of the run.
        copies: of the world.
        results: folder of its run.
        settings: the trainer's, by name.
        policy: settings of the policy's network, by name; the critic's has the same hidden layers.
        method: of learning.
        demonstrations: recording that GAIL and AIRL imitate; of DAgger the policy file of its expert.
        start: policy file to go on from.
        save: where the policy that was evaluated best is kept.
        interval: updates from one evaluation to the next.
        episodes: of an evaluation.
        level: mean return at which training is over; None trains on to its last step.
        times: evaluations in a row that must reach it.
        minimum_updates: that are made whatever was reached before.
    """

    env_id: str
    seed: int
    copies: int
    results: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    policy: Mapping[str, Any] = field(default_factory=dict)
    method: Literal["ppo", "gail", "airl", "dagger"] = "ppo"
    demonstrations: str = ""
    start: str = ""
    save: str = ""
    interval: int = 1
    episodes: int = 100
    level: float | None = None
    times: int = 1
    minimum_updates: int = 0

    def command(self) -> list[str]:
        """What runs it."""
        return [sys.executable, "-m", "tools.bench.evaluated_training", json.dumps(asdict(self))]

    @property
    def policy_settings(self) -> PolicySettings:
        """Of the file that it goes on from, where there is one."""
        if self.start:
            return load_policy(self.start).policy_settings
        values = {**self.policy, "hidden_sizes": tuple(self.policy.get("hidden_sizes", (128, 128)))}
        return PolicySettings(**values, seed=self.seed)


class Watcher:
    """Evaluates a policy in worlds of its own, the same ones each time, and keeps the best."""

    def __init__(self, training: Training, policy: Policy) -> None:
        self._training = training
        self._policy = policy
        self._best = -float("inf")
        self._reached = 0
        self._paused_s = 0.0
        self._started_s = time.perf_counter()

    def evaluate(self, update: int, metrics: Mapping[str, float]) -> bool:
        """Plays and prints a line; returns whether the level was reached as often as it must be."""
        before_s = time.perf_counter()
        training, copies = self._training, min(EVALUATION_COPIES, self._training.episodes)
        seed = training.seed + EVALUATION_SEED_OFFSET
        maker = environment_maker(training.env_id)
        with GymnasiumHost(maker, copies, seed=seed, policy_settings=self._policy.settings) as host:
            host.policy.apply_snapshot(self._policy.snapshot())
            figures = evaluate_episodes(host, training.episodes).figures()
        mean = float(figures["return_mean"])
        if mean > self._best and training.save:
            self._policy.save_policy(training.save)
        self._best = max(self._best, mean)
        line = {
            "update": update,
            "steps": round(metrics.get("steps", 0.0)),
            "return_mean": mean,
            "return_std": figures["return_std"],
            "wall_s": round(before_s - self._started_s - self._paused_s, 3),
            "training": {name: round(metrics[name], 5) for name in SHOWN if name in metrics},
        }
        print(json.dumps(line), flush=True)
        self._reached = self._reached + 1 if training.level is not None and mean >= training.level else 0
        self._paused_s += time.perf_counter() - before_s
        return self._reached >= training.times and update >= training.minimum_updates


def make_trainer(
    training: Training, host: GymnasiumHost, communicator: Communicator
) -> tuple[Trainer, Callable[[], None]]:
    """The trainer and one tick of the world with it."""
    values: dict[str, Any] = {**training.settings, "seed": training.seed}
    parts = host.manager, host.interactor, host.environment, host.policy
    if training.method == "dagger":
        expert = PolicyController.make_policy_controller(host.manager, host.interactor, training.demonstrations)
        synchronous = DAggerTrainerSettings(is_synchronous=True)
        dagger = DAggerTrainer.make_dagger_trainer(*parts, expert, communicator, settings=synchronous)
        labelled = DAggerTrainingSettings(**values)
        return dagger, lambda: dagger.run_training(labelled)
    policy = host.policy.settings
    critic = CriticSettings(hidden_sizes=policy.hidden_sizes, activation=policy.activation)
    values["synchronous"] = True
    if training.method == "ppo":
        ppo = PPOTrainer.make_ppo_trainer(*parts, communicator=communicator, critic_settings=critic)
        rewarded = PPOTrainingSettings(**values)
        return ppo, lambda: tick_patiently(ppo, rewarded)
    reader = RecordingReader(training.demonstrations)
    adversarial = AdversarialTrainer.make_adversarial_trainer(
        *parts, reader, training.method, communicator=communicator, critic_settings=critic
    )
    imitated = AdversarialTrainingSettings(**values)
    return adversarial, lambda: tick_patiently(adversarial, imitated)


def train(training: Training) -> int:
    """Trains, and evaluates before the first update and after each `interval` of them; the exit status."""
    communicator = Communicator.make_launched(TrainerProcessSettings(results_directory=training.results))
    settings, maker = training.policy_settings, environment_maker(training.env_id)
    with GymnasiumHost(maker, training.copies, seed=training.seed, policy_settings=settings) as host:
        if training.start:
            host.policy.load_policy(training.start)
        trainer, tick = make_trainer(training, host, communicator)
        try:
            _play(trainer, tick, training, Watcher(training, host.policy))
        finally:
            trainer.end_training()
            communicator.close()
    if trainer.has_training_failed:
        print(trainer.training_failure, file=sys.stderr)
    return 1 if trainer.has_training_failed else 0


def _play(trainer: Trainer, tick: Callable[[], None], training: Training, watcher: Watcher) -> None:
    watcher.evaluate(0, {})
    iteration = 0
    tick()
    while trainer.is_training:
        tick()
        is_last = not trainer.is_training
        if trainer.iteration != iteration and (is_last or trainer.iteration % training.interval == 0):
            iteration = trainer.iteration
            if watcher.evaluate(iteration, trainer.metrics):
                return


def main() -> int:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", type=lambda text: Training(**json.loads(text)), metavar="JOB")
    return train(parser.parse_args().job)


if __name__ == "__main__":
    sys.exit(main())
