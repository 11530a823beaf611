"""Things are collected where an agent reaches them, and come and go."""

from __future__ import annotations

import numpy as np

from protocol.completion import Completion
from tools.bench.worlds.gathering import HALF_SIZE_M, MAX_THINGS, Gathering, Kind

STILL = np.zeros((1, 2))


def _world_of(*things: tuple[tuple[float, float], Kind]) -> Gathering:
    """One agent in the middle, and things at rest."""
    world = Gathering(1, seed=1)
    world.agent_positions[:] = 0.0
    world.velocities[:] = 0.0
    world.is_present[:] = False
    for slot, (position, kind) in enumerate(things):
        world.positions[0, slot] = position
        world.kinds[0, slot] = kind
        world.is_present[0, slot] = True
    return world


def test_food_gives_1_poison_takes_1_and_a_stone_does_nothing() -> None:
    for kind, reward in ((Kind.FOOD, 1.0), (Kind.POISON, -1.0), (Kind.STONE, 0.0)):
        world = _world_of(((0.3, 0.3), kind))
        world.step(STILL)
        assert world.rewards.tolist() == [reward]


def test_what_is_in_reach_is_collected_once_and_what_is_not_stays() -> None:
    world = _world_of(((0.5, 0.0), Kind.FOOD), ((0.0, -0.4), Kind.FOOD), ((0.51, 0.0), Kind.FOOD))
    world.step(STILL)
    assert world.rewards.tolist() == [2.0]
    world.step(STILL)
    assert world.rewards.tolist() == [0.0]


def test_an_agent_moves_by_its_speed_cut_to_1_and_stops_at_the_wall() -> None:
    world = _world_of()
    world.step(np.array([[0.5, -3.0]]))
    np.testing.assert_allclose(world.agent_positions[0], [0.2, -0.4])
    for _ in range(20):
        world.step(np.array([[1.0, 1.0]]))
    assert world.agent_positions[0].tolist() == [HALF_SIZE_M, HALF_SIZE_M]


def test_a_thing_drifts_and_turns_back_at_the_wall() -> None:
    world = _world_of(((2.95, 0.0), Kind.STONE))
    world.velocities[0, 0] = (1.0, 0.5)
    world.step(STILL)
    np.testing.assert_allclose(world.positions[0, 0], [3.05, 0.05])
    assert world.velocities[0, 0].tolist() == [-1.0, 0.5]
    world.step(STILL)
    np.testing.assert_allclose(world.positions[0, 0], [2.95, 0.1])
    assert world.velocities[0, 0].tolist() == [-1.0, 0.5]


def test_how_many_things_there_are_changes_between_none_and_12() -> None:
    world = Gathering(64, seed=3)
    counts = [world.is_present.sum(axis=1)]
    for _ in range(200):
        world.step(np.zeros((64, 2)))
        counts.append(world.is_present.sum(axis=1))
    assert set(counts[0].tolist()) >= {0, 5, 12}
    assert set(np.concatenate(counts).tolist()) == set(range(MAX_THINGS + 1))


def test_a_sensor_reports_every_slot_once_in_another_order_at_each_step() -> None:
    world = Gathering(4, seed=3)
    orders = [world.order.copy()]
    for _ in range(3):
        world.step(np.zeros((4, 2)))
        orders.append(world.order.copy())
    assert all((np.sort(order, axis=1) == np.arange(MAX_THINGS)).all() for order in orders)
    assert not np.array_equal(orders[0], orders[1])


def test_an_episode_is_truncated_after_100_steps() -> None:
    world = Gathering(1)
    completions = []
    for _ in range(100):
        world.step(STILL)
        completions.append(int(world.completions[0]))
    assert completions == [Completion.RUNNING] * 99 + [Completion.TRUNCATION]


def test_the_same_seed_gives_the_same_world() -> None:
    first, second, other = Gathering(3, seed=7), Gathering(3, seed=7), Gathering(3, seed=8)
    for world in (first, second, other):
        for _ in range(30):
            world.step(np.full((3, 2), 0.7))
    assert np.array_equal(first.positions, second.positions)
    assert not np.array_equal(first.positions, other.positions)
