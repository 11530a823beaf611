"""A host around the no-op world whose policy is trained by imitation, while its agents act."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from host_sdk import (
    Communicator,
    CommunicatorSettings,
    FailureCode,
    ImitationTrainer,
    ImitationTrainerSettings,
    ImitationTrainingSettings,
    Manager,
    Policy,
    PolicySettings,
)
from host_sdk.mock_engine.noop_world import NoopInteractor
from tests.host_sdk.recorded_episodes import EpisodesInMemory, random_recording

from .noop_host import QUICK, fake_process


class ImitatingHost:
    """Four agents, and everything around them that a game has which imitates.

    Attributes:
        recording: what is imitated.
    """

    def __init__(
        self,
        communicator: Communicator,
        *step_counts: int,
        observation_size: int = 3,
        policy_settings: PolicySettings | None = None,
        training_settings: ImitationTrainingSettings | None = None,
        behavior: str = "default",
    ) -> None:
        self.communicator = communicator
        self.manager = Manager(4)
        self.interactor = NoopInteractor(4, observation_size=observation_size, action_size=2)
        self.interactor.setup_interactor(self.manager)
        settings = policy_settings or PolicySettings(hidden_sizes=(8,))
        self.policy = Policy.make_policy(self.manager, self.interactor, settings)
        self.trainer = ImitationTrainer.make_imitation_trainer(
            self.manager,
            self.interactor,
            self.policy,
            communicator,
            settings=ImitationTrainerSettings(behavior=behavior),
        )
        self.training_settings = training_settings
        self.recording: EpisodesInMemory = random_recording(self.interactor, *step_counts)
        self.manager.add_agents([object() for _ in range(4)])
        self.longest_tick_s = 0.0

    @classmethod
    def launching(
        cls,
        fault: str,
        *step_counts: int,
        arguments: tuple[str, ...] = (),
        settings: CommunicatorSettings = QUICK,
        **options: Any,
    ) -> ImitatingHost:
        """A host that launches the fake trainer."""
        return cls(Communicator.make_launched(fake_process(fault, *arguments), settings), *step_counts, **options)

    def tick(self) -> None:
        """One frame of the game."""
        began_s = time.perf_counter()
        self.trainer.run_training(self.recording, self.training_settings)
        self.longest_tick_s = max(self.longest_tick_s, time.perf_counter() - began_s)
        self.policy.run_inference()

    def tick_until(self, condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
        """Plays at up to 1,000 frames a second until the condition holds."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"still waiting after {timeout_s} s; {self.trainer.training_failure}"
            self.tick()
            time.sleep(0.001)

    def train_until(self, condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
        """Plays until the condition holds, which must be before training fails."""
        self.tick_until(lambda: self.trainer.has_training_failed or condition(), timeout_s)
        assert not self.trainer.has_training_failed, str(self.trainer.training_failure)

    def train_to_the_end(self, timeout_s: float = 30.0) -> None:
        """Plays until training is complete."""
        self.tick()
        self.train_until(lambda: not self.trainer.is_training, timeout_s)

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
