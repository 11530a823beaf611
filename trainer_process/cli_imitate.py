"""`imitate`: a policy that does as a recording's agents, or as an expert says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from protocol.errors import BridgeError
from protocol.policy_settings import PolicySettings
from trainer_process.artifact_option import ArtifactOptions
from trainer_process.cli_option import DEFAULT_SEED, RunOptions, run_options, take_run_options
from trainer_process.log_output import log_to_terminal

if TYPE_CHECKING:  # it loads numpy, whose threads are chosen first
    from trainer_process.run_plan import RunPlan

METHODS = ("bc", "dagger", "gail", "airl")
POLICY_PREFIX = "policy."
EVALUATION_SEED_OFFSET = 100_000
"""Between the seeds of worlds that are learnt in and those of worlds that a clone is tried in."""


@click.command()
@click.argument("recording", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default="bc",
    show_default=True,
    help="bc clones the recording without a world; the others play in one.",
)
@click.option(
    "--env", "environment", help="The world: gymnasium:ID or arena; with bc, where the clone is tried at the end."
)
@click.option("--expert", metavar="EXPERT", help="Who corrects with dagger: a policy file, a run, or 'scripted'.")
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the recording, at most; bc only.")
@click.option("--total-steps", type=click.IntRange(min=1), help="Agent-steps of playing; gail and airl only.")
@click.option(
    "--policy-set",
    "policy_assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting of the policy's network, as hidden_sizes=[256,256]. Repeatable.",
)
@click.option("--agent-path", type=click.Path(path_type=Path, exists=True), help="Start from this policy's weights.")
@click.option("--num-envs", "host_count", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option("--agents", "agent_count", type=click.IntRange(1, 4096), default=8, show_default=True)
@click.option(
    "--episodes",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="In which the result is tried in the world at the end; 0 for none.",
)
@run_options(default_priority="normal")
def imitate(
    recording: Path | None,
    method: str,
    environment: str | None,
    policy_assignments: tuple[str, ...],
    agent_path: Path | None,
    **values: Any,
) -> None:
    """Train a policy to do as the agents of RECORDING (.lbr) do, or as an expert says.

    \b
    bc       clones RECORDING, without a world (behavioural cloning)
    dagger   lets the learner play, and an expert say what it would have done; RECORDING, if given, keeps that
    gail     lets the learner play, and rewards it for what can't be told from RECORDING
    airl     the same, with a reward that can be learnt from again

    \b
    learning-bridge imitate expert.lbr --env gymnasium:CartPole-v1
    learning-bridge imitate expert.lbr --epochs 50 --policy-set hidden_sizes=[256,256] --set learning_rate=1e-3
    learning-bridge imitate --method dagger --expert results/my-run --env gymnasium:Pendulum-v1
    learning-bridge imitate expert.lbr --method gail --env gymnasium:HalfCheetah-v5 --total-steps 500000
    """
    from trainer_process.run_folder import find_policy_file

    options = take_run_options(values)
    options.prepare_process()
    log_to_terminal("warning" if method == "bc" and options.log_level == "info" else options.log_level)
    try:
        start = None if agent_path is None else find_policy_file(agent_path)
        assignments = [f"{POLICY_PREFIX}{text}" for text in policy_assignments]
        options = replace(options, assignments=(*options.assignments, *assignments))
        if method == "bc":
            _clone(recording, environment, options, start, **values)
            return
        exit_code = _play(method, recording, environment, options, start, **values)
    except (BridgeError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    from trainer_process.serving import leave

    leave(exit_code)


def _clone(
    recording: Path | None,
    environment: str | None,
    options: RunOptions,
    start: Path | None,
    *,
    expert: str | None,
    epochs: int | None,
    total_steps: int | None,
    host_count: int,
    agent_count: int,
    episodes: int,
) -> None:
    if recording is None:
        raise click.UsageError("expected RECORDING, the file to clone (.lbr)")
    if expert is not None or total_steps is not None:
        raise click.UsageError(
            f"{'--expert' if expert else '--total-steps'}: bc plays nothing; choose another --method"
        )
    from trainer_process.offline_imitation import ImitationOptions
    from trainer_process.recording_imitation import imitate_shown
    from trainer_process.world_program import WorldProgram

    world = None if environment is None else WorldProgram.require(environment)
    policy, settings = _settings(options.assignments)
    if epochs is not None:
        settings["epochs"] = epochs
    settings.setdefault("seed", DEFAULT_SEED if options.seed is None else options.seed)
    try:
        made = imitate_shown(
            recording,
            options.results_directory,
            settings,
            ImitationOptions(
                run_id=options.run_id,
                resume=options.resume,
                force=options.force,
                policy_settings=replace(policy, seed=options.seed) if options.seed is not None else policy,
                start_from=start,
                checkpoint_interval=options.checkpoint_interval,
                torch_threads=options.thread_count,
            ),
        )
    except KeyboardInterrupt:
        click.echo(f"interrupted; what was learnt so far is kept in {options.results_directory}")
        click.get_current_context().exit(130)
    click.echo(f"the clone after {made.progress.iteration} epochs: {made.policy_file}")
    if world is not None and episodes:
        _try_out(environment, made.policy_file, episodes, agent_count, options.seed)
    click.echo(_next_steps(recording, environment, made.folder))


def _play(
    method: str,
    recording: Path | None,
    environment: str | None,
    options: RunOptions,
    start: Path | None,
    *,
    expert: str | None,
    epochs: int | None,
    total_steps: int | None,
    host_count: int,
    agent_count: int,
    episodes: int,
) -> int:
    if environment is None:
        raise click.UsageError(f"--env: expected a world, which {method} plays in, got none")
    if epochs is not None:
        raise click.UsageError(f"--epochs: {method} has others; see --set, as epochs_per_round with dagger")
    from trainer_process.host_command import HostCommand
    from trainer_process.hosted_training import TrainingRequest, run_training
    from trainer_process.typed_options import TypedOptions
    from trainer_process.world_program import WorldProgram

    WorldProgram.require(environment)
    if method == "dagger" and recording is not None and host_count > 1:
        raise click.UsageError("--num-envs: expected 1 with a RECORDING, which one host writes; leave either out")
    seed = DEFAULT_SEED if options.seed is None else options.seed
    for_hosts = tuple(text for text in options.assignments if text.startswith(POLICY_PREFIX))
    command = HostCommand(
        environment=environment,
        agent_count=agent_count,
        seed=seed,
        assignments=for_hosts,
        world_arguments=_method_arguments(method, recording, expert),
    )
    settings: dict[str, object] = {"seed": seed}
    if total_steps is not None:
        if method == "dagger":
            raise click.UsageError("--total-steps: dagger has rounds; see --set rounds=… and --set steps_per_round=…")
        settings["total_steps"] = total_steps
    own = tuple(text for text in options.assignments if text not in for_hosts)
    artifacts = ArtifactOptions(
        policy_save_final=False,
        rollout_save_final=False,
        rollout_steps=0,
        rollout_episodes=episodes,
        agent_path=start,
    )
    plan = _plan(options, environment, host_count, seed)
    return run_training(
        TrainingRequest(plan, replace(options, assignments=own), command, TypedOptions(settings=settings), artifacts)
    )


def _plan(options: RunOptions, environment: str, host_count: int, seed: int) -> RunPlan:
    """The run, without a configuration file."""
    from trainer_process.run_plan import RunPlan

    named = {"checkpoint_settings.run_id": options.run_id} if options.run_id else {}
    return RunPlan.load(
        None,
        {
            "checkpoint_settings.results_dir": str(options.results_directory),
            "checkpoint_settings.resume": options.resume,
            "checkpoint_settings.force": options.force,
            "env_settings.env_path": environment,
            "env_settings.num_envs": host_count,
            "env_settings.seed": seed,
            **named,
        },
    )


def _method_arguments(method: str, recording: Path | None, expert: str | None) -> tuple[str, ...]:
    """Of the hosts."""
    from protocol.recording import RecordingReader
    from trainer_process.run_folder import find_policy_file

    arguments = ["--method", method]
    if method == "dagger":
        if expert is None:
            raise click.UsageError("--expert: expected who corrects the learner: a policy file, a run, or 'scripted'")
        arguments += ["--expert", expert if expert == "scripted" else str(find_policy_file(Path(expert)))]
    elif expert is not None:
        raise click.UsageError(f"--expert: {method} imitates RECORDING alone; an expert is for dagger")
    elif recording is None:
        raise click.UsageError(f"expected RECORDING, which {method} imitates (.lbr)")
    if recording is not None:
        if method != "dagger" or recording.exists():
            RecordingReader(recording).close()  # says at once what is wrong with it
        arguments += ["--recording", str(recording)]
    return tuple(arguments)


def _settings(assignments: Sequence[str]) -> tuple[PolicySettings, dict[str, object]]:
    """Those of the network, and those of the algorithm.

    Raises:
        SettingsError: an assignment is none, or names no setting of the network.
        SchemaError: a value isn't one of its setting.
    """
    from trainer_process.errors import SettingsError
    from trainer_process.settings_resolution import parse_assignments

    settings = parse_assignments(assignments)
    given = settings.pop("policy", {})
    known = sorted(item.name for item in fields(PolicySettings))
    if not isinstance(given, dict) or not set(given) <= set(known):
        unknown = given if not isinstance(given, dict) else sorted(set(given) - set(known))[0]
        raise SettingsError("--policy-set", f"one of {', '.join(known)}", repr(unknown))
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return replace(PolicySettings(), **values), settings


def _try_out(environment: str | None, policy_file: Path, episodes: int, agent_count: int, seed: int | None) -> None:
    from protocol.recording.statistics import describe_figures
    from trainer_process.progress_display import ProgressDisplay
    from trainer_process.rollout_program import RolloutRequest, actor_arguments, run_rollouts
    from trainer_process.world_program import WorldProgram

    request = RolloutRequest(
        world=WorldProgram.require(str(environment)),
        file=None,
        actor=actor_arguments(policy_file),
        episode_count=episodes,
        agent_count=agent_count,
        seed=(seed or 0) + EVALUATION_SEED_OFFSET,
    )
    with ProgressDisplay() as display:
        summary = run_rollouts(request, display, "the clone plays")
    click.echo("\n".join(describe_figures(summary.statistics)))


def _next_steps(recording: Path, environment: str | None, folder: Path) -> str:
    from protocol.recording import RecordingReader

    with RecordingReader(recording) as reader:
        world = environment or reader.header.metadata.get("world", "") or "WORLD"
    return "\n".join(
        [
            "",
            "next:",
            f"  learning-bridge rollouts {folder} --env {world} --n-episodes 100",
            f"  learning-bridge train --env {world} --agent-path {folder} --set critic_warmup_updates=10",
            f"  tensorboard --logdir {folder}",
        ]
    )
