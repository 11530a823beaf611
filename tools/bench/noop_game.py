"""A game in which nothing happens, around the whole SDK: what the benches of the host side play."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from host_sdk import (
    Communicator,
    CommunicatorSettings,
    Manager,
    Policy,
    PPOTrainer,
    PPOTrainingSettings,
    TrainerProcessSettings,
)
from host_sdk.mock_engine.noop_world import NoopInteractor, NoopTrainingEnvironment
from protocol.policy_settings import CriticSettings, MemoryCell, PolicySettings

OBSERVATION_SIZE = 64
ACTION_SIZE = 8
HIDDEN_SIZES = (128, 128)
MEMORY_UNITS = 64
EPISODE_STEP_COUNT = 500


def echo_process(steps_per_hand_off: int) -> TrainerProcessSettings:
    """A trainer that consumes without learning."""
    command = (sys.executable, "-m", "tools.echo_trainer", "--steps", str(steps_per_hand_off))
    return TrainerProcessSettings(command=command)


class NoopGame:
    """N agents with 64 observed floats and 8 continuous actions, nets 64-128-128-8, batched callbacks."""

    def __init__(
        self,
        agent_count: int,
        trainer: TrainerProcessSettings | Communicator,
        *,
        training_settings: PPOTrainingSettings | None = None,
        communicator_settings: CommunicatorSettings | None = None,
        hidden_sizes: tuple[int, ...] = HIDDEN_SIZES,
        memory_cell: MemoryCell = "none",
        trainer_class: type[PPOTrainer] = PPOTrainer,
    ) -> None:
        """
        Args:
            agent_count: agents, all there from the start.
            trainer: how to launch one, or the line to it.
            training_settings: what to ask of it.
            communicator_settings: how long to wait for a trainer that is launched.
            hidden_sizes: of the policy and the critic.
            memory_cell: of the policy, with 64 units.
            trainer_class: of the trainer object.
        """
        if isinstance(trainer, TrainerProcessSettings):
            trainer = Communicator.make_launched(trainer, communicator_settings)
        self.communicator = trainer
        self.manager = Manager(agent_count)
        self.interactor = NoopInteractor(agent_count, observation_size=OBSERVATION_SIZE, action_size=ACTION_SIZE)
        self.interactor.setup_interactor(self.manager)
        self.environment = NoopTrainingEnvironment(agent_count, episode_step_count=EPISODE_STEP_COUNT)
        self.environment.setup_training_environment(self.manager)
        settings = PolicySettings(hidden_sizes=hidden_sizes, memory_cell=memory_cell, memory_state_size=MEMORY_UNITS)
        self.policy = Policy.make_policy(self.manager, self.interactor, settings)
        self.trainer = trainer_class.make_ppo_trainer(
            self.manager,
            self.interactor,
            self.environment,
            self.policy,
            communicator=self.communicator,
            critic_settings=CriticSettings(hidden_sizes=hidden_sizes),
        )
        self._training_settings = training_settings
        self.manager.add_agents([object() for _ in range(agent_count)])

    def tick(self) -> None:
        """One frame: the SDK's part of it."""
        self.trainer.run_training(self._training_settings)

    def play_until(self, condition: Callable[[], bool], timeout_s: float = 120.0) -> None:
        """Plays at up to 1,000 frames a second until the condition holds. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"still waiting after {timeout_s:g} s: {self.trainer.training_failure}")
            self.tick()
            time.sleep(0.001)

    def play_until_collecting(self) -> None:
        """Plays until the trainer has answered."""
        self.play_until(lambda: self.trainer.is_collecting or self.trainer.has_training_failed)
        if self.trainer.has_training_failed:
            raise RuntimeError(str(self.trainer.training_failure))

    def close(self) -> None:
        """Ends the training and the trainer."""
        self.communicator.close()
