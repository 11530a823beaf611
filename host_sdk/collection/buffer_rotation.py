"""The buffers of experience: one being written, some on their way, some free."""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import dataclass
from functools import partial

from host_sdk.collection.episode_tally import EpisodeTally
from host_sdk.collection.lane_buffer import AllocateFloats, LaneBuffer, StepSizes
from host_sdk.collection.segment_log import ClosedSegments
from host_sdk.errors import CollectionError
from protocol.collection_contract import CollectionContract
from protocol.experience import ExperienceBatch, ExperienceStatistics
from protocol.limits import MAX_BATCH_BYTES, MAX_BATCH_STEPS

_SEGMENT_BYTES = 8 * 8 + 3 * 8 + 8 + 4
"""Of a segment in a batch beside its final state: a row of the table, a version run, an episode's return and length."""


@dataclass
class CollectionCounts:
    """Agent-steps that are in no batch, by what became of them; the numbers only grow.

    Attributes:
        unrecorded_steps: played while no buffer was free, or no room left in a full one.
        dropped_actions: whose reward never came, or whose outcome was never seen.
        non_finite_steps: cut away because an observation or a reward was not finite.
    """

    unrecorded_steps: int = 0
    dropped_actions: int = 0
    non_finite_steps: int = 0


class BufferRotation:
    """Buffers go from free to current, by `take` into flight, and by `release` back to free.

    Attributes:
        current: the buffer being written; None while none is free.
        is_laid_out: whether the current one has been given its lanes.
        step_count: steps in the current one.
        has_room: whether some agent can still record into it.
    """

    def __init__(
        self,
        sizes: StepSizes,
        contract: CollectionContract,
        max_agent_count: int,
        first_batch_id: int,
        allocate: AllocateFloats,
    ) -> None:
        """Takes the memory of all buffers; see `TrajectoryRecorder`. Raises CollectionError."""
        self._contract = contract
        capacity = _capacity(contract, max_agent_count, sizes.step_bytes)
        segment_bytes = sizes.final_bytes + _SEGMENT_BYTES
        # Every agent may close a segment in the last tick, and another one when all are cut.
        self._segment_limit = (MAX_BATCH_BYTES - capacity * sizes.step_bytes) // segment_bytes - 2 * max_agent_count
        if self._segment_limit < 0:
            raise _over_the_limits(contract, max_agent_count, capacity * sizes.step_bytes)
        self._make_buffer = partial(LaneBuffer, sizes, capacity, max_agent_count, allocate)
        self._free = deque(self._make_buffer() for _ in range(contract.buffer_count))
        self._in_flight: dict[int, LaneBuffer] = {}
        self._retired: set[int] = set()
        self._next_batch_id = first_batch_id
        self._reported = CollectionCounts()
        self.current: LaneBuffer | None = self._free.popleft()
        self._begin_use()

    @property
    def is_full(self) -> bool:
        """Whether the current buffer is to be handed off."""
        return self.current is not None and (self.step_count >= self._full_at or not self.has_room)

    @property
    def in_flight_count(self) -> int:
        """Batches taken and not yet released."""
        return len(self._in_flight)

    def lay_out(self, agent_count: int) -> int:
        """Shapes the current buffer for the agents that are there now, so that the steps wanted fit with some slack.

        Returns:
            T, the rows of each lane.
        """
        rows = -(-self._contract.steps_per_hand_off // agent_count)
        rows += max(1, rows // 8)
        if self._contract.horizon:
            rows = min(rows, self._contract.horizon)
        if self.current is not None:
            self.current.shape_lanes(rows, agent_count)
        self.is_laid_out = True
        return rows

    def append(self, closed: ClosedSegments) -> None:
        """Adds segments to the current buffer, if there is one."""
        if self.current is not None:
            self.current.segments.append(closed)
            if len(self.current.segments) > self._segment_limit:
                self._full_at = 0

    def take(self, counts: CollectionCounts, tally: EpisodeTally) -> ExperienceBatch | None:
        """The current buffer as a batch, if it holds a segment; the next free one is current from now on."""
        buffer = self.current
        self._begin_use()
        if buffer is None or not len(buffer.segments):
            return None
        batch = buffer.batch(self._next_batch_id, self._statistics(counts, tally))
        self._in_flight[batch.batch_id] = buffer
        self._next_batch_id += 1
        self.current = self._free.popleft() if self._free else None
        return batch

    def number_from(self, batch_id: int) -> None:
        """The next batch that is taken has this id, above all before."""
        self._next_batch_id = max(self._next_batch_id, batch_id)

    def release(self, batch_id: int) -> bool:
        """Frees the buffer of a batch; false where no such batch is in flight."""
        buffer = self._in_flight.pop(batch_id, None)
        if buffer is None:
            return False
        if batch_id in self._retired:
            self._retired.remove(batch_id)
            buffer = self._make_buffer()
        buffer.segments.clear()
        if self.current is None:
            self.current = buffer
        else:
            self._free.append(buffer)
        return True

    def retire_in_flight(self) -> None:
        """The buffers that are in flight will never be written again: a trainer that was given up may read them."""
        self._retired.update(self._in_flight)

    def _begin_use(self) -> None:
        self.is_laid_out = False
        self.step_count = 0
        self.has_room = True
        self._full_at = self._contract.steps_per_hand_off

    def _statistics(self, counts: CollectionCounts, tally: EpisodeTally) -> ExperienceStatistics:
        """What was counted since the last batch."""
        before, self._reported = self._reported, copy(counts)
        returns, lengths = tally.take_ended()
        return ExperienceStatistics(
            unrecorded_steps=counts.unrecorded_steps - before.unrecorded_steps,
            dropped_actions=counts.dropped_actions - before.dropped_actions,
            non_finite_steps=counts.non_finite_steps - before.non_finite_steps,
            episode_returns=returns,
            episode_lengths=lengths,
        )


def _capacity(contract: CollectionContract, max_agent_count: int, step_bytes: int) -> int:
    """Steps that `lay_out` may shape for any number of agents up to the maximum."""
    wanted = contract.steps_per_hand_off
    # The rows of up to max_agent_count lanes are rounded up, and get one or an eighth more.
    capacity = wanted + wanted // 8 + 3 * max_agent_count
    if contract.horizon:
        capacity = min(capacity, contract.horizon * max_agent_count)
    if wanted + max_agent_count > MAX_BATCH_STEPS or capacity * step_bytes > MAX_BATCH_BYTES:
        raise _over_the_limits(contract, max_agent_count, capacity * step_bytes)
    return capacity


def _over_the_limits(contract: CollectionContract, max_agent_count: int, byte_count: int) -> CollectionError:
    return CollectionError(
        f"the trainer wants {contract.steps_per_hand_off} steps at a time from up to {max_agent_count} agents, which "
        f"are {byte_count} bytes and their segments; a batch holds at most {MAX_BATCH_STEPS} steps and "
        f"{MAX_BATCH_BYTES} bytes; lower steps_per_update in the training settings"
    )
