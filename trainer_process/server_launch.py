"""A server out of command-line options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from protocol.channel import ServerChannel
from protocol.endpoint import is_loopback
from protocol.errors import EndpointError
from protocol.shared_memory import create_segment, sweep_stale_segments
from trainer_process.artifact_option import ArtifactOptions
from trainer_process.behavior import BehaviorProgress
from trainer_process.cli_option import DEFAULT_SEED, RunOptions
from trainer_process.progress_display import ProgressDisplay, ProgressReport
from trainer_process.run_folder import RunFolder
from trainer_process.server import Server, ServerSettings
from trainer_process.session_registry import AdmissionSettings
from trainer_process.settings_resolution import merge_settings, parse_assignments
from trainer_process.start_settings import StartSettings, same_for_all


def make_server(
    channel: ServerChannel,
    options: RunOptions,
    *,
    token: str,
    settings: Mapping[str, object] | None = None,
    renames_run: bool = False,
    hosts_may_stop: bool = False,
    stops_when_complete: bool = False,
    expected_host_count: int = 1,
    artifacts: ArtifactOptions | None = None,
    on_progress: Callable[[BehaviorProgress], None] = lambda progress: None,
    on_pass: Callable[[], None] = lambda: None,
) -> Server:
    """A server that hasn't begun.

    Args:
        channel: bound; the server closes it.
        options: the shared ones.
        token: what hosts must say; empty wants none.
        settings: from a settings file; the options' assignments win over them.
        renames_run: where the run id is used already, a number is put behind it.
        hosts_may_stop: hosts launched this process, and may end it.
        stops_when_complete: it ends with its behaviors.
        expected_host_count: how many hosts will come, as far as that is known.
        artifacts: what is kept beside the newest policies, and where behaviors start from.
        on_progress: told after every update.
        on_pass: called on every pass of the loop.

    Raises:
        SettingsError: an assignment is none.
        RunFolderError: the run id can't be used.
    """
    sweep_stale_segments()
    overrides = merge_settings(settings or {}, parse_assignments(options.assignments))
    if options.seed is not None:
        overrides.setdefault("seed", options.seed)
    folder = RunFolder.claim(options.results_directory, options.run_id, resume=options.resume, rename=renames_run)
    return Server(
        channel,
        folder,
        ServerSettings(
            admission=AdmissionSettings(
                token=token,
                seed=DEFAULT_SEED if options.seed is None else options.seed,
                host_timeout_s=options.host_timeout_s,
                shares_memory=options.shares_memory,
                is_resumed=options.resume,
            ),
            start_of=same_for_all(
                replace(
                    _start_settings(options, artifacts or ArtifactOptions()),
                    overrides=overrides,
                    checkpoint_root=None if is_loopback(channel.endpoint) else Path(options.results_directory),
                    expected_host_count=expected_host_count,
                )
            ),
            hosts_may_stop=hosts_may_stop,
            stops_when_complete=stops_when_complete,
        ),
        on_progress=on_progress,
        on_pass=on_pass,
    )


def _start_settings(options: RunOptions, artifacts: ArtifactOptions) -> StartSettings:
    return StartSettings(
        resume=options.resume,
        checkpoint_interval=options.checkpoint_interval,
        torch_threads=options.thread_count,
        policy_save_interval=artifacts.policy_save_interval,
        start_path=artifacts.agent_path,
    )


def require_shared_memory(endpoint: str, *, is_ruled_out: bool) -> None:
    """For a trainer that was told to share memory: fails at once where it could never do so.

    Args:
        endpoint: where it will listen.
        is_ruled_out: it was told not to share, too.

    Raises:
        EndpointError: other machines reach the endpoint, or its options contradict each other.
        SharedMemoryError: this machine has no shared memory, or no room in it.
    """
    if is_ruled_out:
        raise EndpointError(
            f"--no-shared-memory: expected another endpoint than {endpoint}, where hosts demand shared memory; "
            "as ipc:///PATH or tcp://127.0.0.1:5555"
        )
    if not is_loopback(endpoint):
        raise EndpointError(
            f"--shared-memory: expected an endpoint on this machine alone, got {endpoint}; hosts on other machines "
            "can't share memory, and those on this one do without the option too"
        )
    create_segment(1).unlink()


def progress_shower(display: ProgressDisplay) -> Callable[[BehaviorProgress], None]:
    """Shows a behavior's progress on a display."""

    def show(progress: BehaviorProgress) -> None:
        display.show(
            ProgressReport.from_metrics(
                progress.behavior,
                progress.metrics,
                iteration=progress.iteration,
                steps=progress.steps,
                total_steps=progress.total_steps,
                version=progress.version,
            )
        )

    return show
