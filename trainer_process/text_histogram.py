"""A small histogram in text, for terminals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BIN_COUNT = 10
BAR_WIDTH = 40


def text_histogram(values: npt.ArrayLike, bin_count: int = BIN_COUNT) -> list[str]:
    """Lines with each bin's lower end, a bar and how many values are in it; none for no values.

    Args:
        values: [n], finite.
        bin_count: at most; values that are all the same have one bin, whole numbers of a small range one each.
    """
    known = np.asarray(values, dtype=np.float64)
    if not len(known):
        return []
    low, high = float(known.min()), float(known.max())
    if low == high:
        return [_line(_number(low), len(known), len(known), len(_number(low)))]
    is_whole = bool((known == np.rint(known)).all()) and high - low < bin_count
    edges = np.arange(low, high + 2.0) if is_whole else np.linspace(low, high, bin_count + 1)
    counts, _ = np.histogram(known, edges)
    labels = [_number(edge) for edge in edges[:-1]]
    width = max(map(len, labels))
    return [_line(label, int(count), int(counts.max()), width) for label, count in zip(labels, counts, strict=True)]


def _line(label: str, count: int, most: int, width: int) -> str:
    bar = "█" * round(BAR_WIDTH * count / most)
    return f"{label:>{width}} │{bar or ('▏' if count else '')} {count}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1e4 else f"{value:.4g}"
