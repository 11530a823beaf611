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


@click.command()
@click.option("--agents", type=click.IntRange(1, 4096), default=64, show_default=True, help="Agents in the arena.")
@click.option("--total-steps", type=click.IntRange(min=1), default=DEMO_STEPS, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--sync", is_flag=True, help="The engine waits for each update; without it, it never does.")
@click.option("--run-id", default="", help="Name of the run folder.  [default: date and time]")
@click.option(
    "--results-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Where run folders are made.",
)
def demo(agents: int, total_steps: int, seed: int, sync: bool, run_id: str, results_dir: Path) -> None:
    """Watch agents learn: a small game engine starts a trainer of its own, and plays while it learns.

    The engine is a 2-D physics arena in which agents fly to their goals, between walls, against the clock. It stands
    for your game: it runs the policy itself, sends what its agents lived through, and swaps new weights in.
    """
    from trainer_process.host_program import HostProgram
    from trainer_process.progress_display import ProgressDisplay

    arguments = ["--demo", "--report", "json-lines", "--agents", str(agents), "--seed", str(seed)]
    arguments += ["--total-steps", str(total_steps), "--results-directory", str(results_dir)]
    arguments += ["--run-id", run_id] if run_id else []
    arguments += ["--sync"] if sync else []
    summary: Mapping[str, object] | None = None
    with ProgressDisplay() as display:
        display.say(f"{agents} agents play {total_steps:,} steps in the arena; first without training, to compare")
        with HostProgram("host_sdk.mock_engine", arguments) as program:
            try:
                for event in program.events():
                    if isinstance(event, dict) and isinstance(found := event.get("summary"), dict):
                        summary = found
                    else:
                        _show(display, event, total_steps)
            except KeyboardInterrupt:
                display.say("interrupted; the engine stops its trainer")
            exit_code = program.wait()
    if summary is not None:
        click.echo(_summary_text(summary))
    sys.exit(exit_code)


def _show(display: ProgressDisplay, event: Mapping[str, object] | str, total_steps: int) -> None:
    from trainer_process.progress_display import ProgressReport

    if isinstance(event, str):
        display.say(event)
        return
    if "iteration" not in event:
        for name, value in event.items():
            display.say(f"{name}: {value}")
        return
    numbers = {name: value for name, value in event.items() if isinstance(value, int | float)}
    display.show(
        ProgressReport.from_metrics(
            TITLE,
            numbers,
            iteration=int(numbers["iteration"]),
            steps=int(numbers.get("steps", 0)),
            total_steps=total_steps,
            version=int(numbers.get("policy_version", 0)),
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


def _number(value: object, digits: int = 2) -> str:
    return f"{value:,.{digits}f}" if isinstance(value, int | float) else "unknown"
