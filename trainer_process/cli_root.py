"""All commands together."""

from __future__ import annotations

import click

from trainer_process.cli_config import config
from trainer_process.cli_convert import convert
from trainer_process.cli_demo import demo
from trainer_process.cli_evaluate import evaluate
from trainer_process.cli_export import export
from trainer_process.cli_imitate import imitate
from trainer_process.cli_inspect import inspect
from trainer_process.cli_keys import keys
from trainer_process.cli_plot import plot
from trainer_process.cli_rollouts import record, rollouts
from trainer_process.cli_serve import launched, serve
from trainer_process.cli_status import status
from trainer_process.cli_train import train
from trainer_process.library_version import library_version


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(library_version(), prog_name="learning-bridge")
def root() -> None:
    """Train a game's agents by reinforcement and imitation learning, in a process beside the game.

    A game with the host SDK collects experience and plays with the policy it has; this trainer learns from the
    experience and sends better weights back. There are three ways to bring the two together:

    \b
      the game starts the trainer    nothing to do here: call run_training in the game
      the trainer starts the game    learning-bridge train --env ./game --num-envs 4
      each on its own                learning-bridge serve --endpoint tcp://127.0.0.1:5555

    To see it work, run `learning-bridge demo`.
    """


for command in (
    config,
    convert,
    demo,
    evaluate,
    export,
    imitate,
    inspect,
    keys,
    launched,
    plot,
    record,
    rollouts,
    serve,
    status,
    train,
):
    root.add_command(command)
