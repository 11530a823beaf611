from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import decode, encode
from protocol.errors import RemoteProtocolError
from protocol.experience import SEGMENT_COLUMNS, ExperienceBatch, SegmentTable, VectorSizes
from protocol.experience_wire import experience_from_message, experience_to_message, validate_batch
from tests.protocol.message_strategy import assert_same
from tools.golden import EXAMPLES

SIZES = VectorSizes(observation=2, action=1, modifier=2, image=3, memory=1)


def example_batch() -> ExperienceBatch:
    """T=3, N=2, O=2, I=3, A=1, M=0, H=1; segment 0 fills lane 0, segment 1 rows 1 and 2 of lane 1."""
    batch = experience_from_message(decode(encode(EXAMPLES["experience"], 1, 1)).message)
    return dataclasses.replace(batch, observations=batch.observations.copy(), rewards=batch.rewards.copy())


def with_segments(**columns: list[int]) -> ExperienceBatch:
    batch = example_batch()
    rows = batch.segments.rows.copy()
    for name, values in columns.items():
        rows[:, SEGMENT_COLUMNS.index(name)] = values
    return dataclasses.replace(batch, segments=SegmentTable(rows))


def with_runs(*runs: tuple[int, int, int]) -> ExperienceBatch:
    return dataclasses.replace(example_batch(), version_runs=np.array(runs, np.int64).reshape(-1, 3))


def test_a_batch_survives_the_message() -> None:
    for name in ("experience", "experience_modified"):
        message = EXAMPLES[name]
        assert_same(experience_to_message("soldier", experience_from_message(message)), message)


def test_the_example_is_right() -> None:
    validate_batch(example_batch(), SIZES)


def test_an_empty_batch_is_right() -> None:
    batch = example_batch()
    empty = dataclasses.replace(
        batch,
        segments=SegmentTable(batch.segments.rows[:0]),
        initial_memory=batch.initial_memory[:0],
        final_observations=batch.final_observations[:0],
        final_images=batch.final_images[:0],
        final_memory=batch.final_memory[:0],
        version_runs=batch.version_runs[:0],
    )
    validate_batch(empty, SIZES)


@pytest.mark.parametrize(
    ("size", "name", "expected"),
    [
        ("observation", "observations", "3 numbers"),
        ("action", "actions", "2 numbers"),
        ("image", "images", "4 bytes"),
        ("memory", "memory", "2 numbers"),
    ],
)
def test_sizes_are_held_against_the_behavior(size: str, name: str, expected: str) -> None:
    sizes = dataclasses.replace(SIZES, **{size: getattr(SIZES, size) + 1})
    with pytest.raises(RemoteProtocolError, match=rf"Experience\.{name}: expected {expected} in a row, got"):
        validate_batch(example_batch(), sizes)


@pytest.mark.parametrize("name", ["images", "final_images", "memory", "initial_memory", "final_memory"])
def test_what_the_behavior_has_must_be_there_whole(name: str) -> None:
    batch = example_batch()
    without = dataclasses.replace(batch, **{name: getattr(batch, name)[..., :0]})
    with pytest.raises(RemoteProtocolError, match=rf"Experience\.{name}: expected . \w+ in a row, got 0"):
        validate_batch(without, SIZES)


@pytest.mark.parametrize("name", ["images", "final_images", "memory", "initial_memory", "final_memory"])
def test_what_the_behavior_has_not_must_not_be_there(name: str) -> None:
    batch, sizes = bound_batch(), dataclasses.replace(SIZES, image=0, memory=0)
    validate_batch(batch, sizes)
    superfluous = dataclasses.replace(batch, **{name: getattr(example_batch(), name)})
    with pytest.raises(RemoteProtocolError, match=rf"Experience\.{name}: expected 0 \w+ in a row, got [13]"):
        validate_batch(superfluous, sizes)


