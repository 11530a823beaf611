"""A small world with the behaviors of ML-Agents' examples, as a program: `python -m tests.integration.example_world`.

Agents see numbers, and some of them pictures; they move numbers, and choose in branches. Where they are drawn to a goal
by what they do, so that there is something to learn; all that an example is about is in its configuration file.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from host_sdk import (
    ActionObject,
    ActionObjectElement,
    ActionSchema,
    AgentIds,
    Communicator,
    Completion,
    Interactor,
    Manager,
    ObservationObject,
    ObservationObjectElement,
    ObservationSchema,
    Policy,
    PPOTrainer,
    PPOTrainerSettings,
    PPOTrainingSettings,
    RunSettings,
    TrainingEnvironment,
)
from host_sdk.host_program.training_loop import exit_code_of
from protocol.schema import ActionElement, ObservationElement

EPISODE_STEP_COUNT = 20


@dataclass(frozen=True)
class Body:
    """What an agent sees and does.

    Attributes:
        vector_size: numbers that it sees.
        image_side: of a square picture, in pixels; 0 for none.
        continuous_size: numbers that it moves.
        branches: options of each choice.
    """

    vector_size: int
    image_side: int = 0
    continuous_size: int = 0
    branches: tuple[int, ...] = ()


BODIES = {
    "BalanceBall": Body(8, continuous_size=2),
    "Walker": Body(24, continuous_size=6),
    "CrawlerStatic": Body(16, continuous_size=4),
    "CrawlerDynamic": Body(16, continuous_size=4),
    "Hallway": Body(12, branches=(5,)),
    "SmallWallJump": Body(9, branches=(3, 3, 3, 2)),
    "BigWallJump": Body(9, branches=(3, 3, 3, 2)),
    "VisualGrid": Body(1, image_side=20, branches=(5,)),
    "FoodCollector": Body(2, image_side=20, continuous_size=3, branches=(2,)),
    "PushBlock": Body(10, branches=(7,)),
}


class ExampleInteractor(Interactor):
    """Agents of one body."""

    def __init__(self, body: Body, agent_count: int) -> None:
        super().__init__()
        self.body = body
        self.states: npt.NDArray[np.float64] = np.zeros((agent_count, body.vector_size))
        self._pixels = np.random.default_rng(1).integers(0, 256, (agent_count, body.image_side, body.image_side, 1))

    def specify_agent_observation(self, schema: ObservationSchema) -> ObservationElement:
        elements = {"state": schema.continuous(self.body.vector_size)}
        if self.body.image_side:
            elements["picture"] = schema.image(self.body.image_side, self.body.image_side, channels=1)
        return schema.struct(elements)

    def specify_agent_action(self, schema: ActionSchema) -> ActionElement:
        elements = {f"branch {index}": schema.exclusive_discrete(size) for index, size in enumerate(self.body.branches)}
        if self.body.continuous_size:
            elements["move"] = schema.continuous(self.body.continuous_size, bounding="clip", low=-1.0, high=1.0)
        return schema.struct(elements)

    def gather_agent_observations(self, made: ObservationObject, agent_ids: AgentIds) -> ObservationObjectElement:
        elements = {"state": made.continuous(self.states[agent_ids])}
        if self.body.image_side:
            elements["picture"] = made.image(self._pixels[agent_ids].astype(np.uint8))
        return made.struct(elements)

    def perform_agent_actions(self, made: ActionObject, action: ActionObjectElement, agent_ids: AgentIds) -> None:
        parts = made.get_struct(action)
        push = sum(
            (np.asarray(made.get_exclusive_discrete(parts[name]), np.float64) for name in parts if name != "move"),
            np.zeros(len(agent_ids)),
        )
        if "move" in parts:
            push = push + made.get_continuous(parts["move"]).sum(axis=1)
        self.states[agent_ids] = 0.9 * self.states[agent_ids] + 0.1 * push[:, np.newaxis]


class ExampleEnvironment(TrainingEnvironment):
    """Rewards for being near 1; episodes of a fixed length."""

    def __init__(self, interactor: ExampleInteractor, agent_count: int) -> None:
        super().__init__()
        self._interactor = interactor
        self._ages = np.zeros(agent_count, np.int64)
        self._random = np.random.default_rng(0)

    def gather_agent_rewards(self, agent_ids: AgentIds) -> npt.NDArray[np.float64]:
        rewards: npt.NDArray[np.float64] = -np.abs(self._interactor.states[agent_ids, 0] - 1.0)
        return rewards

    def gather_agent_completions(self, agent_ids: AgentIds) -> npt.NDArray[np.int64]:
        self._ages[agent_ids] += 1
        return np.where(self._ages[agent_ids] >= EPISODE_STEP_COUNT, Completion.TRUNCATION, Completion.RUNNING)

    def reset_agent_episodes(self, agent_ids: AgentIds) -> None:
        self._ages[agent_ids] = self._random.integers(0, 4, len(agent_ids))
        self._interactor.states[agent_ids] = self._random.normal(
            size=(len(agent_ids), self._interactor.body.vector_size)
        )


def make_trainer(name: str, run: RunSettings, communicator: Communicator) -> PPOTrainer:
    """One behavior, with as many agents as the run has training areas, at least 4."""
    count = max(4, run.num_areas)
    manager = Manager(count)
    interactor = ExampleInteractor(BODIES[name], count)
    interactor.setup_interactor(manager)
    environment = ExampleEnvironment(interactor, count)
    environment.setup_training_environment(manager)
    policy = Policy.make_policy(manager, interactor, run.policy_settings(name))
    trainer = PPOTrainer.make_ppo_trainer(
        manager,
        interactor,
        environment,
        policy,
        communicator=communicator,
        settings=PPOTrainerSettings(behavior=name, action_noise_scale=run.action_noise_scale),
        critic_settings=run.critic_settings(name),
    )
    manager.add_agents([object() for _ in range(count)])
    return trainer


def main() -> int:
    """Plays until all trainings are over; says in a line of JSON what the policies were at last."""
    parser = argparse.ArgumentParser()
    parser.add_argument("behaviors", nargs="+", choices=sorted(BODIES))
    parser.add_argument("--crash-at-version", type=int, default=0, help="end with exit code 3 once a policy is so new")
    options = parser.parse_args()
    run, communicator = RunSettings.from_environment(), Communicator.from_environment()
    trainers = [make_trainer(name, run, communicator) for name in options.behaviors]
    try:
        while not communicator.failure:
            for trainer in trainers:
                trainer.run_training(PPOTrainingSettings())
            if all(not trainer.is_training for trainer in trainers):
                break
            if options.crash_at_version and max(each.policy.version for each in trainers) >= options.crash_at_version:
                return 3
            if not any(trainer.is_recording for trainer in trainers):
                time.sleep(0.001)
        failed = [trainer for trainer in trainers if trainer.has_training_failed]
        for trainer in failed:
            print(trainer.training_failure, file=sys.stderr)
        told = {name: trainer.policy.version for name, trainer in zip(options.behaviors, trainers, strict=True)}
        print(json.dumps({"versions": told, "time_scale": run.engine.time_scale}), flush=True)
        return max((exit_code_of(trainer, is_whole=trainer not in failed) for trainer in trainers), default=0)
    finally:
        communicator.close()


if __name__ == "__main__":
    sys.exit(main())
