"""Options that host programs have in common, and the settings that they stand for."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from host_sdk.communicator import Communicator
from host_sdk.errors import InvalidSettingsError
from host_sdk.host_program.training_report import ReportFormat
from host_sdk.ppo_training_settings import PPOTrainingSettings
from host_sdk.run_settings import RunSettings
from host_sdk.settings import PPOTrainerSettings, TrainerProcessSettings
from host_sdk.training_settings import TrainingSettings
from protocol.endpoint import TOKEN_VARIABLE
from protocol.errors import SchemaError
from protocol.policy_file import load_policy
from protocol.policy_settings import CriticSettings, PolicySettings

DEFAULT_EVALUATION_EPISODES = 10

_Settings = TypeVar("_Settings", TrainingSettings, PolicySettings, CriticSettings)


@dataclass(frozen=True)
class HostSettings:
    """What a host program asks for, from its options.

    Attributes:
        training: for the trainer; of the kind that the method has.
        policy: the policy's network.
        critic: the critic's network.
        action_noise_scale: of what agents do in training, as for `Policy.run_inference`.
    """

    training: TrainingSettings = field(default_factory=PPOTrainingSettings)
    policy: PolicySettings = field(default_factory=PolicySettings)
    critic: CriticSettings = field(default_factory=CriticSettings)
    action_noise_scale: float = 1.0


def add_training_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that `read_settings` and `make_communicator` read."""
    parser.add_argument("--seed", type=int, default=0, help="of the world, the first weights and the actions")
    parser.add_argument("--behavior", default="default", help="name under which the trainer keeps the policy")
    parser.add_argument("--total-steps", type=int, metavar="N", help="agent-steps after which training is complete")
    parser.add_argument(
        "--sync",
        action="store_true",
        default=None,
        help="synchronous: strictly on-policy, the host waits for each update (default: the trainer's choice)",
    )
    parser.add_argument(
        "--reset-on-update",
        action="store_true",
        help="every agent begins a new episode when new weights come; with --sync and a seed, runs can be repeated",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="assignments",
        help="a setting, as learning_rate=3e-4, policy.hidden_sizes=[64,64] or critic.activation=relu; repeatable",
    )
    parser.add_argument(
        "--report",
        choices=[form.value for form in ReportFormat],
        default=ReportFormat.PLAIN.value,
        help="progress and summary as JSON lines for programs, plain lines for people, or none",
    )
    parser.add_argument(
        "--endpoint",
        metavar="URL",
        help="attach to the trainer that listens there (default: the one that launched this host, else launch one)",
    )
    parser.add_argument("--results-directory", metavar="DIR", help="where a launched trainer makes its run folder")
    parser.add_argument("--run-id", metavar="NAME", help="of the run folder (default: one with the time in it)")
    add_evaluation_options(parser)


def add_evaluation_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options that `trainer_settings` reads beside the behavior's name."""
    parser.add_argument(
        "--evaluation-interval",
        type=int,
        metavar="N",
        help="evaluate the policy, without noise, after each N agent-steps of training; 0: never (default: the run's)",
    )
    parser.add_argument("--evaluation-episodes", type=int, metavar="N", help="of each evaluation (default: 10)")


def trainer_settings(options: argparse.Namespace, action_noise_scale: float = 1.0) -> PPOTrainerSettings:
    """How a host collects, and when it evaluates.

    Raises:
        InvalidSettingsError: a number is below 0.
    """
    interval, episodes = options.evaluation_interval, options.evaluation_episodes
    if interval and episodes is None:
        episodes = DEFAULT_EVALUATION_EPISODES
    return PPOTrainerSettings(
        behavior=options.behavior,
        evaluation_interval_steps=interval,
        evaluation_episode_count=episodes,
        action_noise_scale=action_noise_scale,
    )


