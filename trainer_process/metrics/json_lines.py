"""`metrics.jsonl`: one line a row, the record that everything else can be made from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from trainer_process.metrics.metrics_row import STEPS, MetricsRow
from trainer_process.metrics.row_writer import RowWriter

METRICS_FILE = "metrics.jsonl"


class JsonLinesWriter(RowWriter):
    """Appends; each line is one write, and a line that was left half is ended before the next."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError where the folder can't be written to."""
        path = folder / METRICS_FILE
        self._is_torn = _ends_within_a_line(path)
        self._file = path.open("ab", buffering=0)

    def write(self, row: MetricsRow) -> None:
        line = (json.dumps(row.columns) + "\n").encode()
        line = b"\n" + line if self._is_torn else line
        self._is_torn = True
        self._is_torn = self._file.write(line) < len(line)

    def close(self) -> None:
        self._file.close()


def read_rows(path: Path) -> Iterator[dict[str, float]]:
    """The rows of a file; lines that were left half are passed over, and a file that isn't there has none."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if (row := _row_in(line)) is not None:
                yield row


def cut_rows(path: Path, from_steps: int) -> None:
    """Takes out the rows that lie beyond so many steps, of a time that is undone; whole or not at all.

    Raises:
        OSError: the file can't be read or written.
    """
    if not path.exists():
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    has_cut = False
    with path.open("rb") as file, unfinished.open("wb") as kept:
        for line in file:
            row = _row_in(line)
            if row is not None and row.get(STEPS, 0) <= from_steps:
                kept.write(line if line.endswith(b"\n") else line + b"\n")
            else:
                has_cut = True
        kept.flush()
        os.fsync(kept.fileno())
    if has_cut:
        unfinished.replace(path)
    else:
        unfinished.unlink()


def _row_in(line: bytes) -> dict[str, float] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    if not isinstance(row, dict):
        return None
    return {name: value for name, value in row.items() if isinstance(value, int | float)}


def _ends_within_a_line(path: Path) -> bool:
    if not path.exists() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
