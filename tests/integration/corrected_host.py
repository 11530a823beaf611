"""A host around the no-op world whose learner is corrected by an expert, and what was done and recorded in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from host_sdk import (
    ActionObject,
    AgentIds,
    Communicator,
    Controller,
    DAggerTrainer,
    DAggerTrainerSettings,
    DAggerTrainingSettings,
    FailureCode,
    Manager,
    Policy,
    PolicySettings,
)
from host_sdk.action_value import ActionValue
from host_sdk.mock_engine.noop_world import NoopInteractor, NoopTrainingEnvironment
from protocol.experience import FloatArray
from protocol.messages import Demonstrations

AGENT_COUNT = 4
EPISODE_STEPS = 16
MIXING = np.array([[0.5, -1.0], [1.0, 0.25], [-0.75, 0.5]], np.float32)


class Expert(Controller):
    """Does what follows from the observation.

    Attributes:
        asked: how often.
    """

    def __init__(self) -> None:
        self.asked = 0

    def evaluate_agent_controllers(self, action_object: ActionObject, agent_ids: AgentIds) -> ActionValue:
        self.asked += 1
        return action_object.continuous(expert_actions(self.interactor.observation_vectors[agent_ids]))


def expert_actions(observations: FloatArray) -> FloatArray:
    """float32[n, 2]: what the expert does."""
    actions: FloatArray = observations @ MIXING
    return actions


class CorrectedHost:
    """Four agents whose observations drift, and everything around them that a game has.

    Attributes:
        by_hand: bool[4] of each tick, whose action was the expert's.
        performed: float32[4, 2] of each tick.
    """

    def __init__(
        self,
        communicator: Communicator,
        *,
        policy_settings: PolicySettings | None = None,
        training_settings: DAggerTrainingSettings | None = None,
        recording: Any = None,
        **settings: Any,
    ) -> None:
        self.communicator = communicator
        self.manager = Manager(AGENT_COUNT)
        self.interactor = NoopInteractor(AGENT_COUNT, observation_size=3, action_size=2)
        self.interactor.setup_interactor(self.manager)
        self.environment = NoopTrainingEnvironment(AGENT_COUNT, episode_step_count=EPISODE_STEPS)
        self.environment.setup_training_environment(self.manager)
        self.expert = Expert.make_controller(self.manager, self.interactor)
        policy_settings = policy_settings or PolicySettings(hidden_sizes=(8,))
        self.policy = Policy.make_policy(self.manager, self.interactor, policy_settings)
        self.trainer = DAggerTrainer.make_dagger_trainer(
            self.manager,
            self.interactor,
            self.environment,
            self.policy,
            self.expert,
            communicator,
            recording,
            settings=DAggerTrainerSettings(**settings),
        )
        self.training_settings = training_settings
        self.by_hand: list[list[bool]] = []
        self.performed: list[FloatArray] = []
        self._random = np.random.default_rng(5)
        self.manager.add_agents([object() for _ in range(AGENT_COUNT)])

    def tick(self) -> None:
        """One frame of the game."""
        shape = self.interactor.observations.shape
        self.interactor.observations[:] = self._random.normal(size=shape).astype(np.float32)
        self.trainer.run_training(self.training_settings)
        self.by_hand.append(self.interactor.buffer.is_set_by_hand.tolist())
        self.performed.append(self.interactor.action_vectors.copy())

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

    def tick_until_failed(self, code: FailureCode, timeout_s: float = 30.0) -> str:
        """Plays until training has failed, and says why."""
        self.tick_until(lambda: self.trainer.has_training_failed, timeout_s)
        failure = self.trainer.training_failure
        assert failure is not None
        assert failure.code is code, str(failure)
        assert not self.trainer.is_training
        for _ in range(2 * EPISODE_STEPS):
            self.tick()
        return str(failure)


def holds_the_experts_actions(message: Demonstrations) -> bool:
    """Whether every step has what the expert would have done."""
    return bool(np.allclose(message.actions, expert_actions(message.observations), atol=1e-5))
