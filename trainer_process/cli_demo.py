"""`demo`: the mock engine launches a trainer and its agents learn, for people to watch."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from trainer_process.progress_display import ProgressDisplay

TITLE = "arena"
DEMO_STEPS = 250_000
TRAINING = (
    "host_sdk.mock_engine",
    "{agents} agents play {total_steps:,} steps in the arena; first without training, to compare",
)
IMITATION = (
    "host_sdk.mock_engine.imitation_demo",
    "{agents} agents play in the arena: untrained, by a script that is recorded, by its clone, and by what PPO makes "
    "of the clone in {total_steps:,} steps",
)


@click.command()
@click.option("--agents", type=click.IntRange(1, 4096), default=64, show_default=True, help="Agents in the arena.")
@click.option("--total-steps", type=click.IntRange(min=1), default=DEMO_STEPS, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--sync", is_flag=True, help="The engine waits for each update; without it, it never does.")
@click.option(
    "--imitate", is_flag=True, help="A script plays first; it is recorded and cloned, and the clone learns on."
)
@click.option("--run-id", default="", help="Name of the run folder.  [default: date and time]")
@click.option(
    "--results-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Where run folders are made.",
)
def demo(agents: int, total_steps: int, seed: int, sync: bool, imitate: bool, run_id: str, results_dir: Path) -> None:
    """Watch agents learn: a small game engine starts a trainer of its own, and plays while it learns.

    The engine is a 2-D physics arena in which agents fly to their goals, between walls, against the clock. It stands
    for your game: it runs the policy itself, sends what its agents lived through, and swaps new weights in.
    """
    from trainer_process.host_program import HostProgram
    from trainer_process.progress_display import ProgressDisplay

    if imitate and sync:
        raise click.UsageError("--imitate: expected it without --sync: cloning never holds up the engine")
    arguments = ["--report", "json-lines", "--agents", str(agents), "--seed", str(seed)]
    arguments += ["--total-steps", str(total_steps), "--results-directory", str(results_dir)]
    arguments += ["--run-id", run_id] if run_id else []
    arguments += [] if imitate else ["--demo", *(["--sync"] if sync else [])]
    module, beginning = IMITATION if imitate else TRAINING
    summary: Mapping[str, object] | None = None
    title = TITLE
    with ProgressDisplay() as display:
        display.say(beginning.format(agents=agents, total_steps=total_steps))
        with HostProgram(module, arguments) as program:
            try:
                for event in program.events():
                    if isinstance(event, dict) and isinstance(found := event.get("summary"), dict):
                        summary = found
                    elif isinstance(event, dict) and isinstance(stage := event.get("stage"), dict):
                        title, total_steps = str(stage["name"]), int(stage["total_steps"])
                    else:
                        _show(display, event, title, total_steps)
            except KeyboardInterrupt:
                display.say("interrupted; the engine stops its trainer")
            exit_code = program.wait()
    if summary is not None:
        click.echo(_imitation_text(summary) if imitate else _summary_text(summary))
    sys.exit(exit_code)


def _show(display: ProgressDisplay, event: Mapping[str, object] | str, title: str, total_steps: int) -> None:
    from trainer_process.progress_report import ProgressReport

    if isinstance(event, str):
        display.say(event)
        return
    if "iteration" not in event:
        for name, value in event.items():
            display.say(f"{name}: {_figures(value) if isinstance(value, dict) else value}")
        return
    numbers = {name: value for name, value in event.items() if isinstance(value, int | float)}
    display.show(
        ProgressReport(
            title=title,
            iteration=int(numbers["iteration"]),
            steps=int(numbers.get("steps", 0)),
            total_steps=total_steps,
            metrics=numbers,
        )
    )


def _summary_text(summary: Mapping[str, object]) -> str:
    folder = summary.get("run_directory") or "nowhere"
    lines = [
        "",
        f"mean return   {_number(summary.get('return_before'))} before, {_number(summary.get('return_after'))} after",
        f"trained       {_number(summary.get('steps'), 0)} steps in {_number(summary.get('seconds'), 0)} s, "
        f"{summary.get('iterations')} updates, {_number(summary.get('unrecorded_steps'), 0)} steps unrecorded",
        f"run folder    {folder}",
        "",
        "next:",
        f"  tensorboard --logdir {folder}                       curves of this run (pip install tensorboard)",
        "  learning-bridge train --env gymnasium:LunarLander-v3   a task that others made",
        "  learning-bridge demo --agents 256 --sync               more agents; the engine waits for each update",
    ]
    return "\n".join(lines)


def _imitation_text(summary: Mapping[str, object]) -> str:
    folder = summary.get("run_directory") or "nowhere"
    names = ("untrained", "expert", "clone", "fine_tuned")
    lines = [
        "",
        "mean return   " + ", ".join(f"{_number(summary.get(f'return_{name}'))} {name}" for name in names),
        f"run folder    {folder}, {_number(summary.get('seconds'), 0)} s",
        "",
        "next:",
        f"  learning-bridge inspect {folder}/expert.lbr       what was recorded",
        f"  learning-bridge imitate {folder}/expert.lbr       clone it without the game",
        f"  tensorboard --logdir {folder}                  curves of both trainings (pip install tensorboard)",
    ]
    return "\n".join(lines)


def _figures(values: Mapping[str, object]) -> str:
    """Names and values on one line."""
    return ", ".join(f"{name} {_number(each) if isinstance(each, float) else each}" for name, each in values.items())


def _number(value: object, digits: int = 2) -> str:
    return f"{value:,.{digits}f}" if isinstance(value, int | float) else "unknown"
