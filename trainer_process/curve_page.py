"""Curves as a picture, by matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer_process.progress_report import short_count
from trainer_process.run_curves import Axis, BehaviorCurves, Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 3
CELL_INCHES = (4.2, 2.7)
COLORS = ("#3366aa", "#dd7733", "#3a9a5c", "#b5435a", "#7a5aa8", "#8a6d3b", "#d36ba6", "#6b7280", "#a3a329", "#2aa5b5")
TITLES: Mapping[str, str] = {
    "return_mean": "mean return",
    "episode_length_mean": "episode length",
    "learned_reward_mean": "learned reward",
    "neg_log_prob": "surprise (nats)",
    "validation_neg_log_prob": "validation surprise (nats)",
    "prob_true_action": "probability of the expert's action",
    "steps_per_second": "steps per second",
}
LEGEND_RUNS = 12
"""Of more runs than that the legend would hide the curves."""


def draw_page(behaviors: Sequence[BehaviorCurves], target: Path, axis: Axis = "steps") -> None:
    """Writes the picture of some curves; its form is told by the ending of its name.

    Args:
        behaviors: one block each, with a cell for each metric.
        target: of the picture.
        axis: what x is.

    Raises:
        OSError: it can't be written.
        ValueError: there is no picture of that ending.
    """
    from matplotlib.figure import Figure

    width = min(COLUMNS, max(len(each.curves) for each in behaviors))
    heights = [-(-len(each.curves) // width) for each in behaviors]
    runs = list(dict.fromkeys(curve.run for each in behaviors for curves in each.curves.values() for curve in curves))
    colors = {run: COLORS[index % len(COLORS)] for index, run in enumerate(runs)}
    legend_rows = -(-min(len(runs), LEGEND_RUNS) // width)
    size = (width * CELL_INCHES[0], sum(heights) * CELL_INCHES[1] + 0.35 * len(behaviors) + 0.3 * legend_rows)
    figure = Figure(figsize=size, layout="constrained", facecolor="white")
    blocks: Any = figure.subfigures(len(behaviors), 1, squeeze=False, height_ratios=heights)
    for each, height, (block,) in zip(behaviors, heights, blocks, strict=True):
        block.suptitle(each.behavior, x=0.01, ha="left", fontsize=12, fontweight="bold")
        cells = block.subplots(height, width, squeeze=False).flat
        for cell, (metric, curves) in zip(cells, each.curves.items(), strict=False):
            _draw_cell(cell, metric, curves, colors, axis)
        for cell in list(cells)[len(each.curves) :]:
            cell.set_visible(False)
    handles = [_handle(colors[run], run) for run in runs[:LEGEND_RUNS]]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), width), frameon=False)
    figure.savefig(target, dpi=130)


def _draw_cell(cell: Axes, metric: str, curves: Sequence[Curve], colors: Mapping[str, str], axis: Axis) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    size, label = (1.0, "steps") if axis == "steps" else _time_unit(max(float(curve.x[-1]) for curve in curves))
    for curve in curves:
        is_point = len(curve.x) == 1
        cell.plot(curve.x / size, curve.y, color=colors[curve.run], linewidth=1.6, marker="o" if is_point else "")
        if curve.deviation is not None:
            low, high = curve.y - curve.deviation, curve.y + curve.deviation
            cell.fill_between(curve.x / size, low, high, color=colors[curve.run], alpha=0.13, linewidth=0)
    cell.set_title(TITLES.get(metric, metric.replace("_", " ")), fontsize=10, loc="left")
    cell.grid(visible=True, color="#e6e6e6", linewidth=0.8)
    cell.set_axisbelow(True)
    cell.spines[["top", "right"]].set_visible(False)
    cell.spines[["left", "bottom"]].set_color("#999999")
    cell.tick_params(labelsize=8, color="#999999")
    cell.xaxis.set_major_locator(MaxNLocator(5))
    cell.set_xlim(left=0.0)
    if axis == "steps":
        cell.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_count(value)))
    if max(abs(limit) for limit in cell.get_ylim()) >= 10_000:
        cell.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _signed_count(value)))
    cell.set_xlabel(label, fontsize=8)


def _time_unit(longest_s: float) -> tuple[float, str]:
    for size, label in ((3600.0, "hours"), (60.0, "minutes")):
        if longest_s >= 2 * size:
            return size, label
    return 1.0, "seconds"


def _signed_count(value: float) -> str:
    return f"-{short_count(-value)}" if value < 0 else short_count(value)


def _handle(color: str, label: str) -> Any:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=color, linewidth=2.0, label=label)
