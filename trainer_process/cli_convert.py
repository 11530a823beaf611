"""`convert`: between recordings and other projects' data sets."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from trainer_process.host_program import HostProgram

RECORDING_SUFFIX = ".lbr"
ADAPTERS = "host_sdk.adapters"


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--env", "world", default="", metavar="gymnasium:ID", help="The world whose values SOURCE has.")
@click.option(
    "--like",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A recording or policy file with the schemas that SOURCE's values are of.",
)
@click.option("--clip-actions", is_flag=True, help="Bring actions beyond their bounds to them, as most worlds do.")
@click.option(
    "--time-limit",
    type=click.IntRange(min=1),
    help="Episodes of exactly so many steps ran out of time, whatever SOURCE says.",
)
def convert(
    source: str, target: str, world: str, like: Path | None, clip_actions: bool, time_limit: int | None
) -> None:
    """Make a recording of a data set, or a data set of a recording.

    One of SOURCE and TARGET is a recording (.lbr). The other may be a Minari data set, by its id or its folder; an
    .npz file of trajectories with the field's names (obs, acts, rews, dones); or, as a SOURCE, a demonstration of
    Unity ML-Agents (.demo), or a folder of them. Actions are converted by their schemas: a data set has them as the
    world got them.

    \b
    learning-bridge convert minari:mujoco/halfcheetah/expert-v0 cheetah.lbr
    learning-bridge convert expert.lbr minari:my-game/expert-v0
    learning-bridge convert expert.lbr expert.npz
    learning-bridge convert rollouts.npz expert.lbr --env gymnasium:Pendulum-v1
    learning-bridge convert Assets/Demonstrations/jump.demo jump.lbr

    Needs: pip install 'learning-bridge[exchange]'
    """
    from trainer_process.progress_display import ProgressDisplay
    from trainer_process.progress_report import CountedProgress

    arguments = [source, target, *(("--env", world) if world else ())]
    arguments += ["--like", str(like)] if like is not None else []
    arguments += ["--clip-actions"] if clip_actions else []
    arguments += ["--time-limit", str(time_limit)] if time_limit is not None else []
    summary: dict[str, object] = {}
    with ProgressDisplay() as display, HostProgram(f"{ADAPTERS}.{_adapter(source, target)}", arguments) as program:
        for event in program.events():
            if isinstance(event, str):
                display.say(event)
            elif isinstance(found := event.get("summary"), dict):
                summary = found
            else:
                steps = event.get("steps", 0)
                done = int(str(event.get("episodes", 0)))
                display.show(CountedProgress(target, done, 0, "episodes", f"{steps:,} steps"))
        exit_code = program.wait()
    if summary:
        notes = summary.get("notes")
        for note in notes if isinstance(notes, list) else []:
            click.echo(f"note: {note}", err=True)
        click.echo(f"{summary.get('episodes'):,} episodes, {summary.get('steps'):,} steps: {summary.get('place')}")
    sys.exit(exit_code)


def _adapter(source: str, target: str) -> str:
    """The adapter that converts between the two."""
    ours = [name.endswith(RECORDING_SUFFIX) for name in (source, target)]
    if sum(ours) != 1:
        raise click.UsageError(
            f"expected one recording ({RECORDING_SUFFIX}) among SOURCE and TARGET, got {source} and {target}; two data "
            "sets are converted by way of a recording"
        )
    other = target if ours[0] else source
    if other.endswith(".npz"):
        return "trajectories"
    if not ours[0] and (other.endswith(".demo") or any(Path(other).glob("*.demo"))):
        return "ml_agents"
    suffix = Path(other).suffix
    if other.startswith("minari:") or Path(other).is_dir() or suffix == "" or _is_version(suffix):
        return "minari"
    known = "minari:ID or a folder, .npz" + ("" if ours[0] else ", .demo")
    raise click.UsageError(f"expected {known}, got {other}")


def _is_version(suffix: str) -> bool:
    """Whether what looks like a suffix is a number of a name, as `run-1.5`."""
    return suffix[1:2].isdecimal()
