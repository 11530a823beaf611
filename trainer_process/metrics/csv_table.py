"""`metrics.csv`: the same rows as a table, for spreadsheets and pandas."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from trainer_process.metrics.json_lines import METRICS_FILE, read_rows
from trainer_process.metrics.metric import METRICS
from trainer_process.metrics.metrics_row import TIME, MetricsRow
from trainer_process.metrics.row_writer import RowWriter

CSV_FILE = "metrics.csv"


class CsvWriter(RowWriter):
    """Appends rows, each by one write. A metric that is new makes the table anew with one more column, in one step, so
    that whoever reads it at any time finds a whole one.

    What was there before is made anew from `metrics.jsonl`, so that the two hold the same.
    """

    def __init__(self, folder: Path) -> None:
        """Raises OSError where the folder can't be written to."""
        self._path = folder / CSV_FILE
        self._source = folder / METRICS_FILE
        self._columns: list[str] = []
        self._file: BinaryIO | None = None
        if any(True for _ in read_rows(self._source)):
            self._make_anew()

    def write(self, row: MetricsRow) -> None:
        if not row.columns.keys() <= set(self._columns) or self._file is None:
            self._make_anew(row.columns)
            return
        self._file.write(_table([row.columns], self._columns))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _make_anew(self, newest: Mapping[str, float] | None = None) -> None:
        """Out of the rows that are in the other file, where the newest is already."""
        names = dict.fromkeys(newest or {})
        for row in read_rows(self._source):
            names |= dict.fromkeys(row)
        self._columns = _ordered(names)
        self.close()
        self._file = None
        unfinished = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with unfinished.open("wb") as file:
            file.write(_table([dict(zip(self._columns, self._columns, strict=True))], self._columns))
            for row in read_rows(self._source):
                file.write(_table([row], self._columns))
        unfinished.replace(self._path)
        self._file = self._path.open("ab", buffering=0)


def _ordered(names: Iterable[str]) -> list[str]:
    """Time first, then the metrics in the order in which they are explained, then all others as they came."""
    place = {name: index for index, name in enumerate((TIME, *METRICS))}
    return sorted(names, key=lambda name: place.get(name, len(place)))


def _table(rows: Iterable[Mapping[str, object]], columns: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[_cell(row.get(name)) for name in columns] for row in rows])
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """Whole numbers without a point, as spreadsheets show them; nothing for what was not measured."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value
