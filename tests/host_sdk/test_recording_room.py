"""How the recorder shares out the room of a buffer, and what it does when there is none."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_sdk.collection import buffer_rotation
from host_sdk.errors import CollectionError
from host_sdk.trajectory_recorder import TrajectoryRecorder
from protocol.action_layout import ActionLayout
from protocol.collection_contract import CollectionContract
from protocol.experience import STEP_FIELDS, ExperienceBatch, VectorSizes
from protocol.experience_wire import experience_to_message, validate_batch
from protocol.limits import MAX_BATCH_STEPS
from protocol.observation_layout import ObservationLayout
from protocol.schema import ContinuousAction, ContinuousObservation

MAX_AGENTS = 8
OBSERVATION = ObservationLayout.of(ContinuousObservation(2))
ACTION = ActionLayout.of(ContinuousAction(1))


class Play:
    """Agents that see (slot, time), and are rewarded with the time after their action."""

    def __init__(
        self, steps_per_hand_off: int, *, horizon: int = 0, buffer_count: int = 1, memory_size: int = 0
    ) -> None:
        contract = CollectionContract(steps_per_hand_off, horizon, buffer_count, STEP_FIELDS, False)
        self.recorder = TrajectoryRecorder(OBSERVATION, ACTION, MAX_AGENTS, contract, memory_size=memory_size)
        self.memory_size = memory_size
        self.agent_ids: npt.NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self.time = 0
        self.steps_played = 0
        self.batches: list[ExperienceBatch] = []

    def has_agents(self, *agents: int) -> None:
        before, self.agent_ids = self.agent_ids, np.array(sorted(agents), dtype=np.int64)
        self.recorder.end_agents(np.setdiff1d(before, self.agent_ids))
        self.recorder.begin_agents(np.setdiff1d(self.agent_ids, before))

    def seen(self, agents: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        return np.stack([agents, np.full(len(agents), self.time)], axis=1).astype(np.float32)

    def memory(self, agents: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        return np.repeat(self.seen(agents)[:, 1:], self.memory_size, axis=1)

    def step(self, count: int = 1) -> None:
        everyone = np.arange(MAX_AGENTS)
        for _ in range(count):
            actions = np.full((MAX_AGENTS, 1), self.time, dtype=np.float32)
            self.recorder.begin_step(
                self.agent_ids,
                self.seen(everyone),
                actions,
                np.zeros(MAX_AGENTS, np.float32),
                policy_version=0,
                memory=self.memory(everyone) if self.memory_size else None,
            )
            self.time += 1
            self.steps_played += len(self.agent_ids)
            rewards = np.full(len(self.agent_ids), self.time, dtype=np.float32)
            self.recorder.end_step(self.agent_ids, rewards, np.zeros(len(self.agent_ids), np.uint8))

    def hand_off(self, *, is_released: bool = True) -> ExperienceBatch | None:
        open_ids = self.recorder.open_agent_ids
        self.recorder.cut_all(self.seen(open_ids), final_memory=self.memory(open_ids))
        batch = self.recorder.take()
        if batch is not None:
            assert_consistent(batch)
            self.batches.append(batch)
            if is_released:
                assert self.recorder.release(batch.batch_id)
        return batch


def assert_consistent(batch: ExperienceBatch) -> None:
    """Every row belongs to one segment, and its numbers to the agent and the time that its neighbours say."""
    validate_batch(batch, VectorSizes(2, 1, memory=batch.memory.shape[2]))
    rows = batch.flat_rows()
    assert len(set(rows.tolist())) == len(rows)
    table = batch.segments
    for index in range(len(table)):
        lane, first, length = table.lane[index], table.first_row[index], table.length[index]
        times = batch.final_observations[index, 1] - np.arange(length, 0, -1)
        part = slice(first, first + length)
        assert (batch.observations[part, lane, 0] == table.agent_id[index]).all()
        assert batch.final_observations[index, 0] == table.agent_id[index]
        np.testing.assert_array_equal(batch.observations[part, lane, 1], times)
        np.testing.assert_array_equal(batch.actions[part, lane, 0], times)
        np.testing.assert_array_equal(batch.rewards[part, lane], times + 1)
        np.testing.assert_array_equal(batch.memory[part, lane, :], np.repeat(times[:, None], batch.memory.shape[2], 1))
        assert (batch.initial_memory[index] == times[0]).all()
        assert (batch.final_memory[index] == times[-1] + 1).all()


def test_agents_that_all_stay_fill_neighbouring_lanes_row_by_row() -> None:
    play = Play(40)
    play.has_agents(0, 1, 2, 3, 4, 5, 6, 7)
    play.step(5)
    assert play.recorder.is_full
    batch = play.hand_off()
    assert batch is not None
    assert batch.observations.shape == (5, 8, 2)
    assert batch.segments.lane.tolist() == list(range(8))
    assert batch.segments.length.tolist() == [5] * 8


def test_few_agents_in_many_slots_take_no_more_room_than_they_need() -> None:
    play = Play(40)
    play.has_agents(3)
    play.step(40)
    batch = play.hand_off()
    assert batch is not None
    assert batch.observations.shape == (40, 1, 2)
    assert batch.segments.agent_id.tolist() == [3]


def test_a_batch_reaches_its_steps_when_only_one_of_many_agents_stays() -> None:
    play = Play(80)
    play.has_agents(0, 1, 2, 3, 4, 5, 6, 7)
    play.step()
    play.has_agents(5)
    play.step(80)
    batch = play.hand_off()
    assert batch is not None
    assert batch.step_count >= 80
    assert play.recorder.unrecorded_steps == 0


def test_newcomers_get_room_from_an_agent_that_had_it_all() -> None:
    play = Play(80)
    play.has_agents(2)
    play.step(8)
    play.has_agents(0, 1, 2, 3, 4, 5, 6, 7)
    play.step(9)
    assert play.recorder.is_full
    batch = play.hand_off()
    assert batch is not None
    assert batch.step_count == 80
    assert set(batch.segments.agent_id.tolist()) == set(range(8))
    assert play.recorder.unrecorded_steps == 0


def test_no_lane_holds_more_rows_than_the_horizon_and_then_the_batch_is_full() -> None:
    play = Play(1000, horizon=6)
    play.has_agents(0, 1, 2)
    play.step(5)
    assert not play.recorder.is_full
    play.step()
    assert play.recorder.is_full
    batch = play.hand_off()
    assert batch is not None
    assert batch.segments.length.tolist() == [6, 6, 6]


def test_an_agent_whose_lane_is_full_before_the_others_is_cut_with_what_it_sees_next_and_waits() -> None:
    play = Play(1000, horizon=6)
    play.has_agents(0, 1)
    play.step(3)
    play.has_agents(0)
    play.step(1)
    play.has_agents(0, 1)
    play.step(3)
    assert not play.recorder.is_full
    assert play.recorder.unrecorded_steps == 1
    batch = play.hand_off()
    assert batch is not None
    lengths = dict(zip(batch.segments.agent_id.tolist(), batch.segments.length.tolist(), strict=True))
    assert lengths[0] == 6


def test_without_a_free_buffer_steps_are_counted_and_recording_goes_on_in_the_middle_of_the_episode() -> None:
    play = Play(10)
    play.has_agents(0, 1)
    play.step(5)
    first = play.hand_off(is_released=False)
    assert first is not None
    assert not play.recorder.is_recording
    play.step(4)
    assert play.recorder.unrecorded_steps == 8
    assert play.hand_off() is None
    assert play.recorder.release(first.batch_id)
    play.step(5)
    second = play.hand_off()
    assert second is not None
    assert second.segments.first_step.tolist() == [9, 9]
    assert second.segments.episode.tolist() == first.segments.episode.tolist()
    assert second.statistics.unrecorded_steps == 8


def test_a_batch_in_flight_is_not_written_until_it_is_released() -> None:
    play = Play(10, buffer_count=2)
    play.has_agents(0, 1)
    play.step(5)
    first = play.hand_off(is_released=False)
    assert first is not None
    before = first.observations.copy(), first.final_observations.copy(), first.rewards.copy()
    play.step(5)
    second = play.hand_off(is_released=False)
    play.step(5)
    assert second is not None
    for kept, now in zip(before, (first.observations, first.final_observations, first.rewards), strict=True):
        np.testing.assert_array_equal(kept, now)
    assert play.recorder.in_flight_count == 2
    assert not np.shares_memory(first.observations, second.observations)
    assert play.recorder.release(first.batch_id)
    play.step(5)
    third = play.hand_off()
    assert third is not None
    assert np.shares_memory(first.observations, third.observations)
    assert [batch.batch_id for batch in play.batches] == [1, 2, 3]


def test_releasing_a_batch_that_is_not_in_flight_says_so() -> None:
    play = Play(10)
    assert not play.recorder.release(7)


def test_steps_are_handed_off_as_views_of_the_buffer() -> None:
    play = Play(10)
    play.has_agents(0, 1)
    play.step(5)
    batch = play.hand_off()
    assert batch is not None
    for name in ("observations", "actions", "rewards", "log_probs"):
        assert not getattr(batch, name).flags.owndata
        assert getattr(batch, name).flags.c_contiguous


def test_taking_a_batch_with_open_segments_names_their_agents() -> None:
    play = Play(10)
    play.has_agents(1, 4)
    play.step(5)
    with pytest.raises(CollectionError, match=r"agents \[1, 4\] are open; call cut_all"):
        play.recorder.take()


def test_memory_before_and_after_each_segment_is_handed_off() -> None:
    play = Play(12, memory_size=3)
    play.has_agents(0, 1, 2)
    play.step(4)
    batch = play.hand_off()
    assert batch is not None
    np.testing.assert_array_equal(batch.initial_memory, np.zeros((3, 3)))
    np.testing.assert_array_equal(batch.final_memory, np.full((3, 3), 4.0))


@pytest.mark.parametrize("steps", [MAX_BATCH_STEPS, 10**9])
def test_a_contract_over_the_limits_of_a_batch_is_refused_by_name(steps: int) -> None:
    with pytest.raises(CollectionError, match="lower steps_per_update"):
        Play(steps)


@pytest.mark.parametrize("agent_count", [1, 3])
def test_a_batch_of_many_short_segments_is_full_before_it_is_too_large_to_send(
    monkeypatch: pytest.MonkeyPatch, agent_count: int
) -> None:
    limit = 500_000
    monkeypatch.setattr(buffer_rotation, "MAX_BATCH_BYTES", limit)
    play = Play(40, memory_size=1000)
    play.has_agents(*range(agent_count))
    closed = 0
    while not play.recorder.is_full:
        play.step()
        ids = play.agent_ids
        play.recorder.close_segments(ids, [1] * len(ids), play.seen(ids), final_memory=play.memory(ids))
        closed += len(ids)
    assert 10 < closed < 40
    batch = play.hand_off()
    assert batch is not None
    message = vars(experience_to_message("walker", batch))
    assert sum(value.nbytes for value in message.values() if isinstance(value, np.ndarray)) <= limit
    play.step(14)
    assert play.recorder.is_full == (agent_count == 3)


def test_a_contract_that_leaves_no_room_for_segments_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffer_rotation, "MAX_BATCH_BYTES", 69 * 4 * 1005 + 1000)
    with pytest.raises(CollectionError, match=r"277380 bytes and their segments; .* lower steps_per_update"):
        Play(40, memory_size=1000)


def test_the_statistics_of_a_game_without_a_trainer_stay_small() -> None:
    play = Play(10)
    play.has_agents(0)
    for _ in range(300):
        play.step()
        play.recorder.close_segments(play.agent_ids, [1], play.seen(play.agent_ids))
    batch = play.hand_off()
    assert batch is not None
    assert len(batch.statistics.episode_returns) == 300


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([0, 3, 9]), st.integers(1, 2))
def test_every_step_is_recorded_once_or_counted_whoever_comes_and_goes(
    seed: int, steps_per_hand_off: int, horizon: int, buffer_count: int
) -> None:
    generator = np.random.default_rng(seed)
    play = Play(steps_per_hand_off, horizon=horizon, buffer_count=buffer_count)
    play.has_agents(*generator.choice(MAX_AGENTS, int(generator.integers(1, 9)), replace=False).tolist())
    for _ in range(80):
        if generator.random() < 0.2:
            play.has_agents(*generator.choice(MAX_AGENTS, int(generator.integers(0, 9)), replace=False).tolist())
        play.step()
        if play.recorder.is_full:
            play.hand_off(is_released=False)
        while play.recorder.in_flight_count and generator.random() < 0.3:
            assert play.recorder.release(play.batches[-play.recorder.in_flight_count].batch_id)
    if (last := play.hand_off(is_released=False)) is not None:
        assert last is play.batches[-1]
    recorded = sum(batch.step_count for batch in play.batches)
    counts = play.recorder.counts
    assert recorded + counts.unrecorded_steps + counts.dropped_actions == play.steps_played
    if not horizon:
        assert all(batch.step_count >= steps_per_hand_off for batch in play.batches[:-1])
