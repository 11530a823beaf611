"""Which rows of which lane each agent records into."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.interaction.agent_selection import AgentIds

Int64Array: TypeAlias = npt.NDArray[np.int64]


class LaneAllotment:
    """Gives each agent a strip: an unbroken run of rows of one lane.

    A buffer begins with one whole lane for each agent that is there, in the order of ids, so that while nobody comes
    or goes all agents write the same row of neighbouring lanes. Whoever comes later, or has filled a strip, gets the
    longest strip that was given back, else half of what the agent with the most room has left; so a buffer can be
    filled by whichever agents there are. With a bound on the rows of each, whoever has filled a strip gets no other.

    Attributes:
        lane: int64[max], -1 without a strip.
        row: int64[max], the next row to write.
        end: int64[max], the row after the strip; equal to `row` where there is no room.
    """

    def __init__(self, max_agent_count: int, *, is_bounded: bool) -> None:
        """
        Args:
            max_agent_count: agent slots.
            is_bounded: whether an agent that has filled its strip gets no other one.
        """
        self.lane: Int64Array = np.full(max_agent_count, -1, dtype=np.int64)
        self.row: Int64Array = np.zeros(max_agent_count, dtype=np.int64)
        self.end: Int64Array = np.zeros(max_agent_count, dtype=np.int64)
        self._is_bounded = is_bounded
        self._free: list[tuple[int, int, int]] = []

    def clear(self) -> None:
        """Nobody has a strip."""
        self.lane[:] = -1
        self.row[:] = 0
        self.end[:] = 0
        self._free.clear()

    def lay_out(self, agent_ids: AgentIds, row_count: int) -> None:
        """One whole lane for each of these agents, in their order."""
        self.clear()
        self.lane[agent_ids] = np.arange(len(agent_ids))
        self.end[agent_ids] = row_count

    def allot(self, agent_id: int, is_pending: npt.NDArray[np.bool_]) -> bool:
        """Gives an agent a new strip in place of a full one or none.

        Args:
            agent_id: whose strip, if any, has no room.
            is_pending: bool[max], agents whose next row is already written and not to be taken.

        Returns:
            Whether there was one.
        """
        if self._is_bounded and self.lane[agent_id] >= 0:
            return False
        strip = self._take_free() or self._split(is_pending)
        if strip is None:
            return False
        self.lane[agent_id], self.row[agent_id], self.end[agent_id] = strip
        return True

    def give_back(self, agent_ids: AgentIds) -> None:
        """Agents that have gone leave the rest of their strips to others."""
        for agent_id in agent_ids.tolist():
            if self.row[agent_id] < self.end[agent_id]:
                self._free.append((int(self.lane[agent_id]), int(self.row[agent_id]), int(self.end[agent_id])))
        self.lane[agent_ids] = -1
        self.row[agent_ids] = 0
        self.end[agent_ids] = 0

    def has_room(self, agent_ids: AgentIds) -> bool:
        """Whether any of these agents could record a step more, none being pending."""
        if (self.row[agent_ids] < self.end[agent_ids]).any():
            return True
        has_spare = bool(self._free) or int((self.end - self.row).max()) >= 2
        return has_spare and not (self._is_bounded and bool((self.lane[agent_ids] >= 0).all()))

    def _take_free(self) -> tuple[int, int, int] | None:
        if not self._free:
            return None
        longest = max(range(len(self._free)), key=lambda index: self._free[index][2] - self._free[index][1])
        return self._free.pop(longest)

    def _split(self, is_pending: npt.NDArray[np.bool_]) -> tuple[int, int, int] | None:
        room = self.end - self.row - is_pending
        giver = int(room.argmax())
        taken = int(room[giver]) // 2
        if taken < 1:
            return None
        end = int(self.end[giver])
        self.end[giver] = end - taken
        return int(self.lane[giver]), end - taken, end
