"""The order in which an epoch's rows are learnt from. S rows, L steps of a window."""

from __future__ import annotations

import numpy as np

from protocol.experience import Int64Array


def drawn_order(row_count: int, window_size: int, minibatch_rows: int, generator: np.random.Generator) -> Int64Array:
    """int64[S] rows in a random order, whole windows in each minibatch.

    Within a minibatch they are in the order of time: the first steps of all of its windows, then the second ones.

    Args:
        row_count: S, a multiple of L: windows lie one after the other.
        window_size: L; 1 where every row stands for itself.
        minibatch_rows: a multiple of L; the last minibatch has what is left.
        generator: drawn from once.
    """
    rows = generator.permutation(row_count // window_size)
    if window_size > 1:
        per_minibatch = minibatch_rows // window_size
        starts = np.split(window_size * rows, range(per_minibatch, len(rows), per_minibatch))
        rows = np.concatenate([(part + np.arange(window_size)[:, None]).reshape(-1) for part in starts])
    return rows
