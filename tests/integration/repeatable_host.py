"""A host whose training can be repeated: `python -m tests.integration.repeatable_host`.

It trains points that are blown about to stay in the middle of a line, waits for every update, and says at the end how
it went in a line of JSON. It kills its trainer where it is told to.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from host_sdk import (
    Communicator,
    CommunicatorSettings,
    Interactor,
    Manager,
    Policy,
    PPOTrainer,
    PPOTrainingSettings,
    TrainerProcessSettings,
    TrainingEnvironment,
)
from host_sdk.action_element import ActionObjectElements
from host_sdk.action_object import ActionObject
from host_sdk.action_schema import ActionSchema
from host_sdk.manager import AgentIds
from host_sdk.observation_object import ObservationObject
from host_sdk.observation_schema import ObservationSchema
from host_sdk.observation_value import ObservationObjectElement
from protocol.completion import Completion
from protocol.policy_settings import PolicySettings
from protocol.schema import ActionElement, ObservationElement

MODULE = "tests.integration.repeatable_host"
REPOSITORY = Path(__file__).resolve().parents[2]
AGENT_COUNT = 4
STEPS_PER_UPDATE = 128
ALIVE_S = 100.0


class Windy(TrainingEnvironment):
    """Points on a line in a gusty wind; an episode ends where one is blown away, or after 30 steps."""

    def __init__(self) -> None:
        self.random = np.random.default_rng()  # seeded by nobody, unless `seed_episodes` does
        self.position: npt.NDArray[np.float64] = np.zeros(AGENT_COUNT)
        self.age: npt.NDArray[np.int64] = np.zeros(AGENT_COUNT, np.int64)

    def push(self, agent_ids: AgentIds, force: npt.NDArray[np.float32]) -> None:
        """One step."""
        wind = 0.2 * self.random.standard_normal(len(agent_ids))
        self.position[agent_ids] += 0.1 * np.clip(force, -2.0, 2.0) + wind
        self.age[agent_ids] += 1

    def gather_agent_rewards(self, agent_ids: AgentIds) -> npt.NDArray[np.float64]:
        rewards: npt.NDArray[np.float64] = 1.0 - np.abs(self.position[agent_ids])
        return rewards

    def gather_agent_completions(self, agent_ids: AgentIds) -> npt.NDArray[np.int64]:
        is_gone = np.abs(self.position[agent_ids]) > 1.0
        is_old = self.age[agent_ids] >= 30
        return np.where(is_gone, Completion.TERMINATION, np.where(is_old, Completion.TRUNCATION, Completion.RUNNING))

    def seed_episodes(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)

    def reset_agent_episodes(self, agent_ids: AgentIds) -> None:
        self.position[agent_ids] = self.random.uniform(-0.5, 0.5, len(agent_ids))
        self.age[agent_ids] = 0


class PointInteractor(Interactor):
    """Points see where they are and push themselves."""

    def __init__(self, environment: Windy) -> None:
        super().__init__()
        self._environment = environment

    def specify_agent_observation(self, observation_schema: ObservationSchema) -> ObservationElement:
        return observation_schema.continuous(1)

    def specify_agent_action(self, action_schema: ActionSchema) -> ActionElement:
        return action_schema.continuous(1)

    def gather_agent_observations(
        self, observation_object: ObservationObject, agent_ids: AgentIds
    ) -> ObservationObjectElement:
        return observation_object.continuous(self._environment.position[agent_ids][:, None])

    def perform_agent_actions(
        self, action_object: ActionObject, action_object_elements: ActionObjectElements, agent_ids: AgentIds
    ) -> None:
        self._environment.push(agent_ids, action_object.get_continuous(action_object_elements)[:, 0])


def run_host(*arguments: str) -> dict[str, Any]:
    """What one said, once it is over."""
    command = [sys.executable, "-m", MODULE, *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, timeout=2 * ALIVE_S, text=True, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def make_trainer(options: argparse.Namespace) -> PPOTrainer:
    process = TrainerProcessSettings(
        results_directory=options.results,
        run_id=options.run_id,
        low_priority=False,
        stop_timeout_s=1.0,
        arguments=("--checkpoint-interval", str(options.checkpoint_interval), *options.trainer_arguments),
        max_lifetime_restarts=options.restarts,
        restarts_rate_limit_n=-1,
    )
    manager = Manager(AGENT_COUNT)
    environment = Windy()
    interactor = PointInteractor(environment)
    interactor.setup_interactor(manager)
    environment.setup_training_environment(manager)
    settings = PolicySettings(hidden_sizes=(8,), memory_cell="gru" if options.remembers else "none")
    policy = Policy.make_policy(manager, interactor, settings)
    line = Communicator.make_launched(process, CommunicatorSettings(connect_timeout_s=ALIVE_S))
    trainer = PPOTrainer.make_ppo_trainer(manager, interactor, environment, policy, communicator=line)
    manager.add_agents([object() for _ in range(AGENT_COUNT)])
    return trainer


def kill(trainer: PPOTrainer, iteration: int) -> None:
    """Kills the trainer, once it has written the checkpoint of that iteration."""
    checkpoint = Path(trainer.run_directory) / "checkpoints" / f"{iteration:09d}"
    limit_s = time.monotonic() + ALIVE_S
    while not checkpoint.is_dir() and time.monotonic() < limit_s:
        time.sleep(0.002)
    process_id = trainer.communicator.trainer_process_id
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--iterations", type=int, required=True)
    parser.add_argument("--checkpoint-interval", type=int, required=True)
    parser.add_argument("--kill-at", type=int, default=-1, help="the iteration after which the trainer dies")
    parser.add_argument("--restarts", type=int, default=0)
    parser.add_argument("--remembers", action="store_true", help="a policy with a memory")
    parser.add_argument("trainer_arguments", nargs="*")
    options = parser.parse_args()
    trainer = make_trainer(options)
    settings = PPOTrainingSettings(
        synchronous=True,
        steps_per_update=STEPS_PER_UPDATE,
        total_steps=options.iterations * STEPS_PER_UPDATE,
        minibatch_size=32,
        epochs=2,
        reward_scaling=True,
        learning_rate=3e-3,
    )
    trainer.run_training(settings, reset_agents_on_update=True)
    first = trainer.iteration
    while trainer.is_training:
        if trainer.iteration == options.kill_at:
            kill(trainer, options.kill_at // options.checkpoint_interval * options.checkpoint_interval)
            options.kill_at = -1
        trainer.run_training(settings, reset_agents_on_update=True)
    failure = trainer.training_failure
    said = {
        "first_iteration": first,
        "iteration": trainer.iteration,
        "version": trainer.policy.version,
        "weights": trainer.policy.snapshot().values.tobytes().hex(),
        "run_directory": trainer.run_directory,
        "restarts": trainer.restart_count,
        "failure": None if failure is None else str(failure),
    }
    trainer.communicator.close()
    print(json.dumps(said))


if __name__ == "__main__":
    main()
