"""`train`: a training that ends, with hosts that the trainer starts or that come by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from protocol.errors import BridgeError
from trainer_process.artifact_option import ArtifactOptions, artifact_options, take_artifact_options
from trainer_process.cli_option import DEFAULT_SEED, RunOptions, run_options, take_run_options
from trainer_process.dialect_option import (
    RestOfLineCommand,
    dialect_options,
    take_dialect_options,
    typed_values,
    was_typed,
)
from trainer_process.log_output import log_to_terminal

if TYPE_CHECKING:  # these load numpy, whose threads are chosen first
    from trainer_process.configuration import RunConfiguration
    from trainer_process.host_command import HostCommand
    from trainer_process.run_plan import RunPlan
    from trainer_process.typed_options import TypedOptions

DEFAULT_AGENTS = 8
HOST_SETTINGS = ("policy.", "critic.")
"""Settings of the networks, which the hosts build."""


@click.command(cls=RestOfLineCommand)
@click.argument("config", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@dialect_options
@click.option("--endpoint", help="Where to wait for a game, without --env.  [default: tcp://127.0.0.1:5555]")
@click.option("--behavior", help="The name of a world's behavior.  [default: the only one in CONFIG, else 'default']")
@click.option(
    "--agents",
    "agent_count",
    type=click.IntRange(1, 4096),
    help=f"Agents of gymnasium: and arena in each process.  [default: --num-areas, else {DEFAULT_AGENTS}]",
)
@click.option("--total-steps", type=click.IntRange(min=1), help="Agent-steps after which training is complete.")
@click.option("--sync", "synchronous", is_flag=True, help="Hosts wait for new weights: strictly on-policy.")
@click.option(
    "--reproducible",
    is_flag=True,
    help="--sync, and episodes that begin anew, from seeds, with every update: the same run again, or resumed.",
)
@click.option("--normalize-reward", is_flag=True, help="Divide rewards by the deviation of the discounted return.")
@click.option(
    "--reward-path",
    type=click.Path(path_type=Path, exists=True),
    help="Learn from a saved reward in place of the game's: reward.safetensors, or the folder that has it.",
)
@click.option(
    "--reward-type",
    type=click.Choice(["unshaped", "shaped", "unnormalized", "normalized"]),
    help="What of that reward is taken.  [default: unshaped]",
)
@artifact_options
@run_options(default_priority="normal")
@click.pass_context
def train(
    context: click.Context,
    /,
    config: Path | None,
    endpoint: str | None,
    behavior: str | None,
    agent_count: int | None,
    reproducible: bool,
    **values: Any,
) -> None:
    """Train until training is complete, with hosts that this command starts, or with a game that connects.

    CONFIG is a YAML file as ML-Agents has it; `learning-bridge config show CONFIG` shows what it comes to. What is
    typed here wins over it, and both win over what the game asks for.

    \b
    learning-bridge train walker.yaml --run-id walker            then start the game
    learning-bridge train walker.yaml --run-id walker --env ./game --num-envs 4 --no-graphics
    learning-bridge train --run-id walker --resume               go on, by the run's own configuration
    learning-bridge train walker.yaml --run-id taller --initialize-from walker
    learning-bridge train walker.yaml --run-id walker --force    begin anew; the old run is moved aside
    learning-bridge train --run-id walker --inference            play what was learnt
    learning-bridge train --env gymnasium:CartPole-v1 --total-steps 100000
    learning-bridge train --env gymnasium:Pendulum-v1 --set discount_factor=0.9 --set policy.hidden_sizes=[64,64]

    A program is told where to connect in its environment; Communicator.from_environment reads that, and
    RunSettings.from_environment what CONFIG says to it. One that crashes is started again, --max-lifetime-restarts
    times.

    At the end the last policy plays whole episodes, where its world can be played from here: they are kept as a
    recording, to be imitated or looked at, and summed up.
    """
    options = take_run_options(values)
    settings = _typed_settings(context, values, reproducible)
    interval = options.checkpoint_interval if was_typed(context, "checkpoint_interval") else None
    try:
        artifacts = take_artifact_options(values)
    except BridgeError as error:
        raise click.ClickException(f"--agent-path: {error}") from error
    take_dialect_options(values)
    options.prepare_process()
    from trainer_process.typed_options import TypedOptions

    typed = TypedOptions(agent_count, behavior, reproducible, interval, settings, options.assignments)
    try:
        exit_code = _train(context, config, endpoint, options, typed, artifacts)
    except (BridgeError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    from trainer_process.serving import leave

    leave(exit_code)


def _train(
    context: click.Context,
    config: Path | None,
    endpoint: str | None,
    options: RunOptions,
    typed: TypedOptions,
    artifacts: ArtifactOptions,
) -> int:
    """Brings together what was typed and what the file says, says what holds, and trains; the exit code.

    Raises:
        click.UsageError: what was typed doesn't go together.
        BridgeError, ValueError: the configuration or the run's name can't be used, or the environment names nothing.
    """
    from trainer_process.hosted_training import Meeting, TrainingRequest, run_training
    from trainer_process.run_plan import RunPlan
    from trainer_process.typed_options import TypedOptions

    plan = RunPlan.load(config, typed_values(context))
    if plan.resume and config is None:
        typed = typed.over(TypedOptions.read(plan.results_directory / plan.run_id))
    options = _options_of(context, options, plan.configuration, typed)
    log_to_terminal(options.log_level)
    _say_what_holds(context, plan)
    command = _host_command(plan, options, typed)
    if command is not None and endpoint is not None:
        raise click.UsageError("--endpoint: hosts that --env starts are told where to connect; leave it out")
    meeting = Meeting() if endpoint is None else Meeting(endpoint)
    return run_training(TrainingRequest(plan, options, command, typed, artifacts, meeting))


def _typed_settings(context: click.Context, values: dict[str, Any], reproducible: bool) -> dict[str, object]:
    """The algorithm's settings that have options of their own; takes them out of the keyword arguments."""
    settings: dict[str, object] = {}
    if (total_steps := values.pop("total_steps")) is not None:
        settings["total_steps"] = total_steps
    if values.pop("synchronous") or reproducible:
        settings["synchronous"] = True
    if values.pop("normalize_reward"):
        settings["reward_scaling"] = True
    path, kind = values.pop("reward_path"), values.pop("reward_type")
    if path is None and kind is not None:
        raise click.UsageError("--reward-type: expected --reward-path with it, got none", context)
    if path is not None:
        settings["reward_path"] = str(path.absolute())
    return settings if kind is None else {**settings, "reward_type": kind}


