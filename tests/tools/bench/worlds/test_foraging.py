"""Plus signs are eaten for a gain and crosses for a loss, on a torus that an agent sees from its own cell."""

from __future__ import annotations

import numpy as np
import pytest

from protocol.completion import Completion
from tools.bench.worlds.foraging import CROSS, MIDDLE, PLUS, REACH, SIZE, THING_COUNT, Foraging

STAY, UP, RIGHT, DOWN, LEFT = range(5)


def _world_of(*things: tuple[int, int, int], agent: tuple[int, int] = (10, 10)) -> Foraging:
    """One agent, the things asked for (row, column, shape), and all others far away, as crosses."""
    world = Foraging(1, seed=1)
    world.agents[0] = agent
    world.things[0] = (np.array(agent) + MIDDLE) % SIZE
    world.shapes[0] = CROSS
    for slot, (row, column, shape) in enumerate(things):
        world.things[0, slot] = row, column
        world.shapes[0, slot] = shape
    return world


@pytest.mark.parametrize(
    ("move", "place"), [(STAY, (10, 10)), (UP, (9, 10)), (RIGHT, (10, 11)), (DOWN, (11, 10)), (LEFT, (10, 9))]
)
def test_a_move_goes_one_cell_in_its_direction(move: int, place: tuple[int, int]) -> None:
    world = _world_of()
    world.step(np.array([move]))
    assert tuple(world.agents[0].tolist()) == place


def test_a_plus_is_eaten_for_1_and_a_cross_for_a_loss_of_1_from_a_neighbouring_cell() -> None:
    for shape, reward in ((PLUS, 1.0), (CROSS, -1.0)):
        world = _world_of((11, 13, shape))
        world.step(np.array([RIGHT]))
        assert world.rewards.tolist() == [0.0]
        world.step(np.array([RIGHT]))
        assert world.rewards.tolist() == [reward]


def test_what_was_eaten_comes_back_out_of_reach() -> None:
    world = _world_of((10, 10, PLUS), (9, 9, PLUS), (11, 11, CROSS))
    world.step(np.array([STAY]))
    assert world.rewards.tolist() == [1.0]
    assert world.things.shape == (1, THING_COUNT, 2)
    assert (np.abs(world.offsets()).max(axis=2) > REACH + 1).all()


def test_the_grid_has_no_edge() -> None:
    world = _world_of((31, 0, PLUS), agent=(0, 0))
    assert world.offsets()[0, 0].tolist() == [-1, 0]
    world.step(np.array([UP]))
    assert world.agents[0].tolist() == [31, 0]
    assert world.rewards.tolist() == [1.0]


def test_a_view_shows_both_shapes_about_the_agents_own_cell() -> None:
    view = _world_of((10, 14, PLUS), (7, 10, CROSS)).views(np.array([0]))[0, :, :, 0]
    assert view[15:18, 19:22].tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert view[12:15, 15:18].tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    # the others lie on each other half the torus away
    assert view.sum() == 15


def test_a_view_goes_on_over_the_edge_of_the_grid() -> None:
    view = _world_of((30, 1, PLUS), agent=(1, 30)).views(np.array([0]))[0, :, :, 0]
    assert view[12:15, 18:21].tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]


def test_an_episode_is_truncated_after_100_steps() -> None:
    world = _world_of()
    world.episode_steps[0] = 98
    completions = []
    for _ in range(2):
        world.step(np.array([STAY]))
        completions.append(int(world.completions[0]))
    assert completions == [Completion.RUNNING, Completion.TRUNCATION]


def test_the_same_seed_gives_the_same_world() -> None:
    first, second, other = Foraging(3, seed=7), Foraging(3, seed=7), Foraging(3, seed=8)
    for world in (first, second, other):
        for step in range(40):
            world.step(np.full(3, 1 + step % 4))
    agents = np.arange(3)
    assert np.array_equal(first.views(agents), second.views(agents))
    assert not np.array_equal(first.views(agents), other.views(agents))