def read_settings(options: argparse.Namespace, defaults: HostSettings | None = None) -> HostSettings:
    """The settings of `add_training_options`; over `defaults`, networks are as the run's configuration has them.

    Args:
        options: parsed.
        defaults: what holds where an option says nothing.

    Raises:
        InvalidSettingsError: an assignment has no `=`, names no setting, or has a value that its setting can't take;
            or the trainer that launched this host left settings of a run that can't be read.
    """
    named = parse_assignments(options.assignments)
    policy, critic = _nested(named, "policy"), _nested(named, "critic")
    for name, value in (("total_steps", options.total_steps), ("synchronous", options.sync)):
        if value is not None:
            named.setdefault(name, value)
    if getattr(options, "start_from", None) is not None:
        policy = {**_file_settings(options.start_from), **policy}
    policy.setdefault("seed", options.seed)
    named.setdefault("seed", options.seed)
    base, run = defaults or HostSettings(), RunSettings.from_environment()
    return HostSettings(
        _changed(base.training, named, ""),
        _changed(run.policy_settings(options.behavior, base.policy), policy, "policy."),
        _changed(run.critic_settings(options.behavior, base.critic), critic, "critic."),
        run.action_noise_scale,
    )


def agent_count(options: argparse.Namespace, default: int) -> int:
    """How many agents a world has: `--agents`, else the run's training areas where there are several, else `default`.

    Raises:
        InvalidSettingsError: the trainer that launched this host left settings of a run that can't be read.
    """
    if options.agents is not None:
        return int(options.agents)
    area_count = RunSettings.from_environment().num_areas
    return area_count if area_count > 1 else default


def make_communicator(options: argparse.Namespace) -> Communicator:
    """The line to a trainer: to `--endpoint`, to the one that launched this host, or to one that this host launches."""
    if options.endpoint is not None:
        return Communicator.make_attached(options.endpoint, token=os.environ.get(TOKEN_VARIABLE, ""))
    process = TrainerProcessSettings(results_directory=options.results_directory, run_id=options.run_id)
    return Communicator.from_environment(process)


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """Settings out of `name=value` texts; a dot in a name leads into nested settings, one level deep.

    A value is read as JSON (`3e-4`, `true`, `[64, 64]`), and as plain text where it is none.

    Raises:
        InvalidSettingsError: a text is of another form.
    """
    settings: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        outer, dot, inner = name.strip().partition(".")
        if not (equals and outer and (inner or not dot)):
            raise InvalidSettingsError(f"--set: expected NAME=VALUE, as learning_rate=3e-4, got {assignment!r}")
        place = settings.setdefault(outer, {}) if dot else settings
        if not isinstance(place, dict):
            raise InvalidSettingsError(f"--set {name}: {outer} has been given a value already, {place!r}")
        place[inner if dot else outer] = _read_value(text.strip())
    return settings


def _file_settings(path: Path) -> dict[str, Any]:
    """The settings of a policy file's network, by name."""
    settings = load_policy(path).policy_settings
    return {item.name: getattr(settings, item.name) for item in fields(settings)}


def _nested(settings: dict[str, Any], name: str) -> dict[str, Any]:
    nested = settings.pop(name, {})
    if not isinstance(nested, dict):
        raise InvalidSettingsError(f"--set {name}: expected a setting of it, as {name}.hidden_sizes=[64,64]")
    return nested


def _read_value(text: str) -> object:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return text
    return tuple(value) if isinstance(value, list) else value


def _changed(base: _Settings, values: Mapping[str, Any], prefix: str) -> _Settings:
    known = sorted(item.name for item in fields(base))
    for name in values:
        if name not in known:
            raise InvalidSettingsError(
                f"--set {prefix}{name}: expected one of {', '.join(known)} (or policy.…, critic.…), got {name!r}"
            )
    try:
        return replace(base, **values)
    except SchemaError as error:
        where = f"--set {prefix}{error.path.removeprefix('$.')}"
        raise InvalidSettingsError(f"{where}: expected {error.expected}, got {error.received}") from error
