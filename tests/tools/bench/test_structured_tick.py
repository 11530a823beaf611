"""The game whose ticks of structured observations are measured."""

from __future__ import annotations

import numpy as np

from tools.bench.structured_tick import PARTS, SET_SIZE, StructuredGame, rows
from tools.bench.table import meets_target


def test_agents_see_eight_elements_and_sets_from_none_to_sixteen() -> None:
    game = StructuredGame(64)
    game.interactor.gather_observations()
    sizes = {len(game.interactor.get_observation_vector(agent)[0]) for agent in range(64)}
    assert sizes == {3 + 3 + 2 + 3 + 1 + 1 + 4 + 5 + SET_SIZE * (3 + 3 + 4 + 1)}
    counts = {int(game.interactor.get_observation_vector(agent)[0][-SET_SIZE:].sum()) for agent in range(64)}
    assert min(counts) <= 1
    assert max(counts) >= 15


def test_things_seen_from_a_transform_are_moved_and_turned_and_everything_else_is_not() -> None:
    level, turned = StructuredGame(1), StructuredGame(1, is_relative=True)
    for game in (level, turned):
        game.interactor.gather_observations()
    here, there = (game.interactor.get_observation_vector(0)[0] for game in (level, turned))
    assert np.array_equal(here[:22], there[:22])
    things, seen = (vector[22:-SET_SIZE].reshape(SET_SIZE, -1) for vector in (here, there))
    # a velocity is turned and keeps its length
    np.testing.assert_allclose(
        np.linalg.norm(things[:, 3:6], axis=1), np.linalg.norm(seen[:, 3:6], axis=1), rtol=1e-5, atol=1e-7
    )
    assert np.array_equal(things[:, 6:], seen[:, 6:])
    assert not np.allclose(things[:, :3], seen[:, :3])


def test_a_tick_is_measured_in_parts_and_promised_as_a_whole() -> None:
    game = StructuredGame(4)
    assert all(part > 0.0 for _ in range(3) for part in game.tick())
    made = rows(1)
    assert len(made) == 1 + len(PARTS) + 1
    assert [meets_target(row) is None for row in made] == [False, True, True, True, True]
