"""Bench rows as a table for people, judged against their targets, and as JSON for later."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tools.bench.row import BenchRow

_TARGET = re.compile(r"(ratio|median|low|high) (<=|>=) (-?[0-9.]+(?:e-?[0-9]+)?)", re.ASCII)
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}
HEADER = ("bench", "what", "median", "spread", "unit", "peer", "peer median", "ratio", "target", "")


def meets_target(row: BenchRow) -> bool | None:
    """Whether a row reaches its target; None where it has none.

    A ratio that could not be taken, since the peer is missing, doesn't reach one.

    Raises:
        ValueError: the target can't be read.
    """
    if not row.target:
        return None
    match = _TARGET.fullmatch(row.target)
    if match is None:
        raise ValueError(f"target of {row.name}: expected as 'ratio <= 0.8' or 'median >= 5', got {row.target!r}")
    values = {"ratio": row.ratio, "median": row.median, "low": row.low, "high": row.high}
    value = values[match[1]]
    return value is not None and _COMPARE[match[2]](value, float(match[3]))


def format_number(value: float | None) -> str:
    """Four digits that count, without an exponent where a person would not write one."""
    if value is None:
        return ""
    if value == 0 or 0.001 <= abs(value) < 10_000:
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.2e}"


def cells(row: BenchRow) -> tuple[str, ...]:
    """One row under `HEADER`."""
    verdict = {None: "", True: "pass", False: "FAIL"}[meets_target(row)]
    return (
        row.bench,
        row.name,
        format_number(row.median),
        f"{format_number(row.low)} .. {format_number(row.high)}",
        row.unit,
        row.peer_name,
        format_number(row.peer_median),
        format_number(row.ratio),
        row.target,
        verdict,
    )


def table(rows: Sequence[BenchRow]) -> str:
    """A Markdown table with aligned columns, and the rows' notes below."""
    lines = [HEADER, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    drawn = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    drawn.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    notes = [f"* {row.bench}, {row.name}: {row.note}" for row in rows if row.note]
    return "\n".join([*drawn, *([""] if notes else []), *notes])


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
