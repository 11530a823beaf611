"""`inspect`: what is in a recording or a policy file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from protocol.errors import BridgeError, RecordingError
from protocol.policy_file import MAGIC as POLICY_MAGIC
from protocol.policy_file import load_policy
from protocol.recording import Episode, RecordingReader, save_recording

DAMAGED_EXIT_CODE = 3
"""Of a recording that can be read but isn't whole."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "is_json", is_flag=True, help="One JSON object, for programs.")
@click.option(
    "--repair",
    "repaired",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="NEW.lbr",
    help="Write all whole episodes to this new recording; FILE stays as it is.",
)
def inspect(file: Path, is_json: bool, repaired: Path | None) -> None:
    """Show what is in FILE: a recording (.lbr) or a policy file (.lbp).

    Of a recording: its episodes, steps, returns and lengths, what agents see and do, its metadata, and what of it is
    damaged. Every byte is checked. A recording may be looked at while it is being recorded.

    The exit code is 0 where all is whole, 1 where FILE can't be used, and 3 where parts of it are damaged or torn.

    \b
    learning-bridge inspect expert.lbr
    learning-bridge inspect --repair whole.lbr damaged.lbr
    """
    try:
        if _is_policy(file):
            if repaired is not None:
                raise click.UsageError(f"--repair: expected a recording, got the policy file {file}")
            _show_policy(file, is_json)
            return
        exit_code = _show_recording(file, is_json, repaired)
    except BridgeError as error:
        raise click.ClickException(str(error)) from error
    click.get_current_context().exit(exit_code)


def _is_policy(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(len(POLICY_MAGIC)) == POLICY_MAGIC
    except OSError as error:
        raise click.ClickException(f"{file}: expected a recording or a policy file, got {error.strerror}") from error


def _show_recording(file: Path, is_json: bool, repaired: Path | None) -> int:
    from trainer_process.recording_report import report_recording

    with RecordingReader(file) as reader:
        report = report_recording(reader)
        click.echo(json.dumps(report.to_plain(), indent=2) if is_json else report.describe())
        if repaired is not None:
            _repair(reader, repaired, is_quiet=is_json)
            return 0
    return 0 if report.is_whole else DAMAGED_EXIT_CODE


def _repair(reader: RecordingReader, target: Path, *, is_quiet: bool) -> None:
    if target.exists():
        raise click.ClickException(f"{target}: expected no such file, got one; choose another name for --repair")

    def whole() -> Iterator[Episode]:
        return (episode for _, episode in reader.whole_episodes() if not isinstance(episode, RecordingError))

    count = save_recording(target, reader.header, whole())
    if not is_quiet:
        click.echo(f"\n{count:,} whole episodes are in {target}")


def _show_policy(file: Path, is_json: bool) -> None:
    from protocol.schema import action_to_wire, observation_to_wire
    from trainer_process.schema_tree import action_tree, observation_tree

    policy = load_policy(file)
    if is_json:
        content = {
            "kind": "policy",
            "path": str(file),
            "bytes": file.stat().st_size,
            "behavior": policy.behavior,
            "version": policy.snapshot.version,
            "parameters": int(policy.snapshot.values.size),
            "has_critic": policy.critic_snapshot is not None,
            "policy_settings": policy.policy_settings.to_wire(),
            "observation_schema": observation_to_wire(policy.observation),
            "action_schema": action_to_wire(policy.action),
            "metadata": dict(policy.metadata),
        }
        click.echo(json.dumps(content, indent=2))
        return
    settings = policy.policy_settings
    layers = "-".join(map(str, settings.hidden_sizes)) or "none"
    memory = f", memory of {settings.memory_size}" if settings.memory_size else ""
    lines = [
        f"{file}: a policy of behavior {policy.behavior!r}, version {policy.snapshot.version}",
        f"{policy.snapshot.values.size:,} parameters, hidden layers {layers} ({settings.activation}){memory}",
        "",
        *observation_tree(policy.observation),
        *action_tree(policy.action),
        *([""] if policy.metadata else []),
        *(f"{name} = {value}" for name, value in sorted(policy.metadata.items())),
    ]
    click.echo("\n".join(lines))
