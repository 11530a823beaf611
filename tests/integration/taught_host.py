"""A host whose world's only difficulty is the height of its walls: what a step is worth, the run decides."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from host_sdk import Communicator, CommunicatorSettings, PPOTrainerSettings, PPOTrainingSettings
from host_sdk.manager import AgentIds
from host_sdk.mock_engine.noop_world import NoopTrainingEnvironment

from .noop_host import NoopHost
from .real_trainer import HANG_S

AGENT_COUNT = 4
EPISODE_STEPS = 8
BEHAVIOR = "Jumper"


class WallEnvironment(NoopTrainingEnvironment):
    """An episode of 8 steps returns the height of its wall.

    Attributes:
        heights: float64[agents], of the present episodes' walls.
    """

    def __init__(self) -> None:
        super().__init__(AGENT_COUNT, episode_step_count=EPISODE_STEPS)
        self.heights: npt.NDArray[np.float64] = np.zeros(AGENT_COUNT)

    def gather_agent_rewards(self, agent_ids: AgentIds) -> npt.NDArray[np.float32]:
        return (self.heights[agent_ids] / EPISODE_STEPS).astype(np.float32)

    def reset_agent_episodes(self, agent_ids: AgentIds) -> None:
        super().reset_agent_episodes(agent_ids)
        self.heights[agent_ids] = self.environment_parameters.get_many("wall", 100.0, agent_ids)


class TaughtHost(NoopHost):
    """Plays in that world, and waits for every update unless told otherwise."""

    def __init__(self, communicator: Communicator, *, synchronous: bool = True) -> None:
        super().__init__(
            communicator,
            agent_count=AGENT_COUNT,
            training_settings=PPOTrainingSettings(synchronous=synchronous),
            trainer_settings=PPOTrainerSettings(behavior=BEHAVIOR),
            environment=WallEnvironment(),
        )

    @classmethod
    def attached(cls, endpoint: str, *, synchronous: bool = True) -> TaughtHost:
        """To a trainer that listens there."""
        settings = CommunicatorSettings(connect_timeout_s=HANG_S)
        return cls(Communicator.make_attached(endpoint, settings=settings), synchronous=synchronous)

    @property
    def heights(self) -> list[float]:
        """Of the walls of all agents."""
        assert isinstance(self.environment, WallEnvironment)
        return [float(height) for height in self.environment.heights]

    def play_until(self, iteration: int) -> None:
        """Plays until so many updates have reached it."""
        self.tick_until(lambda: self.trainer.iteration >= iteration or self.trainer.has_training_failed, HANG_S)
        assert not self.trainer.has_training_failed, str(self.trainer.training_failure)


@contextmanager
def training(configuration: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`learning-bridge train`, waiting for hosts, and where it listens; killed at the end."""
    command = [sys.executable, "-m", "trainer_process", "train", str(configuration)]
    command += ["--endpoint", "tcp://127.0.0.1:0", "--results-dir", str(configuration.parent), *arguments]
    log = (configuration.parent / "log").open("a")
    with log, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            assert process.stdout is not None
            said = iter(process.stdout.readline, "")
            found = next((match for line in said if (match := re.search(r"listening on (tcp://[\d.:]+)", line))), None)
            assert found is not None, (configuration.parent / "log").read_text()
            yield process, found[1]
        finally:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
