"""`evaluate`: how well a trained policy plays, without a trainer."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protocol.errors import BridgeError
from trainer_process.run_argument import policy_place, results_dir_option

if TYPE_CHECKING:  # it imports numpy, which a command line that only asks for help can do without
    from trainer_process.export import PolicySource
    from trainer_process.world_program import WorldProgram

FAILED = 1


@click.command()
@click.argument("run")
@results_dir_option
@click.option(
    "--env",
    "environment",
    help="gymnasium:ID, as gymnasium:LunarLander-v3, or arena.  [default: what the run was trained in]",
)
@click.option("--episodes", type=click.IntRange(min=1), default=100, show_default=True, help="Whole episodes to play.")
@click.option("--checkpoint", metavar="best|latest|N", help="The weights of this checkpoint.  [default: policy.lbp's]")
@click.option("--behavior", metavar="NAME", help="Whose policy, where a run has several.")
@click.option("--deterministic/--sampled", default=True, help="The most likely actions, or sampled ones.")
@click.option("--agents", type=click.IntRange(1, 4096), default=8, show_default=True, help="Copies at one time.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the world and of actions.")
@click.option("--json", "is_json", is_flag=True, help="One JSON object, for programs.")
def evaluate(
    run: str,
    results_dir: Path,
    environment: str | None,
    episodes: int,
    checkpoint: str | None,
    behavior: str | None,
    deterministic: bool,
    agents: int,
    seed: int,
    is_json: bool,
) -> None:
    """Play whole episodes with a trained policy, and print what they came to.

    RUN is the id of a run, its folder or that of a behavior, or a policy file (policy.lbp). Each copy of the world
    plays a share of the episodes that is fixed beforehand, so that short ones aren't preferred. The figures are added
    to the run's evaluations.jsonl.

    \b
    learning-bridge evaluate walker --checkpoint best
    learning-bridge evaluate policy.lbp --env gymnasium:CartPole-v1 --episodes 20 --sampled
    """
    from trainer_process.export import PolicySource
    from trainer_process.world_program import UnknownWorldError, WorldProgram

    try:
        known = None if environment is None else WorldProgram.require(environment)
        source = PolicySource.find(policy_place(run, results_dir), behavior=behavior, checkpoint=checkpoint)
        world = known or _world_of_run(source.file)
        options = ["--episodes", str(episodes), "--agents", str(agents), "--seed", str(seed)]
        options += [] if deterministic else ["--sampled"]
        figures, exit_code = _play(source, world, options)
        if figures is not None:
            played = {"env": world.name, "seed": seed, "agents": agents, "deterministic": deterministic}
            _show(source, {**figures, **played}, is_json=is_json)
    except UnknownWorldError as error:
        raise click.BadParameter(str(error), param_hint="--env") from error
    except BridgeError as error:
        raise click.ClickException(str(error)) from error
    sys.exit(exit_code)


def _world_of_run(policy_file: Path) -> WorldProgram:
    from trainer_process.trained_world import find_trained_world

    world = find_trained_world(policy_file)
    if world.drawn_parameters:
        names = ", ".join(world.drawn_parameters)
        click.echo(f"the world plays by its own values of {names}: only a trainer gives it the run's", err=True)
    return world.program


def _play(source: PolicySource, world: WorldProgram, options: list[str]) -> tuple[dict[str, object] | None, int]:
    """The figures, where the world's program gave them, and its exit code."""
    from protocol.policy_file import save_policy
    from trainer_process.host_program import HostProgram

    figures: dict[str, object] | None = None
    with tempfile.TemporaryDirectory(prefix="learning-bridge-evaluate-") as folder:
        file = source.file
        if source.checkpoint is not None:
            file = Path(folder) / "policy.lbp"
            save_policy(file, source.policy)
        with HostProgram(world.module, [*world.arguments, "--evaluate", str(file), *options]) as program:
            for event in program.events():
                if isinstance(event, str):
                    click.echo(event, err=True)
                else:
                    figures = event
            exit_code = program.wait()
    if figures is None and not exit_code:
        exit_code = FAILED
    return figures, exit_code


def _show(source: PolicySource, figures: dict[str, object], *, is_json: bool) -> None:
    from trainer_process.evaluation_log import append_evaluation, is_of_a_run

    figures.pop("env_id", None)
    of_checkpoint = None if source.checkpoint is None else source.checkpoint.iteration
    entry = {"behavior": source.policy.behavior, "checkpoint": of_checkpoint, **figures, "time": round(time.time(), 3)}
    if is_of_a_run(source.file.parent):
        append_evaluation(source.file.parent, entry)
    if is_json:
        click.echo(json.dumps(entry))
        return
    click.echo(source.describe())
    for name, value in figures.items():
        click.echo(f"{name:<24}{value:.3f}" if isinstance(value, float) else f"{name:<24}{value}")
