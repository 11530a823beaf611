"""`config`: checks a run's configuration, shows what it comes to, and tells editors what may be in it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from trainer_process.errors import ConfigurationError

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def config() -> None:
    """Check, show and describe configuration files, which are of ML-Agents' YAML dialect.

    \b
    learning-bridge config check walker.yaml
    learning-bridge config show walker.yaml
    learning-bridge config schema > schema.json
    """


@config.command()
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--json", "is_json", is_flag=True, help="One JSON object, for programs.")
def check(files: tuple[Path, ...], is_json: bool) -> None:
    """Say all that is wrong with FILES, with line and column; the exit code is 1 where anything is.

    What this project doesn't do is told by name, with the nearest thing that it does.
    """
    reports = {str(file): _checked(file) for file in files}
    if is_json:
        click.echo(json.dumps(reports, indent=2))
    else:
        for file, report in reports.items():
            _tell(file, report)
    click.get_current_context().exit(int(any(report["problems"] for report in reports.values())))


@config.command()
@click.argument("file", required=False, type=_FILE)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="PATH=VALUE",
    help="A value as the command line would give it, as env_settings.num_envs=4. Repeatable.",
)
def show(file: Path | None, assignments: tuple[str, ...]) -> None:
    """Show all that FILE comes to, with the source of every value behind it; without FILE, the defaults.

    Each behavior is shown in this project's own terms, too. What is printed is YAML that loads again, with every value
    named.

    \b
    learning-bridge config show walker.yaml --set checkpoint_settings.run_id=second
    """
    from trainer_process.configuration import load_configuration
    from trainer_process.configuration.report import report
    from trainer_process.configuration.typed_value import typed_values

    try:
        configuration = load_configuration(file, typed_values(assignments))
        click.echo(report(configuration), nl=False)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from error
    for warning in configuration.warnings:
        click.echo(warning, err=True)


@config.command()
def schema() -> None:
    """Print a JSON schema of configuration files, for editors.

    In VS Code with the YAML extension, a file that begins with this line is completed and checked while it is written:

    \b
    # yaml-language-server: $schema=schema.json
    """
    from trainer_process.configuration.json_schema import dialect_schema

    click.echo(json.dumps(dialect_schema(), indent=2))


def _checked(file: Path) -> dict[str, list[str]]:
    from trainer_process.configuration import load_configuration

    try:
        return {"problems": [], "warnings": list(load_configuration(file).warnings)}
    except ConfigurationError as error:
        return {"problems": list(error.problems), "warnings": []}


def _tell(file: str, report: dict[str, list[str]]) -> None:
    for warning in report["warnings"]:
        click.echo(f"{warning} (warning)")
    for problem in report["problems"]:
        click.echo(problem)
    count = len(report["problems"])
    click.echo(f"{file}: {'can be used' if count == 0 else f'{count} problem' + 's' * (count > 1)}")
