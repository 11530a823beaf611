"""Options that several commands share, and what they become."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from trainer_process.log_output import LEVELS
from trainer_process.priority import cap_threads, lower_priority

Function = TypeVar("Function", bound=Callable[..., Any])

DEFAULT_SEED = 1234


@dataclass(frozen=True)
class RunOptions:
    """What the shared options say.

    Attributes:
        results_directory: run folders are made in it.
        run_id: the run's name; empty takes the date and time.
        resume: go on with an earlier run of that name.
        seed: of everything random; None leaves it to the hosts' settings.
        assignments: settings as `name=value`.
        checkpoint_interval: updates between checkpoints.
        threads: of the trainer's arithmetic.
        host_timeout_s: a host's silence until it is given up.
        shared_memory: whether hosts on this machine exchange arrays through shared memory; None where they can.
        priority: "low" or "normal".
        log_level: as `logging` names it, in lower case.
        force: begin anew, and move an earlier run of that name aside.
    """

    results_directory: Path
    run_id: str
    resume: bool
    seed: int | None
    assignments: tuple[str, ...]
    checkpoint_interval: int
    threads: int | None
    host_timeout_s: float
    shared_memory: bool | None
    priority: str
    log_level: str
    force: bool = False

    def prepare_process(self) -> None:
        """Sets priority and threads; before numpy and torch are imported."""
        cap_threads(self.thread_count)
        if self.priority == "low":
            lower_priority()

    @property
    def shares_memory(self) -> bool:
        """Whether memory is offered to hosts on this machine."""
        return self.shared_memory is not False

    @property
    def thread_count(self) -> int:
        """Threads of the arithmetic: the option, else what the environment says, else one."""
        if self.threads is not None:
            return self.threads
        text = os.environ.get("OMP_NUM_THREADS", "1")
        return int(text) if text.isdecimal() and int(text) > 0 else 1


def run_options(default_priority: str) -> Callable[[Function], Function]:
    """Adds the shared options, whose values make `RunOptions`."""
    options = (
        click.option(
            "--results-dir",
            "results_directory",
            type=click.Path(path_type=Path, file_okay=False),
            default=Path("results"),
            show_default=True,
            help="Where run folders are made.",
        ),
        click.option("--run-id", default="", help="Name of the run folder.  [default: date and time]"),
        click.option("--resume", is_flag=True, help="Go on with the run of that name, from its newest checkpoint."),
        click.option("--force", is_flag=True, help="Begin anew where there is a run of that name; it is moved aside."),
        click.option(
            "--seed", type=click.IntRange(min=0), default=None, help="Of everything random, here and in the hosts."
        ),
        click.option(
            "--set",
            "assignments",
            multiple=True,
            metavar="NAME=VALUE",
            help="A training setting, as learning_rate=3e-4; wins over what a host asks for. Repeatable.",
        ),
        click.option(
            "--checkpoint-interval",
            type=click.IntRange(min=0),
            default=10,
            show_default=True,
            help="Updates between checkpoints; 0 keeps only the last state.",
        ),
        *_machine_options(default_priority),
        click.option("--log-level", type=click.Choice(LEVELS), default="info", show_default=True),
    )

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _machine_options(default_priority: str) -> tuple[Callable[[Function], Function], ...]:
    """What the process takes of the machine, and shares with the hosts on it."""
    return (
        click.option(
            "--threads",
            type=click.IntRange(1, 256),
            default=None,
            help="Threads of the trainer's arithmetic.  [default: OMP_NUM_THREADS, else 1]",
        ),
        click.option(
            "--host-timeout",
            "host_timeout_s",
            type=click.FloatRange(min=1.0),
            default=60.0,
            show_default=True,
            help="Seconds of silence after which a host is given up.",
        ),
        click.option(
            "--shared-memory/--no-shared-memory",
            "shared_memory",
            default=None,
            help="Exchange arrays with hosts on this machine through shared memory.  [default: where it can be had]",
        ),
        click.option(
            "--priority",
            type=click.Choice(["low", "normal"]),
            default=default_priority,
            show_default=True,
            help="Low leaves a game on this machine its speed.",
        ),
    )


def take_run_options(values: dict[str, Any]) -> RunOptions:
    """The shared options out of a command's keyword arguments, which keep the rest."""
    return RunOptions(**{name: values.pop(name) for name in RunOptions.__dataclass_fields__})
