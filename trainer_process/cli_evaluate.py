"""`evaluate`: how well a trained policy plays, without a trainer."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from protocol.errors import BridgeError
from trainer_process.world_program import GYMNASIUM_PREFIX


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@click.option("--env", "environment", required=True, help="gymnasium:ID, as gymnasium:LunarLander-v3.")
@click.option("--episodes", type=click.IntRange(min=1), default=100, show_default=True, help="Whole episodes to play.")
@click.option("--agents", type=click.IntRange(1, 4096), default=8, show_default=True, help="Copies at one time.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def evaluate(run: Path, environment: str, episodes: int, agents: int, seed: int) -> None:
    """Play a trained policy by its most likely actions, and print its returns.

    RUN is a policy file (policy.lbp), or the folder of a run or of a behavior that has one.

    \b
    learning-bridge evaluate results/20260101-120000-4242 --env gymnasium:CartPole-v1
    """
    from trainer_process.host_program import HostProgram
    from trainer_process.run_folder import find_policy_file

    if not environment.startswith(GYMNASIUM_PREFIX) or environment == GYMNASIUM_PREFIX:
        raise click.BadParameter(f"expected gymnasium:ID, got {environment!r}", param_hint="--env")
    try:
        policy_file = find_policy_file(run)
    except BridgeError as error:
        raise click.ClickException(str(error)) from error
    arguments = ["--evaluate", str(policy_file), "--env-id", environment.removeprefix(GYMNASIUM_PREFIX)]
    arguments += ["--episodes", str(episodes), "--agents", str(agents), "--seed", str(seed)]
    with HostProgram("host_sdk.adapters.gymnasium", arguments) as program:
        for event in program.events():
            if isinstance(event, str):
                click.echo(event)
                continue
            for name, value in event.items():
                click.echo(f"{name:<16}{value:.3f}" if isinstance(value, float) else f"{name:<16}{value}")
        exit_code = program.wait()
    sys.exit(exit_code)
