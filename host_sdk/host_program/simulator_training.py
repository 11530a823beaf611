"""Training in a simulator, which stands still while its trainer is behind."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

from host_sdk.host_program.command_line import HostSettings, make_communicator
from host_sdk.host_program.rollout_options import MakeExpert
from host_sdk.host_program.simulator import Simulator
from host_sdk.host_program.training_loop import exit_code_of, train_until_over
from host_sdk.host_program.training_method import make_training
from host_sdk.host_program.training_report import ReportFormat, TrainingReport


def train_simulator(
    simulator: Simulator,
    world_id: str,
    options: argparse.Namespace,
    settings: HostSettings,
    *,
    make_expert: MakeExpert | None = None,
    advance: Callable[[], None] = lambda: None,
) -> int:
    """Trains until the trainer is done, and reports it.

    Args:
        simulator: begun by this.
        world_id: for the summary.
        options: of `add_training_options`, `add_rollout_options` and `add_method_options`.
        settings: what `read_settings` made of them.
        make_expert: makes the world's own expert, where it has one.
        advance: moves the world on after agents have acted; nothing where acting moves it.

    Returns:
        The program's exit code: 0 complete, 1 failed, 2 declined settings or networks, 130 interrupted.

    Raises:
        BridgeError: the policy to start from, the recording or the expert can't be used.
    """
    report = TrainingReport(ReportFormat(options.report))
    if options.start_from is not None:
        simulator.policy.load_policy(options.start_from)
    communicator = make_communicator(options)
    trainer, train = make_training(simulator, options, settings, communicator, make_expert)

    def tick() -> None:
        train()
        advance()

    started_s = time.monotonic()
    try:
        is_whole = train_until_over(trainer, tick, report)
        exit_code = exit_code_of(trainer, is_whole=is_whole)
        if trainer.has_training_failed and options.report == ReportFormat.NONE:  # silence is about progress
            print(f"{world_id}: {trainer.training_failure}", file=sys.stderr)
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
            "unrecorded_steps": communicator.unrecorded_steps,
            "seconds": round(time.monotonic() - started_s, 2),
            "run_directory": trainer.run_directory,
            "is_complete": is_whole,
        },
    )
    return exit_code
