"""The loop of a host program that does nothing but train."""

from __future__ import annotations

from collections.abc import Callable

from host_sdk.failure import FailureCode
from host_sdk.host_program.training_report import TrainingReport
from host_sdk.ppo_trainer import PPOTrainer
from host_sdk.ppo_training_settings import PPOTrainingSettings
from host_sdk.trainer import Trainer

WAIT_SLICE_S = 0.05
FAILED = 1
"""Exit code of a program whose training failed."""
WRONG_SETTINGS = 2
"""Exit code of a program whose options, settings or networks are declined: to start it again would change nothing."""
INTERRUPTED = 130
"""Exit code of a program that Ctrl-C ended, as shells give it (128 + SIGINT)."""


def train_until_over(trainer: Trainer, tick: Callable[[], None], report: TrainingReport) -> bool:
    """Ticks a world until its training is complete, has failed or is interrupted from the keyboard.

    Args:
        trainer: begun by the first tick, or before.
        tick: one tick of the world, `trainer.run_training` with its arguments among it.
        report: hears of every update, and of a failure.

    Returns:
        Whether training came to its own end.
    """
    try:
        tick()
        while trainer.is_training:
            tick()
            report.progress(trainer.iteration, trainer.policy.version, trainer.metrics)
    except KeyboardInterrupt:
        report.event("interrupted", {"iteration": trainer.iteration, "policy_version": trainer.policy.version})
        return False
    failure = trainer.training_failure
    if failure is not None:
        values = {"code": str(failure.code), "reason": failure.reason, "remedy": failure.remedy}
        report.event("failure", {**values, "exit_code": failure.exit_code, "stderr_tail": failure.stderr_tail})
        return False
    return True


def exit_code_of(trainer: Trainer, *, is_whole: bool) -> int:
    """The exit code of a program whose training is over.

    Args:
        trainer: that was ticked.
        is_whole: whether training came to its own end.
    """
    if is_whole:
        return 0
    failure = trainer.training_failure
    if failure is None:
        return INTERRUPTED
    return WRONG_SETTINGS if failure.code in (FailureCode.REFUSED, FailureCode.INVALID_SETTINGS) else FAILED


def tick_patiently(
    trainer: PPOTrainer,
    settings: PPOTrainingSettings,
    *,
    reset_agents_on_update: bool = False,
    action_noise_scale: float = 1.0,
) -> None:
    """One tick of a world that stands still while its trainer is behind, so that no step of it is played in vain.

    For simulators; a game calls `run_training`, which never waits.

    Args:
        trainer: begun by the first tick, or before.
        settings: what to ask of the trainer.
        reset_agents_on_update: as for `PPOTrainer.run_training`.
        action_noise_scale: as for `Policy.run_inference`.
    """
    if not trainer.is_training and not trainer.has_training_failed:
        trainer.begin_training(settings)
    if trainer.policy.has_acted:
        trainer.training_environment.gather_completions()
        trainer.training_environment.gather_rewards()
        trainer.process_experience(reset_agents_on_update=reset_agents_on_update)
    while trainer.is_training and not trainer.is_evaluating and not trainer.wait_until_recording(WAIT_SLICE_S):
        pass
    trainer.policy.run_inference(0.0 if trainer.is_evaluating else action_noise_scale)
