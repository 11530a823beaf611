"""What the recorder hands off is what the agents lived through, whatever happens in between."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.completion import Completion
from protocol.experience import ExperienceBatch, VectorSizes
from protocol.experience_wire import validate_batch
from tests.host_sdk.recorded_world import RecordedWorld, Tick, segments_of
from tests.host_sdk.reference_recorder import Batch

MAX_AGENTS = 4
EVENTS = ("rewards", "completions", "bad_rewards", "bad_finals", "removed", "added", "reset", "bad_observations")
EVENTS += ("by_hand", "noise", "version")


def random_tick(generator: np.random.Generator, events: frozenset[str]) -> Tick:
    """A tick in which each of the events happens now and then."""

    def happens(event: str, probability: float) -> bool:
        return event in events and generator.random() < probability

    def some(event: str, probability: float) -> frozenset[int]:
        size = generator.integers(1, 3) if happens(event, probability) else 0
        return frozenset(generator.integers(0, MAX_AGENTS, size).tolist())

    return Tick(
        rewards=not happens("rewards", 0.05),
        completions={agent: Completion(int(generator.integers(1, 3))) for agent in some("completions", 0.15)},
        bad_rewards=some("bad_rewards", 0.05),
        bad_finals=some("bad_finals", 0.2),
        releases=bool(generator.random() < 0.2),
        removed=some("removed", 0.05),
        added=some("added", 0.1),
        reset=some("reset", 0.05),
        bad_observations=some("bad_observations", 0.05),
        by_hand=some("by_hand", 0.1),
        noise_scale=0.5 if happens("noise", 0.1) else 1.0,
        new_version=happens("version", 0.1),
    )


def assert_alike(batches: list[tuple[ExperienceBatch, Batch]]) -> None:
    """Both recorders made the same of it; episode numbers may differ, but mean the same episodes."""
    names: dict[int, int] = {}
    for batch, expected in batches:
        validate_batch(batch, VectorSizes(3, 2))
        segments = segments_of(batch)
        wanted = sorted(expected.segments, key=lambda part: (part.agent, part.episode, part.first_step))
        assert len(segments) == len(wanted)
        for segment, other in zip(segments, wanted, strict=True):
            assert names.setdefault(segment.episode, other.episode) == other.episode
            segment.episode = other.episode
            assert segment == other
        statistics = batch.statistics
        counts = (statistics.unrecorded_steps, statistics.dropped_actions, statistics.non_finite_steps)
        assert counts == (expected.unrecorded_steps, expected.dropped_actions, expected.non_finite_steps)
        ended = zip(statistics.episode_returns.tolist(), statistics.episode_lengths.tolist(), strict=True)
        assert sorted(ended) == sorted(expected.episodes)
    assert len(set(names.values())) == len(names)


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 120),
    st.frozensets(st.sampled_from(EVENTS)),
    st.sampled_from([0, 7]),
    st.integers(1, 3),
)
def test_any_history_is_recorded_as_the_reference_records_it(
    seed: int, length: int, events: frozenset[str], max_episode_step_count: int, buffer_count: int
) -> None:
    generator = np.random.default_rng(seed)
    world = RecordedWorld(MAX_AGENTS, 64, max_episode_step_count=max_episode_step_count, buffer_count=buffer_count)
    world.play(Tick(added=frozenset({0, 2})))
    for _ in range(length):
        world.play(random_tick(generator, events))
    world.finish()
    assert_alike(world.batches)
