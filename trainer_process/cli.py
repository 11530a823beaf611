"""The command line `learning-bridge`."""

from __future__ import annotations

import sys

INSTALL_HINT = (
    "learning-bridge: the trainer's libraries are missing ({missing}). Install them into this Python "
    "({python}) with: pip install 'learning-bridge[trainer]'"
)


def main() -> None:
    """Runs the command line; the entry point of the console script."""
    try:
        from trainer_process.cli_root import root
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in ("trainer_process", "protocol"):
            raise
        sys.exit(INSTALL_HINT.format(missing=error.name, python=sys.executable))
    root.main(prog_name="learning-bridge")
