"""The segments that are being written, and how they are closed."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.collection.buffer_rotation import BufferRotation
from host_sdk.collection.episode_tally import EpisodeTally
from host_sdk.collection.lane_allotment import LaneAllotment
from host_sdk.collection.segment_log import ClosedSegments, FinalState
from host_sdk.interaction.agent_selection import AgentIds
from protocol.completion import Completion

Int64Array: TypeAlias = npt.NDArray[np.int64]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
BoolArray: TypeAlias = npt.NDArray[np.bool_]


class OpenSegments:
    """At most one open segment for each agent, in the agent's strip of the current buffer.

    Attributes:
        first_row: int64[max], where the open segment begins; -1 where none is open.
        is_on_policy: bool[max], its mark.
    """

    def __init__(
        self, max_agent_count: int, lanes: LaneAllotment, buffers: BufferRotation, tally: EpisodeTally
    ) -> None:
        self.first_row: Int64Array = np.full(max_agent_count, -1, dtype=np.int64)
        self.is_on_policy: BoolArray = np.ones(max_agent_count, dtype=np.bool_)
        self._first_step: Int64Array = np.zeros(max_agent_count, dtype=np.int64)
        self._lanes = lanes
        self._buffers = buffers
        self._tally = tally

    def are_open(self, agent_ids: AgentIds) -> BoolArray:
        """bool[k]."""
        is_open: BoolArray = self.first_row[agent_ids] >= 0
        return is_open

    def open(self, agent_ids: AgentIds, marks: BoolArray) -> None:
        """Opens segments at the agents' present rows; `marks` is bool[k], whether they are on-policy."""
        self.first_row[agent_ids] = self._lanes.row[agent_ids]
        self._first_step[agent_ids] = self._tally.steps[agent_ids]
        self.is_on_policy[agent_ids] = marks

    def close(self, agent_ids: AgentIds, completions: ByteArray, final: FinalState) -> None:
        """Closes open segments; one without a whole step is forgotten.

        Args:
            agent_ids: int64[k].
            completions: uint8[k].
            final: of k agents, finite.
        """
        first_row = self.first_row[agent_ids]
        length = self._lanes.row[agent_ids] - first_row
        self.first_row[agent_ids] = -1
        kept = length > 0
        kept_count = np.count_nonzero(kept)
        if not kept_count or self._buffers.current is None:
            return
        if kept_count < len(kept):
            agent_ids, first_row, length, completions = (
                agent_ids[kept],
                first_row[kept],
                length[kept],
                completions[kept],
            )
            final = final.at(kept)
        self._buffers.append(
            ClosedSegments(
                lane=self._lanes.lane[agent_ids],
                first_row=first_row,
                length=length,
                agent_id=agent_ids,
                episode=self._tally.serials[agent_ids],
                first_step=self._first_step[agent_ids],
                completion=completions,
                is_on_policy=self.is_on_policy[agent_ids],
                final=final,
            )
        )

    def cut_before_row(self, agent_ids: AgentIds) -> None:
        """Cuts open segments before the row that is written but not whole; its observation is the bootstrap."""
        buffer = self._buffers.current
        if buffer is None or not agent_ids.size:
            return
        rows, lanes = self._lanes.row[agent_ids], self._lanes.lane[agent_ids]
        running = np.full(len(agent_ids), Completion.RUNNING, dtype=np.uint8)
        self.close(agent_ids, running, buffer.seen_at(rows, lanes))

    def cut_before_last_step(self, agent_ids: AgentIds) -> None:
        """Takes the last step back, whose outcome can't be used, and cuts before it. None of them is pending."""
        self._lanes.row[agent_ids] -= 1
        self._buffers.step_count -= len(agent_ids)
        self.cut_before_row(agent_ids)
