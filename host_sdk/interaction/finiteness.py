"""Finding numbers that are not finite: cheaply while all are, and by name when one is not."""

from __future__ import annotations

import logging
import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.interaction.active_leaf import active_leaf
from protocol.observation_layout import ObservationLayout, ObservationLeaf
from protocol.schema import ObservationElement

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

    def __init__(self, element: ObservationElement) -> None:
        """
        Args:
            element: the schema of the observations.
        """
        self._element = element
        leaves = ObservationLayout.of(element).leaves
        # Where no leaf begins or ends, floats belong to the same leaf, whichever option of a union was chosen.
        edges = {leaf.offset for leaf in leaves} | {leaf.offset + leaf.size for leaf in leaves}
        self._part_of_column = np.searchsorted(sorted(edges), np.arange(element.vector_size), side="right")
        self._reported: set[tuple[int, int, str]] = set()
        self._shared_parts = self._parts_of_several(leaves)

    def _parts_of_several(self, leaves: tuple[ObservationLeaf, ...]) -> frozenset[int]:
        owners = np.zeros(len(self._part_of_column), dtype=np.int64)
        for leaf in leaves:
            owners[leaf.offset : leaf.offset + leaf.size] += 1
        return frozenset(self._part_of_column[owners > 1].tolist())

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
            _, firsts = np.unique(self._part_of_column[columns], return_index=True)
            for column in columns[firsts].tolist():
                self._report(int(agent_ids[row]), column, vectors[row])
        return is_row_finite

    def _report(self, agent_id: int, column: int, vector: FloatArray) -> None:
        part = int(self._part_of_column[column])
        if part not in self._shared_parts and (agent_id, part, "") in self._reported:
            return
        leaf = active_leaf(self._element, vector, column, "observation")
        key = (agent_id, 0, leaf.path) if part in self._shared_parts else (agent_id, part, "")
        if key in self._reported:
            return
        self._reported.add(key)
        _logger.warning(
            "%s of agent %d is %s; its step is not recorded, its trajectory is cut before it, and its policy acts on "
            "zeros until it is finite again (said once for each agent and element)",
            leaf,
            agent_id,
            float(vector[column]),
        )
