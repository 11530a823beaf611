"""Pictures of `bench imitation`: returns by number of demonstrations, and a clone's training beside PPO's alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.chart import CURVE_COLOURS, GREY, HAS_MATPLOTLIB

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS_COLOUR, PEER_COLOUR = CURVE_COLOURS[0], CURVE_COLOURS[1]


@dataclass(frozen=True)
class ReturnPoint:
    """Clones of so many episodes.

    Attributes:
        episodes: that each of them saw.
        ours: the mean return of each seed.
        peers: likewise; empty where there was no peer.
    """

    episodes: int
    ours: Sequence[float]
    peers: Sequence[float]


@dataclass(frozen=True)
class Curve:
    """One training.

    Attributes:
        steps: at each evaluation.
        returns: of it.
        is_cloned: whether it went on from a clone.
    """

    steps: Sequence[int]
    returns: Sequence[float]
    is_cloned: bool


def draw_returns(points: Sequence[ReturnPoint], expert_return: float, path: Path, title: str) -> bool:
    """Each seed a dot, the means a line; False where there is no matplotlib."""
    if not HAS_MATPLOTLIB:
        return False
    figure, axes = _axes(path, title)
    for side, colour, label in (("ours", OURS_COLOUR, "ours"), ("peers", PEER_COLOUR, "imitation")):
        found = [(point.episodes, list(getattr(point, side))) for point in points if getattr(point, side)]
        if not found:
            continue
        for episodes, values in found:
            axes.scatter([episodes] * len(values), values, s=14, color=colour, alpha=0.5)
        means = [sum(values) / len(values) for _, values in found]
        axes.plot([episodes for episodes, _ in found], means, color=colour, marker="o", label=label)
    axes.axhline(expert_return, color=GREY, linestyle=":", label="the expert")
    axes.set_xscale("log")
    axes.set_xticks([point.episodes for point in points], [str(point.episodes) for point in points])
    axes.minorticks_off()
    axes.set_xlabel("episodes of the expert")
    _save(figure, axes, path)
    return True


def draw_fine_tuning(curves: Sequence[Curve], level: float, path: Path, title: str) -> bool:
    """Each training a curve; False where there is no matplotlib."""
    if not HAS_MATPLOTLIB:
        return False
    figure, axes = _axes(path, title)
    labels = {True: "from a clone", False: "PPO alone"}
    for curve in curves:
        colour = OURS_COLOUR if curve.is_cloned else PEER_COLOUR
        axes.plot(curve.steps, curve.returns, color=colour, linewidth=1.3, label=labels.pop(curve.is_cloned, None))
    axes.axhline(level, color=GREY, linestyle=":", label=f"{level:g}")
    axes.set_xlabel("steps of training")
    axes.xaxis.set_major_formatter(lambda value, place: f"{value / 1000:,.0f}k")
    _save(figure, axes, path)
    return True


def _axes(path: Path, title: str) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    path.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, fontsize=11, loc="left")
    axes.set_ylabel("mean return of the mode")
    axes.grid(color="#e4e6ea", linewidth=0.7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _save(figure: Figure, axes: Axes, path: Path) -> None:
    axes.legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=130)
    print(f"  drawn: {path}", flush=True)
