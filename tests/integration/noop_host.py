"""A host around the no-op world, for tests of what a host does while its trainer misbehaves."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from host_sdk import (
    Communicator,
    CommunicatorSettings,
    FailureCode,
    Manager,
    Policy,
    PPOTrainer,
    PPOTrainerSettings,
    PPOTrainingSettings,
    TrainerProcessSettings,
)
from host_sdk.mock_engine.noop_world import NoopInteractor, NoopTrainingEnvironment
from protocol.policy_settings import PolicySettings

FAKE_TRAINER = Path(__file__).with_name("fake_trainer.py")
QUICK = CommunicatorSettings(
    connect_timeout_s=20.0, heartbeat_interval_s=0.2, dead_after_s=1.0, learner_progress_timeout_s=2.5
)


def fake_process(fault: str, *arguments: str, **options: Any) -> TrainerProcessSettings:
    """How to launch the fake trainer with a fault."""
    return TrainerProcessSettings(
        command=(sys.executable, str(FAKE_TRAINER), "--fault", fault, *arguments), stop_timeout_s=1.0, **options
    )


class NoopHost:
    """Four agents in a world without events, and everything around them that a game has.

    Attributes:
        shared_memory: whether arrays went through shared memory when it collected last; None before.
    """

    def __init__(
        self,
        communicator: Communicator,
        *,
        agent_count: int = 4,
        episode_step_count: int | None = 16,
        training_settings: PPOTrainingSettings | None = None,
        trainer_settings: PPOTrainerSettings | None = None,
        observation_size: int = 3,
        hidden_sizes: tuple[int, ...] = (8,),
        environment: NoopTrainingEnvironment | None = None,
    ) -> None:
        self.communicator = communicator
        self.manager = Manager(agent_count)
        self.interactor = NoopInteractor(agent_count, observation_size=observation_size, action_size=2)
        self.interactor.setup_interactor(self.manager)
        self.environment = environment or NoopTrainingEnvironment(agent_count, episode_step_count=episode_step_count)
        self.environment.setup_training_environment(self.manager)
        self.policy = Policy.make_policy(self.manager, self.interactor, PolicySettings(hidden_sizes=hidden_sizes))
        self.trainer = self.make_trainer(trainer_settings)
        self.training_settings = training_settings or PPOTrainingSettings()
        self.manager.add_agents([object() for _ in range(agent_count)])
        self.tick_count = 0
        self.shared_memory: bool | None = None

    def make_trainer(self, settings: PPOTrainerSettings | None) -> PPOTrainer:
        """What trains it."""
        return PPOTrainer.make_ppo_trainer(
            self.manager,
            self.interactor,
            self.environment,
            self.policy,
            communicator=self.communicator,
            settings=settings,
        )

    @classmethod
    def launching(
        cls, fault: str, *arguments: str, settings: CommunicatorSettings = QUICK, **options: object
    ) -> NoopHost:
        """A host that launches the fake trainer."""
        return cls(Communicator.make_launched(fake_process(fault, *arguments), settings), **options)  # type: ignore[arg-type]

    def tick(self) -> None:
        """One frame of the game."""
        self.trainer.run_training(self.training_settings)
        self.tick_count += 1
        if self.trainer.is_collecting:
            self.shared_memory = self.communicator.shares_memory

    def tick_until(self, condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
        """Plays at up to 1,000 frames a second until the condition holds."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"still waiting after {timeout_s} s; {self.trainer.training_failure}"
            self.tick()
            time.sleep(0.001)

    def tick_until_failed(self, code: FailureCode, timeout_s: float = 30.0) -> str:
        """Plays until training has failed, and says why."""
        self.tick_until(lambda: self.trainer.has_training_failed, timeout_s)
        failure = self.trainer.training_failure
        assert failure is not None
        assert failure.code is code, str(failure)
        assert failure.remedy
        assert not self.trainer.is_training
        for _ in range(10):
            self.tick()
        return str(failure)
