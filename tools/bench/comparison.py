"""What changed between two saved runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.bench.row import BenchRow
from tools.bench.saved_run import SavedRun
from tools.bench.table import aligned, format_number, meets_target

HEADER = ("bench", "what", "unit", "before", "after", "change", "spreads", "ratio before", "after", "change", "verdict")
VERDICTS = {None: "", True: "pass", False: "FAIL"}
UNCOMPARED = ("load_before", "commit")
"""Of the machine, what differs from run to run and is no other machine."""


@dataclass(frozen=True)
class RowChange:
    """One row in both runs."""

    before: BenchRow
    after: BenchRow

    @property
    def median_change(self) -> float | None:
        """Of the median, as a share of the one before; None where that was 0."""
        return relative_change(self.before.median, self.after.median)

    @property
    def ratio_change(self) -> float | None:
        """Of the ratio to the peer; None where either run has none."""
        return relative_change(self.before.ratio, self.after.ratio)

    @property
    def spreads_overlap(self) -> bool:
        """Whether the repetitions of one run lie among the other's, so that the change may be chance."""
        return self.before.low <= self.after.high and self.after.low <= self.before.high

    @property
    def verdict(self) -> str:
        """Whether it reaches its target, and before where that was otherwise."""
        before, after = VERDICTS[meets_target(self.before)], VERDICTS[meets_target(self.after)]
        return after if before == after else f"{before or 'no target'} -> {after or 'no target'}"

    def cells(self) -> tuple[str, ...]:
        """One line under `HEADER`."""
        before, after = self.before, self.after
        unit = after.unit if before.unit == after.unit else f"{before.unit} -> {after.unit}"
        return (
            after.bench,
            after.name,
            unit,
            format_number(before.median),
            format_number(after.median),
            percent(self.median_change) if before.unit == after.unit else "",
            "overlap" if self.spreads_overlap else "apart",
            format_number(before.ratio),
            format_number(after.ratio),
            percent(self.ratio_change),
            self.verdict,
        )


def relative_change(before: float | None, after: float | None) -> float | None:
    """after / before - 1, where that can be said."""
    return None if before is None or after is None or before == 0 else after / before - 1


def percent(change: float | None) -> str:
    """As `+12.5 %`."""
    return "" if change is None else f"{100 * change:+.1f} %"


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested mappings as one, with dotted names."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = str(value)
    return found


def machine_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What the two runs don't share of processor, system and versions."""
    old, new = flat(before), flat(after)
    names = [name for name in {**old, **new} if name not in UNCOMPARED]
    return [f"{name}: {old.get(name, '-')} -> {new.get(name, '-')}" for name in names if old.get(name) != new.get(name)]


def changes(before: SavedRun, after: SavedRun) -> list[RowChange]:
    """The rows that both have, in the order of the later run; matched by bench and name."""
    earlier = {(row.bench, row.name): row for row in before.rows}
    return [RowChange(earlier[row.bench, row.name], row) for row in after.rows if (row.bench, row.name) in earlier]


def compare(before: SavedRun, after: SavedRun) -> str:
    """The whole comparison as text."""
    changed = changes(before, after)
    parts = [f"before: {_title(before)}", f"after:  {_title(after)}", ""]
    differences = machine_differences(before.machine, after.machine)
    if differences:
        parts += ["Not the same machine or versions; a change may be theirs:", *_points(differences), ""]
    parts.append(aligned(HEADER, [change.cells() for change in changed]) if changed else "No row is in both.")
    for title, rows in (
        ("now passes", [change.after for change in changed if _turned(change, to=True)]),
        ("now FAILS", [change.after for change in changed if _turned(change, to=False)]),
        ("only before", _only_in(before, after)),
        ("only after", _only_in(after, before)),
    ):
        if rows:
            parts += ["", f"{title}:", *_points([f"{row.bench}, {row.name}" for row in rows])]
    return "\n".join(parts)


def _turned(change: RowChange, *, to: bool) -> bool:
    return meets_target(change.after) is to and meets_target(change.before) is not to


def _only_in(run: SavedRun, other: SavedRun) -> list[BenchRow]:
    known = {(row.bench, row.name) for row in other.rows}
    return [row for row in run.rows if (row.bench, row.name) not in known]


def _title(run: SavedRun) -> str:
    load = run.machine.get("load_before")
    busy = f", load {load:.1f}" if isinstance(load, int | float) else ""
    return f"{run.name} of {run.time}, commit {run.machine.get('commit') or 'unknown'}{busy}"


def _points(lines: Sequence[str]) -> list[str]:
    return [f"* {line}" for line in lines]
