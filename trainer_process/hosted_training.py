"""A training whose hosts this process starts, and ends with itself."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace

import click

from protocol.channel import ServerChannel
from protocol.rendezvous import Rendezvous, sweep_stale
from trainer_process.artifact_option import ArtifactOptions
from trainer_process.cli_option import RunOptions
from trainer_process.final_rollouts import finish_behavior
from trainer_process.host_processes import HostCommand, HostProcesses
from trainer_process.log_output import log_to_terminal
from trainer_process.progress_display import ProgressDisplay
from trainer_process.server import Server
from trainer_process.server_launch import make_server, progress_shower
from trainer_process.serving import serve_until_stopped
from trainer_process.world_program import WorldProgram


def train_with_hosts(
    command: HostCommand,
    host_count: int,
    options: RunOptions,
    settings: Mapping[str, object],
    artifacts: ArtifactOptions,
) -> int:
    """Starts hosts, trains with them, and ends when training is complete; then plays what was learnt.

    Args:
        command: what to run as a host.
        host_count: how many.
        options: the shared ones; settings of networks are the command's.
        settings: from a settings file; the options' assignments win over them.
        artifacts: what is kept beside the newest policy, and where training starts from.

    Returns:
        The exit code.

    Raises:
        BridgeError: the server can't be started.
        ValueError: the command names nothing, or can't be given what it is given.
    """
    sweep_stale()
    command = _with_start(command, artifacts)
    command.arguments(0)
    token = secrets.token_hex(16)
    display = ProgressDisplay()
    if display.console is not None:
        log_to_terminal(options.log_level, display.console)
    rendezvous = Rendezvous.create()
    watch = _HostWatch()
    try:
        channel = ServerChannel(rendezvous.bind_endpoint)
        server = make_server(
            channel,
            options,
            token=token,
            settings=settings,
            stops_when_complete=True,
            expected_host_count=host_count,
            artifacts=artifacts,
            on_progress=progress_shower(display),
            on_pass=lambda: watch.look(server),
        )
        watch.hosts = HostProcesses(command, host_count, endpoint=channel.endpoint, token=token)
        with display:
            exit_code = serve_until_stopped(server, clean_up=rendezvous.remove)
    finally:
        if watch.hosts is not None:
            watch.hosts.stop()
        rendezvous.remove()
    _finish(server, command, artifacts)
    return exit_code or int(watch.were_left_alone)


class _HostWatch:
    """Ends the server when all hosts have ended before their training.

    Attributes:
        hosts: those that were started; None before.
        were_left_alone: whether that has happened.
    """

    def __init__(self) -> None:
        self.hosts: HostProcesses | None = None
        self.were_left_alone = False

    def look(self, server: Server) -> None:
        """Called on every pass of the server's loop."""
        if self.hosts is None:
            return
        self.hosts.report_exits()
        if self.hosts.live_count == 0 and not server.is_complete:
            self.were_left_alone = True
            server.request_stop("every host has ended")


def _with_start(command: HostCommand, artifacts: ArtifactOptions) -> HostCommand:
    """A host of a world builds the network of the policy to start from; others have their own, which must be that."""
    if artifacts.agent_path is None or WorldProgram.find(command.environment) is None:
        return command
    start = ("--start-from", str(artifacts.agent_path))
    return replace(command, world_arguments=(*command.world_arguments, *start))


def _finish(server: Server, command: HostCommand, artifacts: ArtifactOptions) -> None:
    """Says what was learnt, and plays it where training came to its end."""
    for behavior in server.behaviors.values():
        place = f"kept in {behavior.directory}" if behavior.directory else "nothing to keep"
        click.echo(f"{behavior.name}: {behavior.iteration} updates, {place}")
        if behavior.directory and server.is_complete:
            finish_behavior(behavior.name, behavior.directory, command.environment, artifacts, seed=command.seed)
