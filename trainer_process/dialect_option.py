"""Options of the command line that stand for values of a configuration file; only those that were typed win over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

Function = TypeVar("Function", bound=Callable[..., Any])

ENV_ARGS = "--env-args"

PATHS: Mapping[str, str] = {
    "results_directory": "checkpoint_settings.results_dir",
    "run_id": "checkpoint_settings.run_id",
    "initialize_from": "checkpoint_settings.initialize_from",
    "resume": "checkpoint_settings.resume",
    "force": "checkpoint_settings.force",
    "inference": "checkpoint_settings.inference",
    "environment": "env_settings.env_path",
    "env_args": "env_settings.env_args",
    "base_port": "env_settings.base_port",
    "host_count": "env_settings.num_envs",
    "num_areas": "env_settings.num_areas",
    "timeout_wait": "env_settings.timeout_wait",
    "seed": "env_settings.seed",
    "max_lifetime_restarts": "env_settings.max_lifetime_restarts",
    "restarts_rate_limit_n": "env_settings.restarts_rate_limit_n",
    "restarts_rate_limit_period_s": "env_settings.restarts_rate_limit_period_s",
    "width": "engine_settings.width",
    "height": "engine_settings.height",
    "quality_level": "engine_settings.quality_level",
    "time_scale": "engine_settings.time_scale",
    "target_frame_rate": "engine_settings.target_frame_rate",
    "capture_frame_rate": "engine_settings.capture_frame_rate",
    "no_graphics": "engine_settings.no_graphics",
    "no_graphics_monitor": "engine_settings.no_graphics_monitor",
    "torch_device": "torch_settings.device",
    "debug": "debug",
    "evaluation_interval": "evaluation_settings.interval_steps",
    "evaluation_episodes": "evaluation_settings.episodes",
    "deterministic": "behaviors.*.network_settings.deterministic",
}
"""For parameters of commands, the dotted path of the value in the file."""


class RestOfLineCommand(click.Command):
    """A command whose `--env-args` takes the rest of the line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Gives each argument behind `--env-args` to that option."""
        if ENV_ARGS in args:
            place = args.index(ENV_ARGS)
            rest = args[place + 1 :]
            if not rest:
                raise click.UsageError(f"{ENV_ARGS}: expected the program's arguments behind it, got none", ctx)
            args = [*args[:place], *(part for text in rest for part in (ENV_ARGS, text))]
        return super().parse_args(ctx, args)


def was_typed(context: click.Context, name: str) -> bool:
    """Whether a parameter's value was given, and is not its default."""
    return context.get_parameter_source(name) in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def typed_values(context: click.Context) -> dict[str, object]:
    """What was typed of the options of `PATHS`, by the dotted path of the value in a configuration file."""
    return {
        path: _plain(context.params[name])
        for name, path in PATHS.items()
        if name in context.params and was_typed(context, name)
    }


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def dialect_options(function: Function) -> Function:
    """Adds the options that users of ML-Agents know, beside those of `run_options`; the defaults are the file's."""
    for option in reversed((*_run_options(), *_host_options(), *_engine_options())):
        function = option(function)
    return function


def take_dialect_options(values: dict[str, Any]) -> None:
    """Takes them out of a command's keyword arguments; `typed_values` has read them."""
    for name in PATHS:
        values.pop(name, None)


def _run_options() -> tuple[Callable[[Function], Function], ...]:
    return (
        click.option("--initialize-from", metavar="RUN-ID", help="Start from that run's weights, counters at 0."),
        click.option("--inference", is_flag=True, help="Go on with the run of that name, and learn nothing."),
        click.option("--deterministic", is_flag=True, help="Act by the most likely action; with --inference."),
        click.option("--torch-device", help="Where torch computes: cpu, cuda, cuda:1.  [default: cpu]"),
        click.option(
            "--evaluation-interval",
            type=click.IntRange(min=0),
            metavar="N",
            help="Play without noise after each N agent-steps, to measure and keep the best.  [default: 0, never]",
        ),
        click.option("--evaluation-episodes", type=click.IntRange(min=1), metavar="N", help="Of each.  [default: 10]"),
        click.option("--debug", is_flag=True, help="The same as --log-level debug."),
    )


def _host_options() -> tuple[Callable[[Function], Function], ...]:
    return (
        click.option(
            "--env",
            "environment",
            help=(
                "What to train on: gymnasium:ID, as gymnasium:LunarLander-v3; arena, the mock engine's world; or a "
                "program with the host SDK, as ./game.  [default: wait for a game that is started by itself]"
            ),
        ),
        click.option(
            ENV_ARGS, "env_args", multiple=True, metavar="ARGS…", help="The rest of the line goes to what --env names."
        ),
        click.option("--num-envs", "host_count", type=click.IntRange(1, 64), help="Processes.  [default: 1]"),
        click.option("--num-areas", type=click.IntRange(min=1), help="Training areas in each process.  [default: 1]"),
        click.option(
            "--timeout-wait",
            type=click.FloatRange(min=1.0),
            help=(
                "Seconds until the first host must be there, and until one that falls silent is given up.  [default: "
                "60; without --env, the first one may take its time]"
            ),
        ),
        click.option("--base-port", type=click.IntRange(1, 65_535), help="Accepted, and not needed here."),
        click.option(
            "--max-lifetime-restarts",
            type=click.IntRange(min=-1),
            help="How often a host that crashed is started again; -1: always.  [default: 10]",
        ),
        click.option(
            "--restarts-rate-limit-n",
            type=click.IntRange(min=-1),
            help="How often within --restarts-rate-limit-period-s; -1: always.  [default: 1]",
        ),
        click.option(
            "--restarts-rate-limit-period-s", type=click.FloatRange(min=0.0, min_open=True), help="[default: 60]"
        ),
    )


def _engine_options() -> tuple[Callable[[Function], Function], ...]:
    return (
        click.option("--width", type=click.IntRange(min=1), help="Of the game's window.  [default: 84]"),
        click.option("--height", type=click.IntRange(min=1), help="Of the game's window.  [default: 84]"),
        click.option("--quality-level", type=click.IntRange(min=0), help="Of the game's drawing.  [default: 5]"),
        click.option(
            "--time-scale",
            type=click.FloatRange(min=0.0, min_open=True),
            help="Game seconds in a second; nothing to gymnasium: and arena, which never wait.  [default: 20]",
        ),
        click.option("--target-frame-rate", type=click.IntRange(min=-1), help="Of the game.  [default: -1]"),
        click.option("--capture-frame-rate", type=click.IntRange(min=0), help="Of the game's time.  [default: 60]"),
        click.option("--no-graphics", is_flag=True, help="The game draws nothing."),
        click.option("--no-graphics-monitor", is_flag=True, help="The game draws, and shows it on no monitor."),
    )
