"""A training that ends: with hosts that this process starts, or with those that come by themselves."""

from __future__ import annotations

import logging
import os
import secrets
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import click

from protocol.channel import ServerChannel
from protocol.curve_keys import CurveKeys
from protocol.endpoint import DEFAULT_ENDPOINT, ENDPOINT_VARIABLE, TOKEN_VARIABLE
from protocol.rendezvous import Rendezvous, sweep_stale
from trainer_process.artifact_option import ArtifactOptions
from trainer_process.cli_option import DEFAULT_SEED, RunOptions
from trainer_process.final_rollouts import finish_behavior
from trainer_process.host_command import HostCommand
from trainer_process.host_processes import HostProcesses, RestartLimits
from trainer_process.host_watch import HostWatch
from trainer_process.log_output import log_to_terminal
from trainer_process.progress_display import ProgressDisplay
from trainer_process.run_folder import RunFolder
from trainer_process.run_plan import RunPlan
from trainer_process.server import Server
from trainer_process.server_launch import make_server, progress_shower
from trainer_process.serving import serve_until_stopped
from trainer_process.typed_options import TypedOptions

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Meeting:
    """Where hosts that start by themselves find the trainer.

    Attributes:
        endpoint: where it listens.
        curve: keys, where other machines reach the endpoint.
    """

    endpoint: str = DEFAULT_ENDPOINT
    curve: CurveKeys | None = None


@dataclass(frozen=True)
class TrainingRequest:
    """What is trained, and how.

    Attributes:
        plan: which run this is, and its configuration.
        options: the shared ones; their assignments win over all other settings.
        command: what is run as a host; None waits for hosts that start by themselves.
        typed: options that the configuration has no names for; their settings win over its.
        artifacts: what is kept beside the newest policy, and where training starts from.
        meeting: where hosts that start by themselves find the trainer.
    """

    plan: RunPlan
    options: RunOptions
    command: HostCommand | None
    typed: TypedOptions = field(default_factory=TypedOptions)
    artifacts: ArtifactOptions = field(default_factory=ArtifactOptions)
    meeting: Meeting = field(default_factory=Meeting)

    @property
    def wait_s(self) -> float | None:
        """How long the first host may take to connect; None for as long as it likes."""
        configuration = self.plan.configuration
        is_named = configuration.is_named("env_settings.timeout_wait")
        return configuration.env_settings.timeout_wait if is_named or self.command is not None else None

    @property
    def restart_limits(self) -> RestartLimits:
        """How often a crashed host is started again."""
        limits = self.plan.configuration.env_settings
        return RestartLimits(
            limits.max_lifetime_restarts, limits.restarts_rate_limit_n, limits.restarts_rate_limit_period_s
        )


def run_training(request: TrainingRequest) -> int:
    """Trains until training is complete or hopeless; then plays what was learnt.

    Returns:
        The exit code.

    Raises:
        BridgeError: the server can't be started, or the run's name can't be used.
        ValueError: the command names nothing, or can't be given what it is given.
    """
    sweep_stale()
    command = None if request.command is None else _with_start(request.command, request.artifacts)
    if command is not None:
        command.arguments(0)  # says at once what is wrong with it
    display = ProgressDisplay()
    if display.console is not None:
        log_to_terminal(request.options.log_level, display.console)
    watch = HostWatch(request.wait_s)
    with ExitStack() as stack:
        rendezvous = None if command is None else Rendezvous.create()
        clean_up = rendezvous.remove if rendezvous is not None else _nothing
        stack.callback(clean_up)
        channel = _listen(request.meeting, rendezvous)
        stack.callback(channel.close)  # once more, where a server has closed it
        token = os.environ.get(TOKEN_VARIABLE, "") if command is None else secrets.token_hex(16)
        folder = request.plan.claim_folder()
        server = _make_server(request, channel, folder, token, display, watch)
        if command is not None:
            watch.hosts = HostProcesses(
                command,
                request.plan.configuration.env_settings.num_envs,
                endpoint=channel.endpoint,
                token=token,
                limits=request.restart_limits,
                run_folder=folder.path,
            )
            stack.callback(watch.hosts.stop)
        else:
            click.echo(_how_to_meet(channel.endpoint, request.wait_s))
        with display:
            exit_code = serve_until_stopped(server, clean_up=clean_up)
    _finish(server, request)
    return exit_code or int(watch.has_failed)


def _listen(meeting: Meeting, rendezvous: Rendezvous | None) -> ServerChannel:
    if rendezvous is not None:
        return ServerChannel(rendezvous.bind_endpoint)
    return ServerChannel(meeting.endpoint, curve=meeting.curve)


def _make_server(
    request: TrainingRequest,
    channel: ServerChannel,
    folder: RunFolder,
    token: str,
    display: ProgressDisplay,
    watch: HostWatch,
) -> Server:
    server = make_server(
        channel,
        request.options,
        request.plan,
        folder,
        token=token,
        typed=request.typed,
        seed=DEFAULT_SEED,
        stops_when_complete=True,
        expected_host_count=request.plan.configuration.env_settings.num_envs,
        artifacts=request.artifacts,
        on_progress=progress_shower(display),
        on_pass=lambda: watch.look(server),
    )
    return server


def _nothing() -> None:
    """There is nothing to clean up."""


def _with_start(command: HostCommand, artifacts: ArtifactOptions) -> HostCommand:
    """A host of a world builds the network of the policy to start from; others have their own, which must be that."""
    if artifacts.agent_path is None or not command.is_world:
        return command
    start = ("--start-from", str(artifacts.agent_path))
    return replace(command, world_arguments=(*command.world_arguments, *start))


def _how_to_meet(endpoint: str, wait_s: float | None) -> str:
    patience = "for as long as it takes" if wait_s is None else f"for {wait_s:g} s"
    return "\n".join(
        [
            f"listening on {endpoint}, waiting {patience} for a game; Ctrl-C stops. In the game, either",
            f'  Communicator.make_attached("{endpoint}")   # for the trainer of each behavior, or',
            f"  {ENDPOINT_VARIABLE}={endpoint}   # in the environment in which the game is started",
            "and play. Training ends when it is complete.",
        ]
    )


def _finish(server: Server, request: TrainingRequest) -> None:
    """Says what was learnt, and plays it where training came to its end."""
    if not request.plan.learns:
        return
    environment = "" if request.command is None else request.command.environment
    for behavior in server.behaviors.values():
        place = f"kept in {behavior.directory}" if behavior.directory else "nothing to keep"
        click.echo(f"{behavior.name}: {behavior.iteration} updates, {place}")
        if behavior.directory and server.is_complete:
            seed = DEFAULT_SEED if request.command is None else request.command.seed
            finish_behavior(behavior.name, behavior.directory, environment, request.artifacts, seed=seed)
