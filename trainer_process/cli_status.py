"""`status`: what runs there are, and where they stand."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protocol.errors import BridgeError
from trainer_process.run_argument import results_dir_option

if TYPE_CHECKING:  # they import numpy, which a command line that only asks for help can do without
    from rich.console import Console, RenderableType
    from rich.text import Text

    from trainer_process.run_overview import BehaviorOverview, RunOverview

PLAIN_WIDTH = 120
"""Where the output is no terminal."""


@click.command()
@click.argument("run", required=False)
@results_dir_option
@click.option("--json", "is_json", is_flag=True, help="One JSON object, for programs.")
def status(run: str | None, results_dir: Path, is_json: bool) -> None:
    """Show where a run stands, from its files: while it goes on, or after its end, however it ended.

    RUN is the id of a run, or its folder; without it all runs are listed.
    """
    from trainer_process.run_folder import find_run
    from trainer_process.run_overview import find_runs, overview_of, run_of

    try:
        paths = [run_of(find_run(run, results_dir))] if run else find_runs(results_dir)
        runs = [overview_of(path) for path in paths]
    except BridgeError as error:
        raise click.ClickException(str(error)) from error
    if is_json:
        plain = [each.to_plain() for each in runs]
        click.echo(json.dumps(plain[0] if run else {"runs": plain}, indent=2))
    elif run:
        _show_run(_console(), runs[0])
    elif runs:
        _console().print(_table_of_runs(runs))
    else:
        click.echo(f"no runs in {results_dir}; learning-bridge train makes one")


def _console() -> Console:
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    return Console(width=None if is_terminal else PLAIN_WIDTH, highlight=False, soft_wrap=False)


def _table_of_runs(runs: list[RunOverview]) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    from trainer_process.progress_report import short_count

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("run", "state", "behavior"):
        table.add_column(heading, no_wrap=True, overflow="ellipsis")
    for heading in ("steps", "", "return", "best", "last written"):
        table.add_column(heading, justify="right", no_wrap=True)
    for run in runs:
        first = True
        for each in run.behaviors:
            total = f" / {short_count(each.total_steps)}" if each.total_steps else ""
            table.add_row(
                Text(run.path.name if first else ""),
                _state_text(run) if first else Text(""),
                Text(each.name),
                f"{short_count(each.steps)}{total}",
                "" if each.share is None else f"{each.share:.0%}",
                _return_text(each),
                _number(each.best_return_mean),
                _ago(each.written),
            )
            first = False
    return table


def _show_run(console: Console, run: RunOverview) -> None:
    from rich.text import Text

    line = Text.assemble((run.path.name, "bold"), "  ", _state_text(run))
    if run.presence is not None and run.presence.process_id:
        line.append(f"  process {run.presence.process_id} on {run.presence.host_name}")
    console.print(line)
    console.print(Text(f"last written {_ago(run.written)}, in {run.path}", style="dim"), soft_wrap=True)
    for behavior in run.behaviors:
        console.print()
        console.print(Text.assemble((behavior.name, "bold"), f"  {behavior.trainer_type}"))
        console.print(_table_of_behavior(behavior))


def _table_of_behavior(behavior: BehaviorOverview) -> RenderableType:
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    if behavior.share is not None:
        bar = ProgressBar(total=1.0, completed=behavior.share, width=40)
        table.add_row("progress", bar)
    for name, text in _facts(behavior):
        table.add_row(name, Text(text))
    return table


def _facts(behavior: BehaviorOverview) -> list[tuple[str, str]]:
    from trainer_process.evaluation_log import describe_evaluation

    total = "" if behavior.share is None else f" of {behavior.total_steps:,} ({behavior.share:.0%})"
    facts = [("steps", f"{behavior.steps:,}{total}, {behavior.iteration:,} updates{_rate(behavior)}")]
    if behavior.return_mean is not None:
        best = f", best {_number(behavior.best_return_mean)} at step {behavior.best_steps or 0:,}"
        facts.append(("mean return", _return_text(behavior) + best))
    if behavior.evaluation_return_mean is not None:
        facts.append(("evaluation", f"mean return {_number(behavior.evaluation_return_mean)}"))
    if behavior.evaluations:
        facts.append(("evaluated", describe_evaluation(behavior.evaluations[-1])))
    if behavior.lessons:
        facts.append(("lessons", ", ".join(f"{name} {lesson}" for name, lesson in behavior.lessons.items())))
    if behavior.checkpoints:
        count, newest = len(behavior.checkpoints), behavior.checkpoints[-1]
        facts.append(("checkpoints", f"{count}, the newest {newest}"))
    facts.append(("last written", _ago(behavior.written)))
    given = [f"{name} = {value}  ({by})" for name, (value, by) in behavior.given_settings.items()]
    facts += [("settings" if index == 0 else "", text) for index, text in enumerate(given)]
    return facts


def _state_text(run: RunOverview) -> Text:
    from rich.text import Text

    return Text(run.state, style={"running": "green", "complete": "cyan"}.get(run.state, "yellow"))


def _return_text(behavior: BehaviorOverview) -> str:
    if behavior.return_mean is None:
        return ""
    deviation = behavior.return_deviation
    return _number(behavior.return_mean) + ("" if deviation is None else f" ± {_number(deviation)}")


def _rate(behavior: BehaviorOverview) -> str:
    return "" if behavior.steps_per_second is None else f", {behavior.steps_per_second:,.0f} steps/s"


def _number(value: float | None) -> str:
    from trainer_process.progress_report import number

    return "" if value is None else number(value)


def _ago(moment: float) -> str:
    from trainer_process.progress_report import duration

    return f"{duration(max(0.0, time.time() - moment))} ago" if moment else "never"
