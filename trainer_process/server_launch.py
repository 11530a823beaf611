"""A server out of command-line options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from protocol.channel import ServerChannel
from protocol.endpoint import is_loopback
from protocol.errors import EndpointError
from protocol.shared_memory import create_segment, sweep_stale_segments
from trainer_process.artifact_option import ArtifactOptions
from trainer_process.behavior import BehaviorProgress
from trainer_process.behavior_starts import BehaviorStarts
from trainer_process.cli_option import DEFAULT_SEED, RunOptions
from trainer_process.curriculum.configured_curriculum import configured_curriculum
from trainer_process.metrics import check_writers
from trainer_process.progress_display import ProgressDisplay
from trainer_process.progress_report import ProgressReport
from trainer_process.run_folder import RunFolder
from trainer_process.run_plan import RunPlan
from trainer_process.server import Server, ServerSettings
from trainer_process.session_registry import AdmissionSettings
from trainer_process.settings_resolution import FROM_DEFAULT, merge_settings, parse_assignments
from trainer_process.start_settings import StartSettings
from trainer_process.typed_options import TypedOptions


def make_server(
    channel: ServerChannel,
    options: RunOptions,
    plan: RunPlan,
    folder: RunFolder,
    *,
    token: str,
    typed: TypedOptions | None = None,
    seed: int | None = None,
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
        plan: which run this is, and its configuration.
        folder: claimed for it.
        token: what hosts must say; empty wants none.
        typed: options that the configuration has no names for, and which win over it; the run remembers them.
        seed: of everything random where the configuration names none; None leaves it to the hosts.
        hosts_may_stop: hosts launched this process, and may end it.
        stops_when_complete: it ends with its behaviors.
        expected_host_count: how many hosts will come, as far as that is known.
        artifacts: what is kept beside the newest policies, and where behaviors start from.
        on_progress: told after every update.
        on_pass: called on every pass of the loop.

    Raises:
        MetricsError: a writer of metrics isn't installed.
        SettingsError: an assignment is none, or a lesson is wrong.
    """
    check_writers(plan.configuration.metrics_settings.writers)
    sweep_stale_segments()
    kept = artifacts or ArtifactOptions()
    seed = seed if plan.configuration.seed is None else plan.configuration.seed
    base = replace(
        _start_settings(options, kept, seed),
        checkpoint_root=None if is_loopback(channel.endpoint) else plan.results_directory,
        expected_host_count=expected_host_count,
    )
    settings = merge_settings({} if typed is None else typed.settings, parse_assignments(options.assignments))
    return Server(
        channel,
        folder,
        ServerSettings(
            admission=_admission(options, token, seed, is_resumed=plan.resume),
            start_of=BehaviorStarts(plan, folder, base, settings, start_path=kept.agent_path, remembered=typed),
            hosts_may_stop=hosts_may_stop,
            stops_when_complete=stops_when_complete,
        ),
        on_progress=on_progress,
        on_pass=on_pass,
        run=configured_curriculum(plan.configuration, folder, resume=plan.resume, learns=plan.learns),
    )


def _start_settings(options: RunOptions, artifacts: ArtifactOptions, seed: int | None) -> StartSettings:
    return StartSettings(
        overrides={} if seed is None else {"seed": seed},
        override_sources={"seed": FROM_DEFAULT},  # the configuration says where it is named
        checkpoint_interval=options.checkpoint_interval,
        torch_threads=options.thread_count,
        policy_save_interval=artifacts.policy_save_interval,
    )


def _admission(options: RunOptions, token: str, seed: int | None, *, is_resumed: bool) -> AdmissionSettings:
    return AdmissionSettings(
        token=token,
        seed=DEFAULT_SEED if seed is None else seed,
        host_timeout_s=options.host_timeout_s,
        shares_memory=options.shares_memory,
        is_resumed=is_resumed,
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
            ProgressReport(
                title=progress.behavior,
                iteration=progress.iteration,
                steps=progress.steps,
                total_steps=progress.total_steps,
                metrics=progress.metrics,
                is_summary=progress.is_summary,
            )
        )

    return show
