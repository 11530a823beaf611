"""Memory and images reach a batch as they were when each action was decided, and when each segment ended."""

from __future__ import annotations

import dataclasses
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_sdk.collection.lane_buffer import touched_floats
from host_sdk.errors import CollectionError
from host_sdk.policy import Policy
from host_sdk.policy_recording import PolicyRecording
from protocol.codec import decode, encode
from protocol.collection_contract import CollectionContract
from protocol.completion import Completion
from protocol.experience import STEP_FIELDS, ExperienceBatch, VectorSizes
from protocol.experience_wire import experience_from_message, experience_to_message, validate_batch
from protocol.messages import Experience
from protocol.policy_settings import MEMORY_CELLS, PolicySettings
from protocol.shared_memory import ArenaCarrier
from tests.host_sdk.seeing_game import IMAGE_SIZE, SETTINGS, SeeingGame, SeeingInteractor, modifier, picture
from tests.host_sdk.small_game import make_manager


def assert_as_lived(game: SeeingGame, batch: ExperienceBatch) -> int:
    """Every step and every end of a segment holds what the replay says; how many steps there are."""
    size = game.policy.get_memory_state_size()
    validate_batch(batch, VectorSizes(2, 5, modifier=7, image=IMAGE_SIZE, memory=size))
    table = batch.segments
    for index in range(len(table)):
        agent, lane = int(table.agent_id[index]), int(table.lane[index])
        rows = range(int(table.first_row[index]), int(table.first_row[index] + table.length[index]))
        assert (batch.observations[rows, lane, 0] * 10 == agent).all()
        times = np.rint(batch.observations[rows, lane, 1] * 10).astype(int).tolist()
        assert times == list(range(times[0], times[0] + len(times)))
        np.testing.assert_array_equal(batch.images[rows, lane], picture([agent], np.array(times)))
        if batch.action_modifiers.shape[2]:
            modifiers = batch.action_modifiers[rows, lane]
            np.testing.assert_array_equal(modifiers, modifier([agent], np.array(times)))
            np.testing.assert_array_equal(batch.actions[rows, lane, 1], modifiers[:, 1])
            assert not (batch.actions[rows, lane, 2:] * modifiers[:, 4:]).any()
        before = [game.remembered[agent, time][0] for time in times]
        np.testing.assert_allclose(batch.memory[rows, lane], before, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(batch.initial_memory[index], batch.memory[rows[0], lane])
        after = game.remembered[agent, times[-1]][1]
        np.testing.assert_allclose(batch.final_memory[index], after, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(batch.final_observations[index], [agent / 10, (times[-1] + 1) / 10], rtol=1e-6)
        np.testing.assert_array_equal(batch.final_images[index], picture([agent], times[-1] + 1)[0])
    return batch.step_count


@pytest.mark.parametrize("cell", [cell for cell in MEMORY_CELLS if cell != "none"])
@pytest.mark.parametrize("agents", [(0, 1, 2), (0, 2, 5)])
def test_memory_before_each_evaluation_is_what_a_replay_by_hand_gives(cell: str, agents: tuple[int, ...]) -> None:
    game = SeeingGame(agents, settings=dataclasses.replace(SETTINGS, memory_cell=cell))
    for _ in range(6):
        game.tick()
    batch = game.hand_off()
    assert batch is not None
    # The last action waits for its reward: what was seen and remembered at it is the bootstrap.
    assert assert_as_lived(game, batch) == 5 * len(agents)
    assert not batch.initial_memory.any()
    assert batch.final_memory.any(axis=1).all()


def test_the_end_of_an_episode_has_the_memory_after_its_last_evaluation_and_the_next_one_begins_with_zeros() -> None:
    game = SeeingGame((0, 1, 2))
    for completions in ({}, {}, {1: Completion.TERMINATION}, {0: Completion.TRUNCATION}, {}, {}):
        game.tick(completions)
    batch = game.hand_off()
    assert batch is not None
    assert_as_lived(game, batch)
    table = batch.segments
    ended, begun = table.completion != Completion.RUNNING, table.first_step == 0
    assert sorted(table.agent_id[ended].tolist()) == [0, 1]
    assert batch.final_memory[ended].any(axis=1).all()
    assert not batch.initial_memory[begun].any()
    assert begun.sum() == 5


def test_a_record_that_is_cut_by_its_length_goes_on_remembering() -> None:
    game = SeeingGame((0, 1), max_episode_step_count=3)
    for _ in range(8):
        game.tick()
    batch = game.hand_off()
    assert batch is not None
    assert_as_lived(game, batch)
    later = batch.segments.first_row > 0
    assert (batch.segments.first_step == 0).all()
    assert batch.initial_memory[later].any(axis=1).all()
    assert not batch.initial_memory[~later].any()


def test_a_hand_off_in_the_middle_of_an_episode_carries_memory_on() -> None:
    game = SeeingGame((0, 1), steps_per_hand_off=6)
    for _ in range(9):
        game.tick()
    first, second = game.batches
    for batch in (first, second):
        assert_as_lived(game, batch)
    np.testing.assert_array_equal(second.initial_memory, first.final_memory)
    np.testing.assert_array_equal(second.segments.first_step, [3, 3])


def test_an_agent_at_its_horizon_is_cut_with_what_it_remembers() -> None:
    game = SeeingGame((0, 1), steps_per_hand_off=1000, horizon=4)
    for tick in range(5):
        game.tick(removed=[1] if tick == 2 else ())
    (batch,) = game.batches
    assert_as_lived(game, batch)
    assert batch.segments.length.max() == 4


def test_new_weights_in_the_middle_of_an_episode_leave_memory_as_it_is() -> None:
    game = SeeingGame((0, 1))
    for tick in range(6):
        game.tick(new_version=tick == 3)
    batch = game.hand_off()
    assert batch is not None
    assert_as_lived(game, batch)
    assert batch.version_runs[:, 1:].tolist() == [[0, 0], [3, 1], [0, 0], [3, 1]]


def test_an_observation_that_is_not_finite_is_cut_out_with_its_image_and_memory() -> None:
    game = SeeingGame((0, 1))
    for tick in range(7):
        game.interactor.poisoned = {1} if tick == 3 else set()
        game.tick()
    batch = game.hand_off()
    assert batch is not None
    assert assert_as_lived(game, batch) == 6 + 4
    assert batch.segments.first_step.tolist() == [0, 0, 4]
    assert batch.initial_memory[2].any()


@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0, 5]),
    st.sampled_from([0, 4]),
    st.sampled_from(["gru", "lstm"]),
    st.booleans(),
)
def test_whoever_comes_goes_and_begins_anew_memory_images_and_modifiers_are_theirs(
    seed: int, horizon: int, max_episode_step_count: int, cell: str, is_bound: bool
) -> None:
    generator = np.random.default_rng(seed)
    game = SeeingGame(
        generator.choice(6, 4, replace=False).tolist(),
        steps_per_hand_off=20,
        horizon=horizon,
        max_episode_step_count=max_episode_step_count,
        settings=dataclasses.replace(SETTINGS, memory_cell=cell),
        is_bound=is_bound,
    )

    def some(probability: float) -> list[int]:
        return generator.integers(0, 6, 2).tolist() if generator.random() < probability else []

    for _ in range(30):
        game.tick(
            {agent: int(generator.integers(1, 3)) for agent in some(0.3)},
            reset=set(some(0.1)),
            removed=set(some(0.15)),
            added=int(generator.integers(0, 2)),
            new_version=bool(generator.random() < 0.1),
        )
    game.hand_off()
    assert game.batches
    assert sum(assert_as_lived(game, batch) for batch in game.batches) > 0


