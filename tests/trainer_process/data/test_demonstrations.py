from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from protocol.recording import Episode, EpisodeSizes
from tests.contracts.learner_contract import BEHAVIOR, nothing
from tests.trainer_process.shown_episodes import shown_episodes
from trainer_process.data import demonstrations as module
from trainer_process.data.demonstrations import Demonstrations, split_episodes
from trainer_process.data.running_statistics import RunningStatistics

SIZES = EpisodeSizes(observation=2, action=3)
LENGTHS = [3, 1, 4, 2]


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def demonstrations() -> Demonstrations:
    made = Demonstrations(SIZES)
    episodes = shown_episodes(BEHAVIOR, LENGTHS)
    made.add(episodes[:1], nothing)
    made.add(episodes[1:], nothing)
    return made


@pytest.mark.parametrize(
    ("count", "fraction", "expected"),
    [
        (1, 0.9, 0),
        (2, 0.5, 1),
        (2, 0.9, 1),
        (4, 0.1, 0),
        (5, 0.1, 1),
        (10, 0.1, 1),
        (10, 0.25, 3),
        (50, 0.1, 5),
        (3, 0, 0),
    ],
)
def test_so_many_whole_episodes_are_kept_back(count, fraction, expected):
    split = split_episodes(count, fraction, generator())
    assert len(split.validation) == expected
    assert sorted(split.training + split.validation) == list(range(count))
    assert split.training == sorted(split.training)


def test_none_is_kept_back_where_too_few_would_be():
    assert split_episodes(10, 0.2, generator(), min_validation_count=3).validation == []
    assert len(split_episodes(10, 0.3, generator(), min_validation_count=3).validation) == 3


def test_the_generator_draws_which_episodes_are_kept_back():
    first, same, other = (split_episodes(40, 0.5, generator(seed)) for seed in (1, 1, 2))
    assert first == same
    assert first != other


def test_episodes_are_counted_and_loaded_in_the_order_asked_for(demonstrations):
    assert len(demonstrations) == 4
    assert demonstrations.step_counts == LENGTHS
    assert demonstrations.step_count([0, 2]) == 7
    flat = demonstrations.load([2, 0])
    assert flat.lengths.tolist() == [4, 3]
    np.testing.assert_array_equal(flat.observations[4:], demonstrations[0].observations)
    np.testing.assert_array_equal(flat.actions[:4], demonstrations[2].actions)


def test_what_fits_into_the_budget_is_one_part_without_a_draw(demonstrations):
    drawn = generator()
    needed = sum(LENGTHS) * SIZES.bytes_of_step
    assert list(demonstrations.shards([3, 1, 0, 2], needed, drawn)) == [[3, 1, 0, 2]]
    assert drawn.bit_generator.state == generator().bit_generator.state


@pytest.mark.parametrize("budget_steps", [1, 3, 4, 5, 9])
def test_parts_hold_every_episode_once_and_keep_to_the_budget(demonstrations, budget_steps):
    budget = budget_steps * SIZES.bytes_of_step
    parts = list(demonstrations.shards(range(4), budget, generator()))
    assert sorted(index for part in parts for index in part) == [0, 1, 2, 3]
    assert len(parts) > 1
    for part in parts:
        assert len(part) == 1 or demonstrations.step_count(part) <= budget_steps


def test_parts_are_drawn_anew_each_time(demonstrations):
    drawn = generator(5)
    seen = {str(list(demonstrations.shards(range(4), 4 * SIZES.bytes_of_step, drawn))) for _ in range(10)}
    assert len(seen) > 1


def test_statistics_are_of_the_named_episodes_alone(demonstrations):
    statistics = RunningStatistics(2)
    demonstrations.count_observations([0, 3], statistics)
    rows = np.concatenate([demonstrations[index].observations for index in (0, 3)]).astype(np.float64)
    assert statistics.count == 5
    np.testing.assert_allclose(statistics.mean, rows.mean(0))
    np.testing.assert_allclose(statistics.variance, rows.var(0))


def test_episodes_without_modifiers_get_some_that_bind_nothing_beside_others_that_have():
    made = Demonstrations(SIZES)
    made.add(shown_episodes(BEHAVIOR, [2]), nothing)
    assert made.load([0]).action_modifiers.shape == (2, 0)
    made.add(shown_episodes(BEHAVIOR, [3], has_modifiers=True), nothing)
    modifiers = made.load([0, 1]).action_modifiers
    assert modifiers.shape == (5, 3)
    assert not modifiers[:2].any()


class Mapped(Sequence[Episode]):
    """Episodes of a file that counts how often its memory was given back."""

    def __init__(self, episodes: list[Episode]) -> None:
        self._episodes = episodes
        self.releases = 0

    def __len__(self) -> int:
        return len(self._episodes)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self._episodes[index]

    def release_memory(self) -> None:
        self.releases += 1


def test_memory_of_a_mapped_file_is_given_back_after_each_reading():
    mapped = Mapped(shown_episodes(BEHAVIOR, LENGTHS))
    made = Demonstrations(SIZES)
    made.add(mapped, nothing)
    made.load([0, 1])
    made.count_observations([2], RunningStatistics(2))
    assert mapped.releases == 3


def test_memory_of_a_long_file_is_given_back_while_it_is_read(monkeypatch):
    monkeypatch.setattr(module, "READ_BYTES", 4 * SIZES.bytes_of_step)
    mapped = Mapped(shown_episodes(BEHAVIOR, [3, 3, 3, 3, 3]))
    assert len(list(module.read_in_turn(mapped))) == 5
    assert mapped.releases == 3
