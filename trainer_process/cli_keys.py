"""`keys`: CURVE keys for a trainer that other machines reach."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from protocol.errors import BridgeError


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def keys(file: Path) -> None:
    """Make keys for `serve --curve-keys FILE`, and print the public one, which hosts need.

    The file holds the secret key and is readable by you alone; it is never overwritten.
    """
    from protocol.channel import make_curve_keys

    try:
        made = make_curve_keys()
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise click.ClickException(f"{file}: expected no such file, got one; keys are not overwritten") from error
    except (BridgeError, OSError) as error:
        raise click.ClickException(str(error)) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        json.dump({"public": made.public, "secret": made.secret}, stream)
    click.echo(f"the trainer's public key: {made.public}")
