"""A run of benches as a file: its rows, the machine, and when it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.bench.row import BenchRow
from tools.bench.table import meets_target

FIELDS = frozenset(item.name for item in fields(BenchRow))
WANTED = frozenset({"bench", "name", "median", "low", "high", "unit"})
NUMBERS = ("median", "low", "high")


class SavedRunError(Exception):
    """A file is no saved run; the message says what was expected, what came and where."""


@dataclass(frozen=True)
class SavedRun:
    """What `save` wrote.

    Attributes:
        name: the bench, or `all`.
        time: when it was saved, ISO 8601 in UTC.
        machine: as `describe_machine` gave it.
        rows: in the order of the table.
    """

    name: str
    time: str
    machine: Mapping[str, Any]
    rows: tuple[BenchRow, ...]


def save(rows: Sequence[BenchRow], machine: Mapping[str, object], folder: Path, name: str) -> Path:
    """Writes the rows and the machine to `folder/name-<time>.json`; returns the path."""
    now = datetime.now(UTC)
    content = {
        "bench": name,
        "time": now.isoformat(timespec="seconds"),
        "machine": machine,
        "rows": [{**asdict(row), "meets_target": meets_target(row)} for row in rows],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{now:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def load(path: Path) -> SavedRun:
    """Reads what `save` wrote, also an older form of it.

    Raises:
        SavedRunError: there is no such file, or it is none of a bench.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SavedRunError(f"{path}: expected a saved run of a bench, got {error.strerror or error}") from error
    except ValueError as error:
        raise SavedRunError(f"{path}: expected JSON as a bench saves it, got {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("rows"), list):
        raise SavedRunError(f"{path}: expected an object with `rows`, as a bench saves it")
    rows = tuple(_row(item, f"{path}: rows[{index}]") for index, item in enumerate(content["rows"]))
    machine = content.get("machine")
    return SavedRun(
        name=str(content.get("bench", "")),
        time=str(content.get("time", "")),
        machine=machine if isinstance(machine, dict) else {},
        rows=rows,
    )


def _row(item: Any, where: str) -> BenchRow:
    if not isinstance(item, dict) or not item.keys() >= WANTED:
        raise SavedRunError(f"{where}: expected an object with {', '.join(sorted(WANTED))}")
    wrong = [name for name in NUMBERS if isinstance(item[name], bool) or not isinstance(item[name], int | float)]
    if wrong:
        raise SavedRunError(f"{where}.{wrong[0]}: expected a number, got {item[wrong[0]]!r}")
    row = BenchRow(**{name: value for name, value in item.items() if name in FIELDS})
    try:
        meets_target(row)
    except (TypeError, ValueError) as error:
        raise SavedRunError(f"{where}: {error}") from error
    return row