def bound_batch() -> ExperienceBatch:
    """The example without images and memory, M=2: a number, and the flag that says whether it is given."""
    batch = experience_from_message(EXAMPLES["experience_modified"])
    modifiers = batch.action_modifiers.copy()
    modifiers[..., 1] %= 2
    return dataclasses.replace(batch, action_modifiers=np.floor(modifiers))


@pytest.mark.parametrize("flag", [0.5, -1.0, 2.0])
def test_a_flag_of_a_modifier_that_is_neither_0_nor_1_is_named(flag: float) -> None:
    batch, sizes = bound_batch(), dataclasses.replace(SIZES, image=0, memory=0)
    batch.action_modifiers[0, 1, 1] = flag  # in no segment
    batch.action_modifiers[2, 0, 0] = flag  # a number
    validate_batch(batch, sizes)
    batch.action_modifiers[2, 1, 1] = flag
    with pytest.raises(
        RemoteProtocolError, match=rf"flags that are 0 or 1, got {flag} in segment 1 \(agent 1\), step 1, element 1"
    ):
        validate_batch(batch, sizes)


def test_action_modifiers_are_there_whole_or_not_at_all() -> None:
    batch, sizes = bound_batch(), dataclasses.replace(SIZES, image=0, memory=0)
    validate_batch(batch, sizes)
    validate_batch(dataclasses.replace(batch, action_modifiers=batch.action_modifiers[..., :0]), sizes)
    with pytest.raises(
        RemoteProtocolError, match=r"Experience\.action_modifiers: expected 3 numbers in a row, or no such array, got 2"
    ):
        validate_batch(batch, dataclasses.replace(sizes, modifier=3))


@pytest.mark.parametrize("name", ["memory", "initial_memory", "final_memory"])
def test_memory_that_is_not_finite_is_named(name: str) -> None:
    batch = example_batch()
    values = getattr(batch, name).copy()
    values[-1, -1] = np.nan
    with pytest.raises(
        RemoteProtocolError, match=rf"Experience\.{name}: expected finite numbers, got nan in segment 1"
    ):
        validate_batch(dataclasses.replace(batch, **{name: values}), SIZES)


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"lane": [0, 2]}, r"segments.lane\[1\]: expected 0 to 1, got 2"),
        ({"lane": [-1, 1]}, r"segments.lane\[0\]: expected 0 to 1, got -1"),
        ({"first_row": [0, 3]}, r"segments.first_row\[1\]: expected 0 to 2, got 3"),
        ({"first_row": [-1, 1]}, r"segments.first_row\[0\]"),
        ({"length": [4, 2]}, r"segments.length\[0\]: expected 1 to the rows left in the lane, got 4"),
        ({"length": [3, 0]}, r"segments.length\[1\]"),
        ({"length": [3, -(2**31)]}, r"segments.length\[1\]"),
        ({"length": [2**31 - 1, 2]}, r"segments.length\[0\]"),
        ({"agent_id": [0, -1]}, r"segments.agent_id\[1\]"),
        ({"episode": [-5, 0]}, r"segments.episode\[0\]"),
        ({"first_step": [0, -1]}, r"segments.first_step\[1\]"),
        ({"completion": [3, 0]}, r"segments.completion\[0\]: expected 0, 1 or 2, got 3"),
        ({"is_on_policy": [1, 2]}, r"segments.is_on_policy\[1\]: expected 0 or 1, got 2"),
        ({"lane": [0, 0]}, r"each row in one segment at most, got row 1 of lane 0 in segments 0 and 1"),
    ],
)
def test_a_segment_that_points_outside_is_refused(columns: dict[str, list[int]], complaint: str) -> None:
    with pytest.raises(RemoteProtocolError, match=complaint):
        validate_batch(with_segments(**columns), SIZES)


def test_segments_that_touch_without_overlap_are_right() -> None:
    batch = with_segments(lane=[0, 0], first_row=[2, 0], length=[1, 2])
    validate_batch(dataclasses.replace(batch, version_runs=np.array([[0, 0, 1], [1, 0, 1]])), SIZES)


