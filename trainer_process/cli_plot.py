"""`plot`: the curves of runs as a picture."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from protocol.errors import BridgeError
from trainer_process.run_argument import results_dir_option

if TYPE_CHECKING:  # it imports numpy, which a command line that only asks for help can do without
    from trainer_process.run_curves import Axis

FILE_NAME = "curves.png"


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="As return_mean; may be given several times.")
@click.option("--behavior", default="", metavar="NAME", help="Only this one's curves.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="[default: curves.png in the run]"
)
@click.option(
    "--smooth",
    type=click.FloatRange(0.0, 1.0, max_open=True),
    default=0.0,
    show_default=True,
    help="Weight of what was before, as TensorBoard's slider.",
)
@click.option("--x", "axis", type=click.Choice(["steps", "time"]), default="steps", show_default=True)
@results_dir_option
def plot(
    runs: tuple[str, ...],
    metrics: tuple[str, ...],
    behavior: str,
    output: Path | None,
    smooth: float,
    axis: str,
    results_dir: Path,
) -> None:
    """Draw the curves of runs into a picture, several runs together.

    RUN is the id of a run, or its folder. Without --metric, the picture has the important ones: returns, lengths,
    losses, entropy, speed. With several runs it lies where the command is given.

    \b
    learning-bridge plot walker walker-2 --smooth 0.6 -o walkers.png
    learning-bridge plot walker --metric return_mean --metric Player/Jumps --x time
    """
    if find_spec("matplotlib") is None:
        raise click.ClickException("plots are drawn by matplotlib: pip install 'learning-bridge[watch]'")
    from trainer_process.curve_page import draw_page
    from trainer_process.run_curves import read_curves
    from trainer_process.run_folder import find_run
    from trainer_process.run_overview import run_of

    try:
        folders = list(dict.fromkeys(run_of(find_run(run, results_dir)) for run in runs))
        chosen = cast("Axis", axis)
        behaviors = read_curves(folders, metrics, behavior=behavior, axis=chosen, smooth=smooth)
        target = output or (folders[0] / FILE_NAME if len(folders) == 1 else Path(FILE_NAME))
        draw_page(behaviors, target, chosen)
    except (BridgeError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(target)
