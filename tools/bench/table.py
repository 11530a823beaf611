"""Bench rows as a table for people, judged against their targets."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence

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
    quantity, sign, limit = parse_target(row.target)
    value = {"ratio": row.ratio, "median": row.median, "low": row.low, "high": row.high}[quantity]
    return value is not None and _COMPARE[sign](value, limit)


def parse_target(target: str) -> tuple[str, str, float]:
    """A target's quantity, sign and limit. Raises ValueError when it can't be read."""
    match = _TARGET.fullmatch(target)
    if match is None:
        raise ValueError(f"a target: expected as 'ratio <= 0.8' or 'median >= 5', got {target!r}")
    return match[1], match[2], float(match[3])


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
    drawn = aligned(HEADER, [cells(row) for row in rows])
    notes = [f"* {row.bench}, {row.name}: {row.note}" for row in rows if row.note]
    return "\n".join([drawn, *([""] if notes else []), *notes])


def aligned(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns stand below each other."""
    everything = [header, *lines]
    widths = [max(len(line[column]) for line in everything) for column in range(len(header))]
    drawn = [
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |"
        for line in everything
    ]
    drawn.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(drawn)
