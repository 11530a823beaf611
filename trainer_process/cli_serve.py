"""Trainers that wait for hosts: `serve`, started by a person, and `launched`, started by a host."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

import click

from protocol.endpoint import DEFAULT_ENDPOINT, SHARED_MEMORY, TOKEN_VARIABLE
from protocol.errors import BridgeError
from trainer_process.cli_option import run_options, take_run_options
from trainer_process.dialect_option import typed_values
from trainer_process.log_output import log_to_parent, log_to_terminal

logger = logging.getLogger(__name__)

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A run's configuration, as for `learning-bridge train`; it wins over what hosts ask for.",
)


@click.command()
@click.option(
    "--endpoint",
    default=None,
    help=(
        "Where to listen: tcp://HOST:PORT (port 0 takes a free one), ipc:///PATH, or shm, where hosts of this user on "
        f"this machine find it by that word.  [default: {DEFAULT_ENDPOINT}, or shm with --shared-memory]"
    ),
)
@config_option
@click.option(
    "--token-env",
    default=TOKEN_VARIABLE,
    show_default=True,
    metavar="NAME",
    help="Environment variable with the token that hosts must say; unset wants none.",
)
@click.option(
    "--curve-keys",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Keys made by `learning-bridge keys FILE`; wanted where other machines reach the endpoint.",
)
@run_options(default_priority="normal")
@click.pass_context
def serve(
    context: click.Context,
    /,
    endpoint: str | None,
    config: Path | None,
    token_env: str,
    curve_keys: Path | None,
    **values: Any,
) -> None:
    """Wait for hosts, and train what they bring, until Ctrl-C.

    Hosts connect when they like, with Communicator.make_attached("tcp://127.0.0.1:5555"), or "shm" for a trainer with
    --shared-memory. Several hosts that name
    the same behavior train it together; a behavior keeps its weights while hosts come and go.
    """
    options = take_run_options(values)
    options.prepare_process()
    log_to_terminal(options.log_level)
    from protocol.channel import ServerChannel
    from trainer_process.progress_display import ProgressDisplay
    from trainer_process.run_plan import RunPlan
    from trainer_process.server_launch import make_server, progress_shower, require_shared_memory
    from trainer_process.serving import leave, serve_until_stopped

    display = ProgressDisplay()
    endpoint = endpoint or (SHARED_MEMORY if options.shared_memory else DEFAULT_ENDPOINT)
    try:
        if options.shared_memory or endpoint == SHARED_MEMORY:
            require_shared_memory(endpoint, is_ruled_out=not options.shares_memory)
        plan = RunPlan.load(config, typed_values(context))
        channel = ServerChannel(endpoint, curve=_read_keys(curve_keys))
        click.echo(f"listening on {channel.endpoint}; Ctrl-C stops")
        token = os.environ.get(token_env, "")
        server = make_server(
            channel, options, plan, plan.claim_folder(), token=token, on_progress=progress_shower(display)
        )
    except BridgeError as error:
        raise click.ClickException(str(error)) from error
    if display.console is not None:
        log_to_terminal(options.log_level, display.console)
    with display:
        exit_code = serve_until_stopped(server, clean_up=lambda: None)
    leave(exit_code)


@click.command(hidden=True)
@click.option("--rendezvous", "folder", type=click.Path(path_type=Path), required=True)
@click.option("--parent-pipe", is_flag=True, help="Standard input is a pipe; leave when it ends.")
@config_option
@run_options(default_priority="low")
@click.pass_context
def launched(context: click.Context, /, folder: Path, parent_pipe: bool, config: Path | None, **values: Any) -> None:
    """Serve the host that started this process, and leave with it."""
    options = take_run_options(values)
    options.prepare_process()
    log_to_parent(options.log_level)
    from protocol.channel import ServerChannel
    from protocol.rendezvous import Rendezvous
    from trainer_process.run_plan import RunPlan
    from trainer_process.server_launch import make_server
    from trainer_process.serving import leave, serve_until_stopped

    try:
        rendezvous = Rendezvous(folder)
        channel = ServerChannel(rendezvous.bind_endpoint)
        token = os.environ.get(TOKEN_VARIABLE, "")
        plan = RunPlan.load(config, typed_values(context))
        server = make_server(channel, options, plan, plan.claim_folder(rename=True), token=token, hosts_may_stop=True)
        logger.info("listening on %s", channel.endpoint)
        exit_code = serve_until_stopped(
            server,
            clean_up=rendezvous.remove,
            watches_parent=parent_pipe,
            announce=lambda: rendezvous.publish(channel.endpoint),
        )
    except BridgeError as error:
        raise click.ClickException(str(error)) from error
    leave(exit_code)


def _read_keys(path: Path | None) -> Any:
    from protocol.curve_keys import CurveKeys
    from protocol.errors import EndpointError

    if path is None:
        return None
    try:
        content = json.loads(path.read_bytes())
        return CurveKeys(public=str(content["public"]), secret=str(content["secret"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EndpointError(f'{path}: expected {{"public": ..., "secret": ...}}, got {error!r}') from error
