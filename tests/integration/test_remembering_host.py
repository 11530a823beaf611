"""A host whose agents see pictures, remember and are bound, with a critic of its own, trained by the real trainer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from host_sdk import (
    Communicator,
    CommunicatorSettings,
    Critic,
    Policy,
    PPOTrainer,
    PPOTrainingSettings,
    TrainerProcessSettings,
)
from host_sdk.mock_engine.noop_world import NoopTrainingEnvironment
from protocol.policy_settings import CriticSettings
from tests.host_sdk.seeing_game import SETTINGS, BoundInteractor
from tests.host_sdk.small_game import make_manager
from trainer_process.checkpoint import load_checkpoint

from .real_trainer import HANG_S

AGENTS = 4


class RememberingHost:
    """Agents with pictures, a memory cell, action modifiers and a critic, in episodes of ten steps."""

    def __init__(self, folder: Path, cell: str, shared_memory: bool) -> None:
        process = TrainerProcessSettings(results_directory=folder, low_priority=False, stop_timeout_s=10.0)
        settings = CommunicatorSettings(connect_timeout_s=HANG_S, shared_memory=shared_memory)
        self.communicator = Communicator.make_launched(process, settings)
        manager = make_manager(AGENTS)
        interactor = BoundInteractor.make_interactor(manager)
        environment = NoopTrainingEnvironment(AGENTS, episode_step_count=10)
        environment.setup_training_environment(manager)
        self.policy = Policy.make_policy(manager, interactor, replace(SETTINGS, memory_cell=cell))
        self.critic = Critic.make_critic(manager, interactor, self.policy, CriticSettings(hidden_sizes=(8,)))
        self.trainer = PPOTrainer.make_ppo_trainer(
            manager, interactor, environment, self.policy, self.critic, self.communicator
        )
        self._training_settings = PPOTrainingSettings(
            steps_per_update=64, minibatch_size=32, epochs=2, learning_rate=0.01, synchronous=True
        )

    def train_until(self, condition: Callable[[], bool]) -> None:
        limit_s = time.monotonic() + HANG_S
        while not condition():
            assert time.monotonic() < limit_s
            self.trainer.run_training(self._training_settings)
            assert not self.trainer.has_training_failed, str(self.trainer.training_failure)


@pytest.fixture(params=[("gru", True), ("lstm", False)], ids=["gru-shared-memory", "lstm-socket"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RememberingHost]:
    made = RememberingHost(tmp_path, *request.param)
    yield made
    made.trainer.end_training()
    made.communicator.close()


def test_it_is_trained_and_its_critic_is_the_trainer_s(host: RememberingHost, tmp_path: Path) -> None:
    first = host.critic.snapshot().values
    host.train_until(lambda: host.policy.version >= 4)
    assert host.critic.snapshot().version == host.policy.version
    assert (host.critic.snapshot().values != first).any()
    host.critic.evaluate_critic()
    estimates = [host.critic.get_estimated_discounted_return(agent) for agent in range(AGENTS)]
    assert np.isfinite(estimates).all()
    assert len(set(estimates)) == AGENTS
    directory = Path(host.trainer.run_directory)
    host.trainer.end_training()
    host.communicator.close()
    (newest,) = sorted((directory / "checkpoints").iterdir())[-1:]
    arrays = load_checkpoint(newest).state.arrays
    np.testing.assert_array_equal(arrays["critic"], host.critic.snapshot().values)
    np.testing.assert_array_equal(arrays["policy"], host.policy.snapshot().values)
