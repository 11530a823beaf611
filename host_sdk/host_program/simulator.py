"""Training in a simulator: a world that moves only when its agents act, and can wait for its trainer."""

from __future__ import annotations

import argparse
import time
from typing import Protocol

from host_sdk.host_program.command_line import HostSettings, make_communicator
from host_sdk.host_program.training_loop import INTERRUPTED, tick_patiently, train_until_over
from host_sdk.host_program.training_report import ReportFormat, TrainingReport
from host_sdk.interactor import Interactor
from host_sdk.manager import Manager
from host_sdk.policy import Policy
from host_sdk.ppo_trainer import PPOTrainer
from host_sdk.settings import PPOTrainerSettings
from host_sdk.training_environment import TrainingEnvironment


class Simulator(Protocol):
    """A world with everything of the SDK around it, set up, its agents added; performing actions moves it."""

    @property
    def manager(self) -> Manager:
        """Of all agents."""

    @property
    def interactor(self) -> Interactor:
        """How they see and act."""

    @property
    def environment(self) -> TrainingEnvironment:
        """What they get for it."""

    @property
    def policy(self) -> Policy:
        """How they decide."""


def train_simulator(simulator: Simulator, world_id: str, options: argparse.Namespace, settings: HostSettings) -> int:
    """Trains until the trainer is done, and reports it.

    Args:
        simulator: begun by this.
        world_id: for the summary.
        options: of `add_training_options`.
        settings: what `read_settings` made of them.

    Returns:
        The program's exit code: 0 complete, 1 failed, 130 interrupted.
    """
    report = TrainingReport(ReportFormat(options.report))
    communicator = make_communicator(options)
    trainer = PPOTrainer.make_ppo_trainer(
        simulator.manager,
        simulator.interactor,
        simulator.environment,
        simulator.policy,
        communicator=communicator,
        settings=PPOTrainerSettings(behavior=options.behavior),
        critic_settings=settings.critic,
    )
    started_s = time.monotonic()
    try:
        is_whole = train_until_over(trainer, lambda: tick_patiently(trainer, settings.training), report)
        has_failed = trainer.has_training_failed
    finally:
        trainer.end_training()
        communicator.close()
    report.event(
        "summary",
        {
            "env_id": world_id,
            "steps": round(trainer.metrics.get("steps", 0.0)),
            "iterations": trainer.iteration,
            "return_mean": trainer.metrics.get("return_mean"),
            "policy_version": simulator.policy.version,
            "unrecorded_steps": trainer.unrecorded_steps,
            "seconds": round(time.monotonic() - started_s, 2),
            "run_directory": trainer.run_directory,
            "is_complete": is_whole,
        },
    )
    return 0 if is_whole else 1 if has_failed else INTERRUPTED
