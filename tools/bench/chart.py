"""Bench rows as pictures: how far each target is reached, and curves over numbers of agents or hosts."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.bench.row import BenchRow
from tools.bench.table import format_number, meets_target, parse_target

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PASS_COLOUR, FAIL_COLOUR, GREY = "#3a7d5c", "#c0513f", "#8a8f98"
CURVE_COLOURS = ("#2b5f8a", "#c0513f", "#d19a2e", "#6b5b95", "#3a7d5c")
SHORTEST, LONGEST = 1 / 16, 16.0
"""Bars end here; a figure says what lies beyond."""

NARROW = 20
"""Curves that rise by more than this times are drawn on a logarithmic axis."""

HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None
TIMES = "\u00d7"
MISSING = "no picture: pip install matplotlib"


def margin(row: BenchRow) -> float | None:
    """How many times over a row reaches its target: at least 1 where it does; None where that can't be said."""
    if not row.target:
        return None
    quantity, sign, limit = parse_target(row.target)
    value = {"ratio": row.ratio, "median": row.median, "low": row.low, "high": row.high}[quantity]
    if value is None or limit <= 0:
        return None
    if value <= 0:
        return LONGEST if sign == "<=" else None
    return value / limit if sign == ">=" else limit / value


def draw_targets(rows: Sequence[BenchRow], path: Path, title: str) -> bool:
    """One bar for each row with a target, to the right of the line where it is reached; False if there is none."""
    judged = [row for row in rows if row.target]
    if not judged:
        return False
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 1.3 + 0.36 * len(judged)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for place, row in enumerate(judged):
        _draw_bar(axes, place, row)
    axes.axvline(1.0, color="#30343b", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_xlim(SHORTEST, LONGEST * 4)
    ticks = [2.0**power for power in range(-4, 5)]
    axes.set_xticks(ticks, [f"{tick:g} {TIMES}" if tick >= 1 else f"1/{1 / tick:g} {TIMES}" for tick in ticks])
    axes.set_yticks(range(len(judged)), [f"{row.bench}: {row.name}"[:78] for row in judged], fontsize=8)
    axes.set_ylim(len(judged) - 0.4, -0.6)
    axes.set_xlabel("how many times over the target is reached: right of the line, it is", fontsize=9)
    axes.set_title(title, fontsize=11, loc="left")
    axes.grid(axis="x", color="#e4e6ea", linewidth=0.7)
    _plain(axes)
    figure.savefig(path, dpi=130)
    return True


def _draw_bar(axes: Axes, place: int, row: BenchRow) -> None:
    has_passed, reached = bool(meets_target(row)), margin(row)
    colour = PASS_COLOUR if has_passed else FAIL_COLOUR
    end = 1.0 if reached is None else min(max(reached, SHORTEST), LONGEST)
    axes.barh(place, math.fabs(end - 1.0), left=min(end, 1.0), height=0.62, color=colour, zorder=2)
    quantity, sign, limit = parse_target(row.target)
    value = {"ratio": row.ratio, "median": row.median, "low": row.low, "high": row.high}[quantity]
    unit = f" {TIMES}" if quantity == "ratio" else f" {row.unit}"
    text = "not measured" if value is None else f"{format_number(value)}{unit}"
    axes.annotate(
        f"{text}  ({'≤' if sign == '<=' else '≥'} {limit:g})",
        (max(end, 1.0), place),
        xytext=(5, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=colour,
    )


def draw_curves(rows: Sequence[BenchRow], path: Path, title: str) -> bool:
    """One panel for each axis that rows are points of: ours with its spread, and the peers; False if there is none."""
    axis_names = list(dict.fromkeys(row.axis for row in rows if row.axis))
    if not axis_names:
        return False
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2 * len(axis_names), 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    for place, name in enumerate(axis_names):
        axes = figure.add_subplot(1, len(axis_names), place + 1)
        _draw_panel(axes, name, [row for row in rows if row.axis == name])
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    figure.savefig(path, dpi=130)
    return True


def _draw_panel(axes: Axes, name: str, rows: Sequence[BenchRow]) -> None:
    ours = {row.x: row for row in rows if row.x is not None}
    points = sorted((x, row.median, row.low, row.high) for x, row in ours.items() if x is not None)
    places = [point[0] for point in points]
    medians = [point[1] for point in points]
    below, above = [point[1] - point[2] for point in points], [point[3] - point[1] for point in points]
    style: dict[str, Any] = {"marker": "o", "markersize": 4, "linewidth": 1.6}
    axes.plot(places, medians, color=CURVE_COLOURS[0], label="ours", zorder=3, **style)
    axes.errorbar(places, medians, yerr=(below, above), capsize=2, color=CURVE_COLOURS[0], linestyle="none")
    for number, peer in enumerate(dict.fromkeys(row.peer_name for row in rows if row.peer_name), 1):
        curve = sorted(
            (row.x, row.peer_median)
            for row in rows
            if row.peer_name == peer and row.x is not None and row.peer_median is not None
        )
        colour = CURVE_COLOURS[number % len(CURVE_COLOURS)]
        axes.plot([x for x, _ in curve], [y for _, y in curve], color=colour, label=peer.partition(" (")[0], **style)
    first = points[0]
    ideal = [first[1] * place / first[0] for place in places]
    axes.plot(places, ideal, color=GREY, linestyle=":", linewidth=1, label="as the first point, times its number")
    axes.set_xscale("log", base=2)
    if max(medians) > NARROW * min(medians):
        axes.set_yscale("log")
        axes.set_ylim(top=3 * max(medians))
    else:
        axes.set_ylim(0, 1.25 * max(*(point[3] for point in points), *medians))
        axes.yaxis.set_major_formatter(lambda value, place: f"{value:,.0f}")
    for place, median in zip(places, medians, strict=True):
        text = f"{median / 1000:,.0f}k" if median >= 10_000 else f"{median:,.0f}"
        axes.annotate(
            text, (place, median), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=7.5, zorder=4
        )
    axes.set_xticks(places, [f"{place:,.0f}" for place in places])
    axes.minorticks_off()
    axes.set_xlabel(name)
    axes.set_ylabel(rows[0].unit)
    axes.grid(color="#e4e6ea", linewidth=0.7)
    axes.legend(fontsize=8, frameon=False, loc="best")
    _plain(axes)


def _plain(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)
