"""The steps of open episodes in memory: all agents' side by side, tick after tick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from host_sdk.interaction.agent_selection import AgentIds, Selector
from protocol.experience import ByteArray, FloatArray, Int64Array
from protocol.limits import MEBIBYTE
from protocol.recording import EpisodeSizes

CHUNK_BYTES = 16 * MEBIBYTE
"""Of the memory that is taken at once; what isn't written yet costs nothing on most systems."""

_FEWEST_ROWS = 8
_MOST_ROWS = 1024
_MOST_SPARE = 2


class StepArrays(NamedTuple):
    """Steps: of n agents at one tick, [n, …]; of chunks, [rows, agents, …]; of one agent, [T, …].

    Attributes:
        observations: float32[…, O].
        images: uint8[…, I].
        actions: float32[…, A].
        action_modifiers: float32[…, M].
        rewards: float32[…].
    """

    observations: FloatArray
    images: ByteArray
    actions: FloatArray
    action_modifiers: FloatArray
    rewards: FloatArray

    @classmethod
    def empty(cls, row_count: int, agent_count: int, sizes: EpisodeSizes) -> StepArrays:
        """Memory that was not touched yet."""
        shape = row_count, agent_count
        return cls(
            observations=np.empty((*shape, sizes.observation), dtype=np.float32),
            images=np.empty((*shape, sizes.image), dtype=np.uint8),
            actions=np.empty((*shape, sizes.action), dtype=np.float32),
            action_modifiers=np.empty((*shape, sizes.modifier), dtype=np.float32),
            rewards=np.empty(shape, dtype=np.float32),
        )

    @classmethod
    def joined(cls, parts: Sequence[StepArrays]) -> StepArrays:
        """One behind the other, in memory of its own."""
        if len(parts) == 1:
            observations, images, actions, modifiers, rewards = parts[0]
            return cls(observations.copy(), images.copy(), actions.copy(), modifiers.copy(), rewards.copy())
        return cls(
            np.concatenate([part.observations for part in parts]),
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.actions for part in parts]),
            np.concatenate([part.action_modifiers for part in parts]),
            np.concatenate([part.rewards for part in parts]),
        )

    def at(self, index: slice | Int64Array | tuple[slice, int | Int64Array]) -> StepArrays:
        """Some of them."""
        return StepArrays(
            self.observations[index],
            self.images[index],
            self.actions[index],
            self.action_modifiers[index],
            self.rewards[index],
        )


class _Chunk:
    """Some rows of all agents, or, when it is full, of those who still need it."""

    def __init__(self, steps: StepArrays, agent_count: int) -> None:
        self.steps = steps
        self.first_row = 0
        self.columns: Int64Array | None = None  # of each agent; away while an agent's column is its id
        self.width = agent_count

    def narrow(self, agent_ids: AgentIds, agent_count: int) -> None:
        """Keeps the steps of these agents alone."""
        columns = agent_ids if self.columns is None else self.columns[agent_ids]
        self.steps = self.steps.at((slice(None), columns))
        self.columns = np.full(agent_count, -1, dtype=np.int64)
        self.columns[agent_ids] = np.arange(len(agent_ids))
        self.width = len(agent_ids)


class StepStore:
    """Rows of steps, one for each tick; a row holds a step of every agent that recorded in it.

    Memory is taken chunk by chunk and used again, and a chunk that few agents still need shrinks to theirs, so that one
    endless episode doesn't keep the others' steps. Nothing is done for each agent before its episode is taken out.

    Attributes:
        row: the one that is written next.
    """

    def __init__(self, agent_count: int, sizes: EpisodeSizes) -> None:
        """
        Args:
            agent_count: agent slots.
            sizes: of a step's vectors.
        """
        self.row = 0
        self._agent_count = agent_count
        self._sizes = sizes
        row_bytes = agent_count * sizes.bytes_of_step
        self._row_count = min(max(CHUNK_BYTES // row_bytes, _FEWEST_ROWS), _MOST_ROWS)
        self._chunks: list[_Chunk] = []
        self._spare: list[_Chunk] = []

    @property
    def chunk_count(self) -> int:
        """Chunks in use."""
        return len(self._chunks)

    @property
    def needs_room(self) -> bool:
        """Whether `make_room` must come before the next `write`."""
        return not self._chunks or self.row >= self._chunks[-1].first_row + self._row_count

    def make_room(self, first_rows: Int64Array) -> None:
        """Lets go of what nobody needs, and takes a chunk for the next rows.

        Args:
            first_rows: int64[agents], where each agent's open episode begins; −1 without one.
        """
        kept: list[_Chunk] = []
        for chunk in self._chunks:
            needing = (first_rows >= 0) & (first_rows < chunk.first_row + self._row_count)
            count = np.count_nonzero(needing)
            if not count:
                if chunk.columns is None and len(self._spare) < _MOST_SPARE:
                    self._spare.append(chunk)
                continue
            if 2 * count <= chunk.width:
                chunk.narrow(np.flatnonzero(needing), self._agent_count)
            kept.append(chunk)
        if self._spare:
            fresh = self._spare.pop()
        else:
            fresh = _Chunk(StepArrays.empty(self._row_count, self._agent_count, self._sizes), self._agent_count)
        fresh.first_row = self.row
        self._chunks = [*kept, fresh]

    def write(self, agents: Selector, sources: StepArrays) -> None:
        """Writes a row and goes on to the next.

        Args:
            agents: whose.
            sources: [max, …], indexed by agent.
        """
        chunk = self._chunks[-1]
        place = self.row - chunk.first_row
        target, sizes = chunk.steps, self._sizes
        target.observations[place, agents] = sources.observations[agents]
        target.actions[place, agents] = sources.actions[agents]
        target.rewards[place, agents] = sources.rewards[agents]
        if sizes.modifier:
            target.action_modifiers[place, agents] = sources.action_modifiers[agents]
        if sizes.image:
            target.images[place, agents] = sources.images[agents]
        self.row += 1

    def take(self, agent_id: int, first_row: int, end_row: int) -> StepArrays:
        """One agent's steps [first_row, end_row), in memory of their own."""
        parts: list[StepArrays] = []
        for chunk in self._chunks:
            start, end = max(first_row - chunk.first_row, 0), min(end_row - chunk.first_row, self._row_count)
            if start < end:
                column = agent_id if chunk.columns is None else int(chunk.columns[agent_id])
                parts.append(chunk.steps.at((slice(start, end), column)))
        return StepArrays.joined(parts)
