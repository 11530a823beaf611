"""`record` and `rollouts`: whole episodes, played without training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from protocol.errors import BridgeError
from protocol.recording.statistics import describe_figures
from trainer_process.world_program import KNOWN_WORLDS, WorldProgram

Function = TypeVar("Function", bound=Callable[..., Any])

SCRIPTED = "scripted"
MINIMA = ("--n-episodes", "--n-timesteps")


def playing_options(function: Function) -> Function:
    """Adds the options that say what is played, and how much of it."""
    options = (
        click.option("--env", "environment", required=True, help=f"Where: {KNOWN_WORLDS}."),
        click.option("--n-episodes", "episode_count", type=click.IntRange(min=1), help="At least so many episodes."),
        click.option("--n-timesteps", "step_count", type=click.IntRange(min=1), help="At least so many steps."),
        click.option("--agents", "agent_count", type=click.IntRange(1, 4096), default=8, show_default=True),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True),
        click.option(
            "--sampled/--deterministic",
            "is_sampled",
            default=False,
            help="A policy's actions: as it samples them, or the most likely ones.  [default: deterministic]",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--policy", type=click.Path(path_type=Path, exists=True), help="Who plays: a policy file, or a run with one."
)
@click.option(
    "--expert",
    metavar=SCRIPTED,
    help=f"Who plays: {SCRIPTED!r}, the expert that the world itself has, or a policy as for --policy.",
)
@click.option("--random", "is_random", is_flag=True, help="Who plays: whatever can be done, alike.")
@click.option("--metadata", multiple=True, metavar="NAME=TEXT", help="A text for the recording. Repeatable.")
@playing_options
def record(
    file: Path, policy: Path | None, expert: str | None, is_random: bool, metadata: tuple[str, ...], **values: Any
) -> None:
    """Play whole episodes in a world and keep them in FILE, a new recording (.lbr).

    Every agent plays a share of the episodes, or to the end of the one that it is in when there are enough steps; so
    short episodes are not preferred.

    \b
    learning-bridge record expert.lbr --env gymnasium:CartPole-v1 --policy results/my-run --n-episodes 50
    learning-bridge record expert.lbr --env arena --expert scripted --n-timesteps 20000
    learning-bridge record random.lbr --env gymnasium:Pendulum-v1 --random --n-episodes 10
    """
    from trainer_process.rollout_program import actor_arguments

    if sum((policy is not None, expert is not None, is_random)) != 1:
        raise click.UsageError("expected one of --policy, --expert and --random")
    if file.exists():
        raise click.ClickException(f"{file}: expected no such file, got one; choose another name")
    try:
        if expert is not None and expert != SCRIPTED:
            policy = Path(expert)
        actor = actor_arguments(_policy_file(policy), is_scripted=expert == SCRIPTED)
        _play(file, actor, metadata, **values)
    except BridgeError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--save",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The recording to write.  [default: rollouts/VERSION.lbr beside the policy]",
)
@click.option("--no-save", is_flag=True, help="Print the statistics and keep nothing.")
@playing_options
def rollouts(run: Path, file: Path | None, no_save: bool, **values: Any) -> None:
    """Play whole episodes with the policy of RUN, keep them, and print their statistics.

    RUN is a policy file (policy.lbp), or the folder of a run or of a behavior that has one.

    \b
    learning-bridge rollouts results/my-run --env gymnasium:LunarLander-v3 --n-timesteps 2000
    learning-bridge rollouts results/my-run --env arena --n-episodes 100 --sampled --no-save
    """
    from protocol.policy_file import load_policy
    from trainer_process.rollout_program import actor_arguments, unused_file

    if no_save and file is not None:
        raise click.UsageError("expected --save or --no-save, got both")
    try:
        policy_file = _policy_file(run)
        assert policy_file is not None
        version = load_policy(policy_file).snapshot.version
        if not no_save and file is None:
            file = unused_file(policy_file.parent / "rollouts", str(version), ".lbr")
        _play(file, actor_arguments(policy_file), (), **values)
    except BridgeError as error:
        raise click.ClickException(str(error)) from error


def _policy_file(path: Path | None) -> Path | None:
    from trainer_process.run_folder import find_policy_file

    return None if path is None else find_policy_file(path)


def _play(
    file: Path | None,
    actor: tuple[str, ...],
    metadata: tuple[str, ...],
    *,
    environment: str,
    episode_count: int | None,
    step_count: int | None,
    agent_count: int,
    seed: int,
    is_sampled: bool,
) -> None:
    from trainer_process.progress_display import ProgressDisplay
    from trainer_process.rollout_program import RolloutRequest, require_minimum, run_rollouts

    episodes, steps = require_minimum(episode_count, step_count, MINIMA)
    request = RolloutRequest(
        world=WorldProgram.require(environment),
        file=file,
        actor=actor,
        episode_count=episodes,
        step_count=steps,
        agent_count=agent_count,
        is_sampled=is_sampled,
        seed=seed,
    )
    with ProgressDisplay() as display:
        summary = run_rollouts(replace(request, metadata=metadata), display)
    click.echo("\n".join([f"played by   {summary.actor}", *describe_figures(summary.statistics)]))
    if file is not None:
        click.echo(f"recording   {file}")
    if not summary.is_complete:
        click.get_current_context().exit(130)
