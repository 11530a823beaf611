"""Finding numbers that are not finite: cheaply while all are, and by name when one is not."""

from __future__ import annotations

import logging
import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from protocol.observation_layout import ObservationLayout

FloatArray: TypeAlias = npt.NDArray[np.float32]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

_logger = logging.getLogger(__name__)


def are_finite(values: FloatArray) -> bool:
    """Whether all of a C-contiguous array is finite.

    The sum of squares is not finite where a value isn't, and costs one pass without a temporary; only numbers above
    about 1e19, whose squares overflow, need a second look.
    """
    flat = values.reshape(-1)
    return math.isfinite(flat.dot(flat)) or bool(np.isfinite(flat).all())


class NonFiniteReporter:
    """Says which element of whose observation is not finite, once for each agent and element."""

    def __init__(self, layout: ObservationLayout) -> None:
        self._layout = layout
        leaves = layout.leaves
        self._leaf_of_column = np.repeat(np.arange(len(leaves)), [leaf.size for leaf in leaves])
        self._reported: set[tuple[int, int]] = set()

    def report(self, agent_ids: npt.NDArray[np.int64], vectors: FloatArray) -> BoolArray:
        """Logs what is new, and tells whose vectors are finite.

        Args:
            agent_ids: int64[n].
            vectors: float32[n, O].

        Returns:
            bool[n].
        """
        is_number_finite = np.isfinite(vectors)
        is_row_finite: BoolArray = np.logical_and.reduce(is_number_finite, axis=1)
        for row in np.flatnonzero(~is_row_finite).tolist():
            columns = np.flatnonzero(~is_number_finite[row])
            _, firsts = np.unique(self._leaf_of_column[columns], return_index=True)
            for column in columns[firsts].tolist():
                self._report(int(agent_ids[row]), column, float(vectors[row, column]))
        return is_row_finite

    def _report(self, agent_id: int, column: int, value: float) -> None:
        key = (agent_id, int(self._leaf_of_column[column]))
        if key in self._reported:
            return
        self._reported.add(key)
        _logger.warning(
            "observation%s of agent %d is %s; its step is not recorded, its trajectory is cut before it, and its "
            "policy acts on zeros until it is finite again (said once for each agent and element)",
            self._layout.path_of(column)[1:],
            agent_id,
            value,
        )