def _options_of(
    context: click.Context, options: RunOptions, configuration: RunConfiguration, typed: TypedOptions
) -> RunOptions:
    """The shared options, with what the configuration says of what wasn't typed."""
    if configuration.debug and not was_typed(context, "log_level"):
        options = replace(options, log_level="debug")
    if configuration.is_named("env_settings.timeout_wait") and not was_typed(context, "host_timeout_s"):
        options = replace(options, host_timeout_s=configuration.env_settings.timeout_wait)
    if typed.checkpoint_interval is not None:
        options = replace(options, checkpoint_interval=typed.checkpoint_interval)
    return replace(options, seed=configuration.seed, assignments=typed.assignments)


def _say_what_holds(context: click.Context, plan: RunPlan) -> None:
    """What is set and where, what has no effect, and what a run that goes on is given anew."""
    configuration = plan.configuration
    if lines := plan.describe():
        click.echo("\n".join(["configuration, where it isn't the default:", *lines]))
    notes = list(configuration.warnings)
    if was_typed(context, "base_port"):
        notes.append("--base-port: no ports are needed; hosts are told where to connect in their environment")
    if plan.changes:
        notes.append("the run was begun with another configuration, and goes on with the one that is given now:")
        notes += [f"  {change}" for change in plan.changes]
    if notes:
        click.echo("\n".join(notes), err=True)


def _host_command(plan: RunPlan, options: RunOptions, typed: TypedOptions) -> HostCommand | None:
    """What is run as a host; None where the game is started by itself.

    Raises:
        click.UsageError: what was typed doesn't go together.
        BridgeError, ValueError: the environment names nothing.
    """
    from trainer_process.host_command import HostCommand

    configuration = plan.configuration
    run_settings = {**configuration.host_settings(), "learns": plan.learns}
    _refuse_learning_by_the_mode(run_settings, learns=plan.learns)
    environment = configuration.env_settings.env_path
    is_world = environment is not None and HostCommand(environment).is_world
    if not is_world:
        what = "a game" if environment is None else "a program"
        of_worlds = {
            "--behavior": typed.behavior,
            "--agents": typed.agent_count,
            "--reproducible": typed.is_reproducible,
        }
        for name, is_given in of_worlds.items():
            if is_given:
                raise click.UsageError(f"{name}: expected --env gymnasium:ID or arena; {what} decides on that itself")
    if environment is None:
        if configuration.evaluation_settings.interval_steps:
            raise click.UsageError(
                "--evaluation-interval, evaluation_settings: expected --env with it; a game that is started by itself "
                "says so in its PPOTrainerSettings"
            )
        return None
    areas = configuration.env_settings.num_areas if configuration.is_named("env_settings.num_areas") else None
    return HostCommand(
        environment=environment,
        agent_count=typed.agent_count or areas or DEFAULT_AGENTS,
        seed=DEFAULT_SEED if options.seed is None else options.seed,
        assignments=tuple(text for text in options.assignments if text.startswith(HOST_SETTINGS)),
        world_arguments=("--sync", "--reset-on-update") if typed.is_reproducible else (),
        behavior=_behavior_of(configuration, typed.behavior) if is_world else "",
        env_args=tuple(configuration.env_settings.env_args or ()),
        run_settings=run_settings,
    )


def _refuse_learning_by_the_mode(run_settings: Mapping[str, object], *, learns: bool) -> None:
    if learns and run_settings.get("deterministic"):
        raise click.UsageError(
            "--deterministic, network_settings.deterministic: expected --inference with it; a policy learns from "
            "actions that it samples. An evaluation plays without sampling: see evaluation_settings"
        )


def _behavior_of(configuration: RunConfiguration, typed: str | None) -> str:
    """The name of a world's only behavior."""
    names = list(configuration.behaviors)
    if typed is not None:
        return typed
    if len(names) > 1 and configuration.default_settings is None:
        raise click.UsageError(f"--behavior: expected which of {', '.join(names)} the world's agents are, got none")
    return names[0] if len(names) == 1 else ""
