"""How a host program trains: by rewards, or by imitation of a recording or of an expert."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, cast

from host_sdk.adversarial_trainer import AdversarialTrainer
from host_sdk.adversarial_training_settings import AdversarialTrainingSettings
from host_sdk.communicator import Communicator
from host_sdk.controller import Controller
from host_sdk.dagger_trainer import DAggerTrainer
from host_sdk.dagger_training_settings import DAggerTrainingSettings
from host_sdk.errors import InvalidSettingsError
from host_sdk.host_program.command_line import HostSettings, trainer_settings
from host_sdk.host_program.rollout_options import SCRIPTED, MakeExpert
from host_sdk.host_program.simulator import Simulator
from host_sdk.host_program.training_loop import tick_patiently
from host_sdk.policy_controller import PolicyController
from host_sdk.ppo_trainer import PPOTrainer
from host_sdk.ppo_training_settings import PPOTrainingSettings
from host_sdk.settings import DAggerTrainerSettings
from host_sdk.trainer import Trainer
from host_sdk.training_settings import TrainingSettings
from protocol.recording import RecordingReader

Tick = Callable[[], None]


class TrainingMethod(StrEnum):
    """What a policy is trained by; the trainer's names."""

    AIRL = "airl"
    DAGGER = "dagger"
    GAIL = "gail"
    PPO = "ppo"


def add_method_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that `method_settings` and `make_training` read; `--expert` is that of rollouts."""
    group = parser.add_argument_group("training by something else than rewards")
    methods = [method.value for method in TrainingMethod]
    group.add_argument("--method", choices=methods, default=TrainingMethod.PPO.value, help="(default: ppo)")
    group.add_argument(
        "--recording",
        type=Path,
        metavar="FILE.lbr",
        help="what gail and airl imitate; where dagger keeps what the expert says, and goes on from",
    )
    group.add_argument("--start-from", type=Path, metavar="POLICY.lbp", help="begin with this policy's weights")


def method_settings(options: argparse.Namespace, defaults: HostSettings | None = None) -> HostSettings:
    """What holds for a method where an option says nothing.

    Args:
        options: of `add_method_options`.
        defaults: the world's own, for PPO.

    Raises:
        InvalidSettingsError: options contradict each other, or one is missing.
    """
    base = defaults or HostSettings()
    match TrainingMethod(options.method):
        case TrainingMethod.PPO:
            if options.recording is not None:
                raise InvalidSettingsError("--recording: expected --method dagger, gail or airl with it, got ppo")
            return base
        case TrainingMethod.DAGGER:
            if getattr(options, "expert", None) is None:
                raise InvalidSettingsError("--expert: expected who corrects the learner, a policy file or scripted")
            if getattr(options, "evaluation_interval", None):
                raise InvalidSettingsError("--evaluation-interval: expected --method ppo, gail or airl, got dagger")
            return replace(base, training=DAggerTrainingSettings())
        case _:
            if options.recording is None:
                raise InvalidSettingsError(f"--recording: expected what {options.method} imitates, got none")
            values = {item.name: getattr(base.training, item.name) for item in fields(PPOTrainingSettings)}
            return replace(base, training=AdversarialTrainingSettings(**values))


def make_training(
    simulator: Simulator,
    options: argparse.Namespace,
    settings: HostSettings,
    communicator: Communicator,
    make_expert: MakeExpert | None = None,
) -> tuple[Trainer, Tick]:
    """The trainer of the method, and one tick of the world with it.

    Args:
        simulator: a world that can wait for its trainer.
        options: of `add_method_options` and `add_training_options`.
        settings: made with the defaults of `method_settings`.
        communicator: the line to the trainer.
        make_expert: makes the world's own expert, where it has one.

    Raises:
        BridgeError: the recording or the expert can't be used.
    """
    parts = simulator.manager, simulator.interactor, simulator.environment, simulator.policy
    training: TrainingSettings = settings.training
    if options.method == TrainingMethod.DAGGER:
        expert = _expert(simulator, options.expert, make_expert)
        dagger_settings = DAggerTrainerSettings(behavior=options.behavior, is_synchronous=True)
        dagger = DAggerTrainer.make_dagger_trainer(
            *parts, expert, communicator, options.recording, settings=dagger_settings
        )
        asked = _of_kind(training, DAggerTrainingSettings)
        return dagger, lambda: dagger.run_training(asked)
    collecting = trainer_settings(options, settings.action_noise_scale)
    if options.method == TrainingMethod.PPO:
        ppo = PPOTrainer.make_ppo_trainer(
            *parts, communicator=communicator, settings=collecting, critic_settings=settings.critic
        )
        rewarded = _of_kind(training, PPOTrainingSettings)
        return ppo, lambda: tick_patiently(
            ppo,
            rewarded,
            reset_agents_on_update=options.reset_on_update,
            action_noise_scale=settings.action_noise_scale,
        )
    adversarial = AdversarialTrainer.make_adversarial_trainer(
        *parts,
        RecordingReader(options.recording),
        cast(Literal["gail", "airl"], options.method),
        communicator=communicator,
        settings=collecting,
        critic_settings=settings.critic,
    )
    imitated = _of_kind(training, AdversarialTrainingSettings)
    return adversarial, lambda: tick_patiently(adversarial, imitated, reset_agents_on_update=options.reset_on_update)


def _expert(simulator: Simulator, name: str, make_expert: MakeExpert | None) -> Controller:
    if name == SCRIPTED:
        if make_expert is None:
            raise InvalidSettingsError("--expert scripted: expected a world with an expert of its own, got one without")
        return make_expert()
    return PolicyController.make_policy_controller(simulator.manager, simulator.interactor, name)


def _of_kind(settings: TrainingSettings, kind: type[Any]) -> Any:
    assert isinstance(settings, kind)
    return settings
