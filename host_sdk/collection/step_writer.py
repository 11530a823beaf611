"""Writing the steps of all agents into the current buffer, in the quick way while nothing unusual happens."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from host_sdk.collection.buffer_rotation import BufferRotation, CollectionCounts
from host_sdk.collection.episode_tally import EpisodeTally
from host_sdk.collection.lane_allotment import LaneAllotment
from host_sdk.collection.open_segment import OpenSegments
from host_sdk.collection.segment_log import FinalState
from host_sdk.interaction.agent_selection import AgentIds, Selector, selector_of
from host_sdk.interaction.finiteness import are_finite
from protocol.completion import Completion

FloatArray: TypeAlias = npt.NDArray[np.float32]
Int64Array: TypeAlias = npt.NDArray[np.int64]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

# What an agent's last action waits for: its reward, in all cases but the first.
_NOTHING = 0
_RECORDED = 1  # its row is written
_UNRECORDED = 2  # there was no room for it
_NON_FINITE = 3  # its observation was not finite


class ActedStep(NamedTuple):
    """What agents saw and did in one tick; arrays are indexed by agent id. See `TrajectoryRecorder.begin_step`."""

    observations: FloatArray
    actions: FloatArray
    log_probs: FloatArray
    policy_version: int
    images: ByteArray | None
    memory: FloatArray | None
    action_modifiers: FloatArray | None

    def seen_by(self, agent_ids: AgentIds) -> FinalState:
        """What these agents saw, and remembered before, as the state that their last segments end in; copied."""
        return FinalState(
            self.observations[agent_ids],
            None if self.images is None else self.images[agent_ids],
            None if self.memory is None else self.memory[agent_ids],
        )


class StepWriter:
    """Begins and ends steps: each agent's open segment grows by a row, or is cut where it can't go on.

    While all agents record, in segments of one mark, into one row of neighbouring lanes, the writer is steady: a tick
    is a slice for each field. It stays so when episodes end after a whole step, and opens new segments in the row that
    comes next. Anything else goes by way of `_begin_unsteady` and `_end_unsteady`, which are still free of Python per
    agent, save for agents that look for a new strip.
    """

    def __init__(
        self,
        max_agent_count: int,
        buffers: BufferRotation,
        tally: EpisodeTally,
        counts: CollectionCounts,
        *,
        is_bounded: bool,
    ) -> None:
        """
        Args:
            max_agent_count: agent slots.
            buffers: where steps go.
            tally: counts all steps, recorded or not.
            counts: told of steps that get lost.
            is_bounded: whether an agent that has filled its lane waits for the next hand-off.
        """
        self._buffers = buffers
        self._tally = tally
        self._counts = counts
        self._lanes = LaneAllotment(max_agent_count, is_bounded=is_bounded)
        self._segments = OpenSegments(max_agent_count, self._lanes, buffers, tally)
        self._pending: ByteArray = np.zeros(max_agent_count, dtype=np.uint8)
        self._agent_ids: AgentIds = np.zeros(0, dtype=np.int64)
        self._agents: Selector = slice(0, 0)
        self._is_steady = False
        self._is_waiting = False
        self._steady_row = 0
        self._steady_end = 0
        self._steady_lanes = slice(0, 0)
        self._steady_mark = True
        self._reopening: list[AgentIds] = []

    @property
    def open_agent_ids(self) -> AgentIds:
        """int64[n], rising: whose segments are open."""
        return np.flatnonzero(self._segments.first_row >= 0)

    def begin(
        self,
        agent_ids: AgentIds,
        acted: ActedStep,
        is_on_policy: bool,
        is_set_by_hand: BoolArray | None,
        is_finite: BoolArray | None,
    ) -> None:
        """Writes what agents saw and did; see `TrajectoryRecorder.begin_step`."""
        if agent_ids is not self._agent_ids:
            self._agent_ids, self._agents, self._is_steady = agent_ids, selector_of(agent_ids), False
        agents = self._agents
        if is_set_by_hand is not None and not np.count_nonzero(is_set_by_hand[agents]):
            is_set_by_hand = None
        if is_finite is not None and np.count_nonzero(is_finite[agents]) == len(agent_ids):
            is_finite = None
        is_plain = is_set_by_hand is None and is_finite is None and is_on_policy == self._steady_mark
        if self._is_steady and is_plain and not self._is_waiting:
            self._is_waiting = True
            self._pending[agents] = _RECORDED
            while self._reopening:
                self._reopen(self._reopening.pop())
            self._write(acted, self._steady_row, self._steady_lanes, agents)
            return
        marks = np.full(len(agent_ids), is_on_policy)
        if is_set_by_hand is not None:
            marks &= ~is_set_by_hand[agents]
        finite = np.ones(len(agent_ids), dtype=np.bool_) if is_finite is None else is_finite[agents]
        self._begin_unsteady(acted, agent_ids, marks, finite)

    def end(self, agent_ids: AgentIds, rewards: FloatArray) -> AgentIds:
        """Gives rewards, float32[n]; returns the agents whose reward was not finite."""
        if self._is_steady and self._is_waiting and agent_ids is self._agent_ids and are_finite(rewards):
            self._is_waiting = False
            self._end_steady(rewards)
            return agent_ids[:0]
        return self._end_unsteady(agent_ids, rewards)

    def close(self, agent_ids: AgentIds, completions: ByteArray, final: FinalState) -> None:
        """Closes the segments of those who have one open; see `TrajectoryRecorder.close_segments`."""
        is_open = self._segments.are_open(agent_ids)
        if self._is_steady and not self._is_waiting and np.count_nonzero(is_open) == len(agent_ids):
            self._is_steady = self._close_whole(agent_ids, completions, final)
            self._reopening.append(agent_ids)
            return
        self._is_steady = False
        waiting = is_open & (self._pending[agent_ids] == _RECORDED)
        if waiting.any():
            self.interrupt(agent_ids[waiting])
        ends = is_open & ~waiting
        self._close_whole(agent_ids[ends], completions[ends], final.at(ends))

    def interrupt(self, agent_ids: AgentIds) -> None:
        """Cuts at the last whole transition; see `TrajectoryRecorder.interrupt`."""
        pending = self._pending[agent_ids]
        is_open = self._segments.are_open(agent_ids)
        if not np.count_nonzero(pending) and not np.count_nonzero(is_open):
            return
        self._is_steady = False
        unseen = agent_ids[is_open & (pending == _NOTHING)]
        self._counts.dropped_actions += int(((pending == _RECORDED) | (pending == _UNRECORDED)).sum()) + len(unseen)
        self._segments.cut_before_row(agent_ids[is_open & (pending == _RECORDED)])
        self._segments.cut_before_last_step(unseen)
        self._pending[agent_ids] = _NOTHING

    def give_back(self, agent_ids: AgentIds) -> None:
        """Agents that have gone, without open segments, leave their room to others."""
        self._lanes.give_back(agent_ids)

    def leave_buffer(self) -> None:
        """The current buffer is handed off: nobody has room until the next is laid out. No segment is open."""
        self._is_steady = False
        self._lanes.clear()

    def _write(self, acted: ActedStep, row: int | Int64Array, lane: slice | Int64Array, agents: Selector) -> None:
        buffer = self._buffers.current
        if buffer is None:
            return
        buffer.observations[row, lane] = acted.observations[agents]
        buffer.actions[row, lane] = acted.actions[agents]
        buffer.log_probs[row, lane] = acted.log_probs[agents]
        buffer.versions[row, lane] = acted.policy_version
        if acted.images is not None:
            buffer.images[row, lane] = acted.images[agents]
        if acted.memory is not None:
            buffer.memory[row, lane] = acted.memory[agents]
        if acted.action_modifiers is not None:
            buffer.action_modifiers[row, lane] = acted.action_modifiers[agents]

    def _begin_unsteady(self, acted: ActedStep, agent_ids: AgentIds, marks: BoolArray, is_finite: BoolArray) -> None:
        self._is_steady = False
        self._reopening.clear()  # they open with all others that have none
        self._drop_unrewarded(agent_ids[self._pending[agent_ids] != _NOTHING])
        if not is_finite.all():
            self._cut_before_non_finite(agent_ids[~is_finite])
        ids, marks = agent_ids[is_finite], marks[is_finite]
        buffers = self._buffers
        if buffers.current is None or not ids.size:
            self._pending[ids] = _UNRECORDED
            return
        if not buffers.is_laid_out:
            self._lanes.lay_out(agent_ids, buffers.lay_out(len(agent_ids)))
        self._pending[ids] = _RECORDED
        has_room = self._make_room(acted, ids, marks)
        self._pending[ids[~has_room]] = _UNRECORDED
        ids, marks = ids[has_room], marks[has_room]
        is_new = ~self._segments.are_open(ids)
        self._segments.open(ids[is_new], marks[is_new])
        rows, lanes = self._lanes.row[ids], self._lanes.lane[ids]
        if len(ids) == len(agent_ids):
            self._settle(rows, lanes, marks)
        if self._is_steady:
            self._write(acted, self._steady_row, self._steady_lanes, self._agents)
        else:
            self._write(acted, rows, lanes, ids)

    def _reopen(self, agent_ids: AgentIds) -> None:
        """New segments in the steady row, for agents whose last ones were closed."""
        self._segments.open(agent_ids, np.full(len(agent_ids), self._steady_mark))

    def _settle(self, rows: Int64Array, lanes: Int64Array, marks: BoolArray) -> None:
        """All agents record: from now on the steady way will do, if their rows and lanes allow it."""
        is_one_row = bool((rows == rows[0]).all() and (np.diff(lanes) == 1).all() and (marks == marks[0]).all())
        if is_one_row:
            self._is_steady = self._is_waiting = True
            self._steady_row = int(rows[0])
            self._steady_end = int(self._lanes.end[self._agent_ids].min())
            self._steady_lanes = slice(int(lanes[0]), int(lanes[-1]) + 1)
            self._steady_mark = bool(marks[0])

    def _make_room(self, acted: ActedStep, agent_ids: AgentIds, marks: BoolArray) -> BoolArray:
        """Cuts segments that can't go on, with what is seen now, and looks for new strips. bool[k], who has a row."""
        lanes, segments = self._lanes, self._segments
        is_exhausted = lanes.row[agent_ids] >= lanes.end[agent_ids]
        ends = segments.are_open(agent_ids) & (is_exhausted | (segments.is_on_policy[agent_ids] != marks))
        cut = agent_ids[ends]
        if cut.size:
            segments.close(cut, np.zeros(len(cut), np.uint8), acted.seen_by(cut))
        for agent_id in agent_ids[is_exhausted].tolist():
            lanes.allot(agent_id, self._pending == _RECORDED)
        has_room: BoolArray = lanes.row[agent_ids] < lanes.end[agent_ids]
        return has_room

    def _drop_unrewarded(self, agent_ids: AgentIds) -> None:
        if agent_ids.size:
            self.interrupt(agent_ids)
            self._tally.steps[agent_ids] += 1

    def _cut_before_non_finite(self, agent_ids: AgentIds) -> None:
        """An observation that can't be used also takes the step before it, whose outcome it was."""
        before = agent_ids[self._segments.are_open(agent_ids)]
        self._segments.cut_before_last_step(before)
        self._counts.non_finite_steps += len(before) + len(agent_ids)
        self._pending[agent_ids] = _NON_FINITE

    def _end_steady(self, rewards: FloatArray) -> None:
        agents, buffers = self._agents, self._buffers
        if buffers.current is not None:
            buffers.current.rewards[self._steady_row, self._steady_lanes] = rewards
        buffers.step_count += len(rewards)
        self._pending[agents] = _NOTHING
        self._tally.add(agents, rewards)
        self._steady_row += 1
        self._lanes.row[agents] = self._steady_row
        if self._steady_row >= self._steady_end:
            self._is_steady = False
            buffers.has_room = self._lanes.has_room(self._agent_ids)

    def _end_unsteady(self, agent_ids: AgentIds, rewards: FloatArray) -> AgentIds:
        self._is_steady = False
        pending = self._pending[agent_ids]
        has_acted, is_recorded = pending != _NOTHING, pending == _RECORDED
        is_finite = np.isfinite(rewards)
        whole, broken = is_recorded & is_finite, agent_ids[is_recorded & ~is_finite]
        ids, buffers, lanes = agent_ids[whole], self._buffers, self._lanes
        if buffers.current is not None:
            buffers.current.rewards[lanes.row[ids], lanes.lane[ids]] = rewards[whole]
            self._segments.cut_before_row(broken)
        lanes.row[ids] += 1
        buffers.step_count += len(ids)
        self._counts.non_finite_steps += len(broken)
        self._counts.unrecorded_steps += int((pending == _UNRECORDED).sum())
        self._tally.add(agent_ids[has_acted], np.where(is_finite, rewards, np.float32(0.0))[has_acted])
        self._pending[agent_ids] = _NOTHING
        if buffers.is_laid_out:
            buffers.has_room = lanes.has_room(agent_ids)
        unusable: AgentIds = agent_ids[has_acted & ~is_finite]
        return unusable

    def _close_whole(self, agent_ids: AgentIds, completions: ByteArray, final: FinalState) -> bool:
        """Closes open segments that wait for nothing; whether each was closed where it stood, none of them cut."""
        observations = final.observations
        if are_finite(observations):
            self._segments.close(agent_ids, completions, final)
            return True
        is_usable = np.isfinite(observations).all(axis=1)
        is_terminated = completions == Completion.TERMINATION
        observations = np.where((is_usable | ~is_terminated)[:, np.newaxis], observations, np.float32(0.0))
        is_usable |= is_terminated
        broken = agent_ids[~is_usable]
        self._counts.non_finite_steps += len(broken)
        self._segments.cut_before_last_step(broken)
        usable = final._replace(observations=observations).at(is_usable)
        self._segments.close(agent_ids[is_usable], completions[is_usable], usable)
        return not broken.size