@pytest.mark.parametrize(
    ("runs", "complaint"),
    [
        ([(0, 0, 6)], "one at step 0 of each of the 2 segments"),
        ([], "one at step 0 of each of the 2 segments"),
        ([(1, 0, 6), (0, 0, 6)], "sorted by segment"),
        ([(0, 0, 6), (1, 1, 6)], "one at step 0"),
        ([(0, 1, 6), (1, 0, 6)], "one at step 0"),
        ([(0, 0, 6), (0, 2, 7), (0, 1, 8), (1, 0, 6)], "sorted by segment"),
        ([(0, 0, 6), (0, 0, 7), (1, 0, 6)], "sorted by segment"),
        ([(0, 0, 6), (1, 0, 6), (2, 0, 6)], r"version_runs\[2\]: expected an existing segment, got 2"),
        ([(-1, 0, 6), (0, 0, 6), (1, 0, 6)], r"version_runs\[0\]: expected an existing segment, got -1"),
        ([(0, 0, 6), (0, 3, 6), (1, 0, 6)], r"version_runs\[1\]: expected a first step within its segment, got 3"),
        ([(0, 0, 6), (1, 0, -1)], r"version_runs\[1\]: expected a version of at least 0, got -1"),
    ],
)
def test_version_runs_that_do_not_cover_the_segments_are_refused(
    runs: list[tuple[int, int, int]], complaint: str
) -> None:
    with pytest.raises(RemoteProtocolError, match=complaint):
        validate_batch(with_runs(*runs), SIZES)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_number_in_use_that_is_not_finite_is_named(bad: float) -> None:
    batch = example_batch()
    batch.observations[2, 1, 1] = bad
    with pytest.raises(
        RemoteProtocolError, match=rf"observations: .* got {bad} in segment 1 \(agent 1\), step 1, element 1"
    ):
        validate_batch(batch, SIZES)
    batch = example_batch()
    batch.rewards[1, 0] = bad
    with pytest.raises(RemoteProtocolError, match=rf"rewards: .* got {bad} in segment 0 \(agent 0\), step 1"):
        validate_batch(batch, SIZES)


def test_a_row_that_no_segment_names_may_hold_anything() -> None:
    batch = example_batch()
    batch.observations[0, 1] = np.nan
    batch.rewards[0, 1] = np.inf
    validate_batch(batch, SIZES)


def test_a_bootstrap_that_is_not_finite_is_named() -> None:
    final = np.array([[0, 0], [np.nan, 0]], np.float32)
    with pytest.raises(RemoteProtocolError, match=r"final_observations: .* segment 1 \(agent 1\), element 0"):
        validate_batch(dataclasses.replace(example_batch(), final_observations=final), SIZES)


@pytest.mark.parametrize("change", [{"episode_returns": np.array([np.nan])}, {"episode_lengths": np.array([-1], "i4")}])
def test_statistics_must_be_possible(change: dict[str, np.ndarray]) -> None:
    batch = example_batch()
    with pytest.raises(RemoteProtocolError, match="episode_lengths and episode_returns"):
        validate_batch(dataclasses.replace(batch, statistics=dataclasses.replace(batch.statistics, **change)), SIZES)


@given(st.data())
def test_arbitrary_tables_are_refused_or_safe_to_index(data: st.DataObject) -> None:
    info = np.iinfo(np.int64)
    numbers = st.integers(-1, 4) | st.sampled_from([info.min, info.max])
    batch = example_batch()
    segments = SegmentTable(np.array([[data.draw(numbers) for _ in SEGMENT_COLUMNS] for _ in range(2)], np.int64))
    runs = np.array(data.draw(st.lists(st.tuples(*[st.integers(-1, 3)] * 3), max_size=4)), np.int64).reshape(-1, 3)
    batch = dataclasses.replace(batch, segments=segments, version_runs=runs)
    try:
        validate_batch(batch, SIZES)
    except RemoteProtocolError:
        return
    rows = batch.flat_rows()
    assert len(set(rows)) == batch.step_count == len(batch.policy_versions())
    assert rows.min() >= 0
    assert rows.max() < batch.rewards.size