def test_what_bound_an_action_is_recorded_beside_it() -> None:
    game = SeeingGame((0, 2, 3), is_bound=True)
    for _ in range(6):
        game.tick()
    batch = game.hand_off()
    assert batch is not None
    assert batch.action_modifiers.shape == (5, 3, 7)
    assert assert_as_lived(game, batch) == 15


@pytest.mark.parametrize("shares_memory", [False, True])
def test_images_and_memory_come_to_the_trainer_bit_for_bit(shares_memory: bool) -> None:
    own, peer = ArenaCarrier(), ArenaCarrier()
    try:
        game = SeeingGame((0, 1, 2), allocate=own.make_arena if shares_memory else touched_floats)
        for completions in ({}, {}, {1: Completion.TRUNCATION}, {}):
            game.tick(completions)
        batch = game.recording.take()
        assert batch is not None
        frames = encode(experience_to_message("seer", batch), 1, 1, own)
        received = experience_from_message(cast(Experience, decode(frames, peer).message))
        for name in ("images", "final_images", "memory", "initial_memory", "final_memory", "observations"):
            assert getattr(received, name).tobytes() == getattr(batch, name).tobytes(), name
        assert_as_lived(game, received)
        for name in ("images", "final_images", "memory", "final_memory"):
            assert (own.own_reference(getattr(batch, name)) is not None) == shares_memory, name
            assert (peer.origin(getattr(received, name)) is not None) == shares_memory, name
    finally:
        own.close()
        peer.close()


def test_a_game_without_pictures_and_memory_hands_off_neither() -> None:
    manager = make_manager(2)
    interactor = SeeingInteractor.make_interactor(manager, is_blind=True)
    policy = Policy.make_policy(manager, interactor, PolicySettings(hidden_sizes=(4,)))
    recording = PolicyRecording(policy, CollectionContract(10, 0, 1, STEP_FIELDS, False))
    policy.after_inference = recording.begin_step
    policy.run_inference()
    recording.end_step(manager.agent_ids, np.zeros(2, np.float32), np.zeros(2, np.uint8))
    batch = recording.take()
    assert batch is not None
    assert (batch.images.shape, batch.final_images.shape) == ((1, 2, 0), (2, 0))
    assert (batch.memory.shape, batch.initial_memory.shape, batch.final_memory.shape) == ((1, 2, 0), (2, 0), (2, 0))
    validate_batch(batch, VectorSizes(2, 5))


def test_a_recorder_that_is_not_given_what_it_hands_off_names_it() -> None:
    game = SeeingGame((0, 1))
    buffer, recorder = game.interactor.buffer, game.recording.recorder
    vectors = (buffer.observation_vectors, buffer.action_vectors, game.policy.log_probs)
    with pytest.raises(CollectionError, match="begin_step: expected images and memory, which this recorder hands off"):
        recorder.begin_step(game.manager.agent_ids, *vectors, policy_version=0)
    game.tick()
    with pytest.raises(CollectionError, match="close_segments: expected memory, which"):
        recorder.cut_all(np.zeros((2, 2), np.float32), final_images=np.zeros((2, IMAGE_SIZE), np.uint8))
