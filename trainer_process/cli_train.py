"""`train`: the trainer starts the hosts, and ends with them."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from protocol.errors import BridgeError
from trainer_process.artifact_option import artifact_options, take_artifact_options
from trainer_process.cli_option import DEFAULT_SEED, run_options, take_run_options
from trainer_process.log_output import log_to_terminal

HOST_SETTINGS = ("policy.", "critic.")
"""Settings of the networks, which the hosts build."""


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--env",
    "environment",
    required=True,
    help=(
        "What to train on: gymnasium:ID, as gymnasium:LunarLander-v3; arena, the mock engine's world; or a program "
        "with the host SDK, as ./game."
    ),
)
@click.option("--num-envs", "host_count", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option(
    "--agents",
    "agent_count",
    type=click.IntRange(1, 4096),
    default=8,
    show_default=True,
    help="Agents of gymnasium: and arena in each process.",
)
@click.option("--total-steps", type=click.IntRange(min=1), help="Agent-steps after which training is complete.")
@click.option("--sync", "synchronous", is_flag=True, help="Hosts wait for new weights: strictly on-policy.")
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
def train(
    config: Path | None,
    environment: str,
    host_count: int,
    agent_count: int,
    total_steps: int | None,
    synchronous: bool,
    normalize_reward: bool,
    reward_path: Path | None,
    reward_type: str | None,
    **values: Any,
) -> None:
    """Start hosts, train with them, and end when training is complete.

    CONFIG is a TOML file of training settings, as `learning_rate = 3e-4`; --set wins over it, and both win over
    what the hosts ask for.

    \b
    learning-bridge train --env gymnasium:CartPole-v1 --total-steps 100000
    learning-bridge train --env gymnasium:Pendulum-v1 --set discount_factor=0.9 --set policy.hidden_sizes=[64,64]
    learning-bridge train settings.toml --env "./game --headless" --num-envs 4

    A program is told where to connect in its environment; Communicator.from_environment reads that.

    At the end the last policy plays whole episodes, where its world can be played from here: they are kept as a
    recording, to be imitated or looked at, and summed up.
    """
    from trainer_process.host_processes import HostCommand

    options = take_run_options(values)
    try:
        artifacts = take_artifact_options(values)
    except BridgeError as error:
        raise click.ClickException(f"--agent-path: {error}") from error
    options.prepare_process()
    log_to_terminal(options.log_level)
    seed = DEFAULT_SEED if options.seed is None else options.seed
    settings = _read_config(config)
    if total_steps is not None:
        settings["total_steps"] = total_steps
    if synchronous:
        settings["synchronous"] = True
    if normalize_reward:
        settings["reward_scaling"] = True
    settings |= _saved_reward(reward_path, reward_type)
    settings.setdefault("seed", seed)
    for_hosts = tuple(text for text in options.assignments if text.startswith(HOST_SETTINGS))
    options = replace(options, assignments=tuple(text for text in options.assignments if text not in for_hosts))
    command = HostCommand(environment=environment, agent_count=agent_count, seed=seed, assignments=for_hosts)
    try:
        from trainer_process.hosted_training import train_with_hosts

        exit_code = train_with_hosts(command, host_count, options, settings, artifacts)
    except (BridgeError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    from trainer_process.serving import leave

    leave(exit_code)


def _saved_reward(path: Path | None, kind: str | None) -> dict[str, object]:
    """The settings of a saved reward; none without one."""
    if path is None:
        if kind is not None:
            raise click.UsageError("--reward-type: expected --reward-path with it, got none")
        return {}
    settings: dict[str, object] = {"reward_path": str(path.absolute())}
    return settings if kind is None else {**settings, "reward_type": kind}


def _read_config(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path}: expected a TOML file of settings, got {error}") from error
