"""Orders that are allowed are carried out, forbidden ones cost the step, and enemies come nearer and strike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from protocol.completion import Completion
from tools.bench.worlds.skirmish import (
    COOLDOWN_STEPS,
    ENEMY_DISTANCE_M,
    MAX_ENEMIES,
    MAX_HEALTH,
    WEAPON_COUNT,
    Order,
    Orders,
    Skirmish,
)


def _orders(**values: Any) -> Orders:
    """What one fighter does: waits, unless it is said otherwise."""
    given = {"order": Order.WAIT, "weapon": 0, "target": 0, "retreat": 0.0, "aim": 0.0, "shield": 0.0, **values}
    return Orders(**{name: np.array([value]) for name, value in given.items()})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Skirmish:
    """One fighter in calm air with an enemy 5 m away in slot 3, weapon 2 alone ready, and nobody else to come."""
    monkeypatch.setattr("tools.bench.worlds.skirmish.ARRIVAL_PROBABILITY", 0.0)
    monkeypatch.setattr("tools.bench.worlds.skirmish.POTION_PROBABILITY", 0.0)
    monkeypatch.setattr("tools.bench.worlds.skirmish.WIND_STEP", 0.0)
    made = Skirmish(1, seed=1)
    made.wind[:] = 0.0
    made.is_present[:] = False
    made.distances_m[:] = 0.0
    made.is_present[0, 3] = True
    made.distances_m[0, 3] = 5.0
    made.cooldowns[0] = 9
    made.cooldowns[0, 2] = 0
    return made


def test_a_ready_weapon_kills_who_is_there_and_cools_down(world: Skirmish) -> None:
    world.step(_orders(order=Order.ATTACK, weapon=2, target=3, aim=0.2))
    assert world.rewards.tolist() == [1.0]
    assert not world.is_present.any()
    assert world.cooldowns[0].tolist() == [8, 8, COOLDOWN_STEPS - 1, *[8] * (WEAPON_COUNT - 3)]


@pytest.mark.parametrize("wrong", [{"weapon": 1}, {"target": 4}, {"aim": 0.31}, {"aim": -0.31}])
def test_a_weapon_that_is_not_ready_a_target_that_is_not_there_or_a_bad_aim_kills_nobody(
    world: Skirmish, wrong: dict[str, Any]
) -> None:
    world.step(_orders(**{"order": Order.ATTACK, "weapon": 2, "target": 3, **wrong}))
    assert world.rewards.tolist() == [0.0]
    assert world.is_present[0, 3]


def test_the_wind_shifts_the_aim(world: Skirmish) -> None:
    world.wind[:] = 0.5
    world.step(_orders(order=Order.ATTACK, weapon=2, target=3, aim=0.5))
    assert world.rewards.tolist() == [1.0]


def test_healing_takes_a_potion_and_stops_at_full_health(world: Skirmish) -> None:
    world.health[:] = 3.5
    world.step(_orders(order=Order.HEAL))
    assert world.health.tolist() == [MAX_HEALTH]
    assert world.potions.tolist() == [0]


def test_orders_are_allowed_by_weapons_enemies_potions_health_and_stamina(world: Skirmish) -> None:
    assert world.allowed_orders().tolist() == [[True, False, True, True]]
    world.health[:] = 1.0
    world.stamina[:] = 0.9
    world.cooldowns[:] = 1
    assert world.allowed_orders().tolist() == [[False, True, False, True]]
    world.potions[:] = 0
    world.cooldowns[:] = 0
    world.is_present[:] = False
    assert world.allowed_orders().tolist() == [[False, False, False, True]]


def test_a_forbidden_heal_wastes_no_potion_and_a_forbidden_retreat_goes_nowhere(world: Skirmish) -> None:
    world.step(_orders(order=Order.HEAL))
    assert world.potions.tolist() == [1]
    world.stamina[:] = 0.5
    world.step(_orders(order=Order.RETREAT, retreat=1.0))
    assert world.distances_m[0, 3] == 3.0
    assert world.stamina.tolist() == [0.5]


def test_a_retreat_gains_up_to_2_metres_for_1_of_stamina(world: Skirmish) -> None:
    world.step(_orders(order=Order.RETREAT, retreat=0.75))
    assert world.distances_m[0, 3] == pytest.approx(5.0 + 1.5 - 1.0)
    assert world.stamina.tolist() == [4.0]


def test_an_enemy_who_arrives_strikes_for_1_and_is_gone(world: Skirmish) -> None:
    world.distances_m[0, 3] = 1.0
    world.step(_orders())
    assert world.health.tolist() == [MAX_HEALTH - 1.0]
    assert not world.is_present.any()


def test_a_shield_keeps_part_of_a_strike_off_and_takes_as_much_stamina(world: Skirmish) -> None:
    world.distances_m[0, 3] = 1.0
    world.step(_orders(order=Order.RETREAT, shield=0.25))
    assert world.health.tolist() == [MAX_HEALTH - 0.75]
    assert world.stamina.tolist() == [5.0 - 1.0 - 0.25]


def test_a_shield_is_no_stronger_than_the_stamina_left(world: Skirmish) -> None:
    world.distances_m[0, 3] = 1.0
    world.stamina[:] = 0.5
    world.step(_orders(order=Order.ATTACK, shield=1.0))
    assert world.health.tolist() == [MAX_HEALTH - 0.5]
    assert world.stamina.tolist() == [0.0]


def test_who_has_no_health_left_is_out_and_a_long_fight_is_truncated(world: Skirmish) -> None:
    world.episode_steps[:] = 119
    world.step(_orders())
    assert world.completions.tolist() == [Completion.TRUNCATION]
    world.health[:] = 1.0
    world.distances_m[0, 3] = 1.0
    world.step(_orders())
    assert world.completions.tolist() == [Completion.TERMINATION]


def test_enemies_arrive_far_away_in_free_slots_until_all_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.bench.worlds.skirmish.ARRIVAL_PROBABILITY", 1.0)
    monkeypatch.setattr("tools.bench.worlds.skirmish.ENEMY_STEP_M", 0.0)
    world = Skirmish(1, seed=2)
    for count in range(2, MAX_ENEMIES + 3):
        world.step(_orders())
        assert world.is_present.sum() == min(count, MAX_ENEMIES)
    assert (world.distances_m == ENEMY_DISTANCE_M).all()
