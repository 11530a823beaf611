"""Where the trainer's log goes."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

LINE = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
LEVELS = ("debug", "info", "warning", "error")


def log_to_terminal(level: str, console: Console | None = None) -> None:
    """Writes the log to standard error, or beside a progress bar."""
    if console is None:
        logging.basicConfig(level=level.upper(), format=LINE, stream=sys.stderr, force=True)
        return
    from rich.logging import RichHandler

    handler = RichHandler(console=console, show_path=False, markup=False)
    logging.basicConfig(level=level.upper(), format="%(name)s: %(message)s", handlers=[handler], force=True)


def log_to_parent(level: str) -> None:
    """Writes warnings and errors to standard error and the rest to standard output: a host reads both."""
    ordinary = logging.StreamHandler(sys.stdout)
    ordinary.addFilter(lambda record: record.levelno < logging.WARNING)
    grave = logging.StreamHandler(sys.stderr)
    grave.setLevel(logging.WARNING)
    logging.basicConfig(
        level=level.upper(), format="%(levelname)s %(name)s: %(message)s", handlers=[ordinary, grave], force=True
    )
