"""`train`: the trainer starts the hosts, and ends with them."""

from __future__ import annotations

import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from protocol.errors import BridgeError
from trainer_process.cli_option import DEFAULT_SEED, RunOptions, run_options, take_run_options
from trainer_process.log_output import log_to_terminal

if TYPE_CHECKING:
    from trainer_process.host_processes import HostCommand

HOST_SETTINGS = ("policy.", "critic.")
"""Settings of the networks, which the hosts build."""


@click.command()
@click.argument("config", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--env",
    "environment",
    required=True,
    help="What to train on: gymnasium:ID, as gymnasium:LunarLander-v3, or a program with the host SDK, as ./game.",
)
@click.option("--num-envs", "host_count", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option(
    "--agents",
    "agent_count",
    type=click.IntRange(1, 4096),
    default=8,
    show_default=True,
    help="Copies of a Gymnasium environment in each process.",
)
@click.option("--total-steps", type=click.IntRange(min=1), help="Agent-steps after which training is complete.")
@click.option("--sync", "synchronous", is_flag=True, help="Hosts wait for new weights: strictly on-policy.")
@run_options(default_priority="normal")
def train(
    config: Path | None,
    environment: str,
    host_count: int,
    agent_count: int,
    total_steps: int | None,
    synchronous: bool,
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
    """
    from trainer_process.host_processes import HostCommand

    options = take_run_options(values)
    options.prepare_process()
    log_to_terminal(options.log_level)
    seed = DEFAULT_SEED if options.seed is None else options.seed
    settings = _read_config(config)
    if total_steps is not None:
        settings["total_steps"] = total_steps
    if synchronous:
        settings["synchronous"] = True
    settings.setdefault("seed", seed)
    for_hosts = tuple(text for text in options.assignments if text.startswith(HOST_SETTINGS))
    options = replace(options, assignments=tuple(text for text in options.assignments if text not in for_hosts))
    command = HostCommand(environment=environment, agent_count=agent_count, seed=seed, assignments=for_hosts)
    try:
        exit_code = _train(command, host_count, options, settings)
    except (BridgeError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    from trainer_process.serving import leave

    leave(exit_code)


def _train(command: HostCommand, host_count: int, options: RunOptions, settings: Mapping[str, object]) -> int:
    from protocol.channel import ServerChannel
    from protocol.rendezvous import Rendezvous, sweep_stale
    from trainer_process.host_processes import HostProcesses
    from trainer_process.progress_display import ProgressDisplay
    from trainer_process.server_launch import make_server, progress_shower
    from trainer_process.serving import serve_until_stopped

    sweep_stale()
    command.arguments(0)
    token = secrets.token_hex(16)
    display = ProgressDisplay()
    if display.console is not None:
        log_to_terminal(options.log_level, display.console)
    rendezvous = Rendezvous.create()
    hosts: HostProcesses | None = None
    were_left_alone = False

    def watch_hosts() -> None:
        nonlocal were_left_alone
        if hosts is not None:
            hosts.report_exits()
            if hosts.live_count == 0 and not server.is_complete:
                were_left_alone = True
                server.request_stop("every host has ended")

    try:
        channel = ServerChannel(rendezvous.bind_endpoint)
        server = make_server(
            channel,
            options,
            token=token,
            settings=settings,
            stops_when_complete=True,
            expected_host_count=host_count,
            on_progress=progress_shower(display),
            on_pass=watch_hosts,
        )
        hosts = HostProcesses(command, host_count, endpoint=channel.endpoint, token=token)
        with display:
            exit_code = serve_until_stopped(server, clean_up=rendezvous.remove)
    finally:
        if hosts is not None:
            hosts.stop()
        rendezvous.remove()
    for behavior in server.behaviors.values():
        place = f"kept in {behavior.directory}" if behavior.directory else "nothing to keep"
        click.echo(f"{behavior.name}: {behavior.iteration} updates, {place}")
    return exit_code or int(were_left_alone)


def _read_config(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path}: expected a TOML file of settings, got {error}") from error
